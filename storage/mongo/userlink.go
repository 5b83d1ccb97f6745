package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

var _ storage.UserLinks = (*Store)(nil)

// userLinkDoc is a [storage.UserLink] as it lies in the collection user_links: field for
// field the same, so that each converts into the other.
type userLinkDoc struct {
	ID            string    `bson:"_id"`
	Issuer        string    `bson:"issuer"`
	Subject       string    `bson:"subject"`
	ConnectorID   string    `bson:"connector_id"`
	UserID        string    `bson:"user_id"`
	UserCreatedAt time.Time `bson:"user_created_at"`
	Email         string    `bson:"email,omitempty"`
	Name          string    `bson:"name,omitempty"`
	Roles         []string  `bson:"roles,omitempty"`
	Creating      bool      `bson:"creating,omitempty"`
	Ending        bool      `bson:"ending,omitempty"`
	Version       int64     `bson:"version"`
	CreatedAt     time.Time `bson:"created_at"`
	LastUsedAt    time.Time `bson:"last_used_at"`
}

func newUserLinkDoc(l storage.UserLink, version int64) userLinkDoc {
	l = l.Normalized()
	l.Version = version
	return userLinkDoc(l)
}

func (d userLinkDoc) record() storage.UserLink { return storage.UserLink(d) }

// CreateUserLink implements [storage.UserLinks] by one insert.
func (s *Store) CreateUserLink(ctx context.Context, l storage.UserLink) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.insertUnique(ctx, userLinks, "subject", newUserLinkDoc(l, 1))
}

// UserLink implements [storage.UserLinks].
func (s *Store) UserLink(ctx context.Context, id string) (storage.UserLink, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[userLinkDoc](ctx, s, userLinks, byID(id))
	return doc.record(), err
}

// UpdateUserLink implements [storage.UserLinks] by one replacement that is conditional on the
// version.
func (s *Store) UpdateUserLink(ctx context.Context, l storage.UserLink) (storage.UserLink, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newUserLinkDoc(l, l.Version+1)
	if err := s.replaceVersion(ctx, userLinks, l.ID, l.Version, doc); err != nil {
		return storage.UserLink{}, err
	}
	return doc.record(), nil
}

// DeleteUserLink implements [storage.UserLinks] by one delete.
func (s *Store) DeleteUserLink(ctx context.Context, id string, version int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.deleteVersion(ctx, userLinks, id, version)
}

// ListUserLinks implements [storage.UserLinks].
func (s *Store) ListUserLinks(ctx context.Context, userID string, p storage.Page) (storage.UserLinkPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	filter := bson.D{}
	if userID != "" {
		filter = bson.D{eq("user_id", userID)}
	}
	records, next, err := page(ctx, s, userLinks, filter, p, userLinkDoc.record, func(l storage.UserLink) string { return l.ID })
	return storage.UserLinkPage{Links: records, Next: next}, err
}

// maxLinksDeleted bounds what one deletion of a user removes at once.
const maxLinksDeleted = storage.DefaultPage

// deleteLinksOf removes the links of a user who is gone, as far as the server lets it: what is
// left is of no meaning without the user.
func (s *Store) deleteLinksOf(ctx context.Context, userID string) {
	docs, err := find[userLinkDoc](ctx, s, listing{collection: userLinks, filter: bson.D{eq("user_id", userID)}, limit: maxLinksDeleted})
	if err != nil {
		return
	}
	for _, d := range docs {
		_, _ = s.delete(ctx, userLinks, byID(d.ID))
	}
}
