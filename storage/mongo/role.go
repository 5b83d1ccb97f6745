package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// roleDoc is a [storage.Role] as it lies in the collection roles: field for
// field the same, so that each converts into the other.
type roleDoc struct {
	Name           string    `bson:"_id"`
	Description    string    `bson:"description"`
	Scopes         []string  `bson:"scopes,omitempty"`
	Rank           int64     `bson:"rank"`
	BuiltIn        bool      `bson:"built_in"`
	Authentication string    `bson:"authentication,omitempty"`
	Replaces       string    `bson:"replaces,omitempty"`
	Deleting       bool      `bson:"deleting,omitempty"`
	Version        int64     `bson:"version"`
	CreatedAt      time.Time `bson:"created_at"`
	UpdatedAt      time.Time `bson:"updated_at"`
}

func newRoleDoc(r storage.Role, version int64) roleDoc {
	r.Version, r.Scopes = version, nilIfEmpty(r.Scopes)
	r.CreatedAt, r.UpdatedAt = storage.Time(r.CreatedAt), storage.Time(r.UpdatedAt)
	return roleDoc(r)
}

func (d roleDoc) record() storage.Role { return storage.Role(d) }

// CreateRole implements [storage.Roles] by one insert.
func (s *Store) CreateRole(ctx context.Context, r storage.Role) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.insertUnique(ctx, roles, "name", newRoleDoc(r, 1))
}

// Role implements [storage.Roles].
func (s *Store) Role(ctx context.Context, name string) (storage.Role, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[roleDoc](ctx, s, roles, byID(name))
	return doc.record(), err
}

// UpdateRole implements [storage.Roles] by one replacement that is conditional
// on the version.
func (s *Store) UpdateRole(ctx context.Context, r storage.Role) (storage.Role, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newRoleDoc(r, r.Version+1)
	if err := s.replaceVersion(ctx, roles, r.Name, r.Version, doc); err != nil {
		return storage.Role{}, err
	}
	return doc.record(), nil
}

// DeleteRole implements [storage.Roles] by one delete.
func (s *Store) DeleteRole(ctx context.Context, name string, version int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.deleteVersion(ctx, roles, name, version)
}

// ListRoles implements [storage.Roles].
func (s *Store) ListRoles(ctx context.Context) ([]storage.Role, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[roleDoc](ctx, s, listing{collection: roles, filter: bson.D{}, order: byRisingID})
	return convert(docs, roleDoc.record), err
}
