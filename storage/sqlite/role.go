package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Roles = (*Store)(nil)

var roleTable = newTable("roles",
	plain("name", func(r *storage.Role) *string { return &r.Name }),
	plain("description", func(r *storage.Role) *string { return &r.Description }),
	list("scopes", func(r *storage.Role) *[]string { return &r.Scopes }),
	plain("rank", func(r *storage.Role) *int64 { return &r.Rank }),
	plain("built_in", func(r *storage.Role) *bool { return &r.BuiltIn }),
	plain(versionColumn, func(r *storage.Role) *int64 { return &r.Version }),
	timestamp("created_at", func(r *storage.Role) *time.Time { return &r.CreatedAt }),
	timestamp("updated_at", func(r *storage.Role) *time.Time { return &r.UpdatedAt }),
	plain("authentication", func(r *storage.Role) *string { return &r.Authentication }),
	plain("deleting", func(r *storage.Role) *bool { return &r.Deleting }),
	plain("replaces", func(r *storage.Role) *string { return &r.Replaces }),
)

var listRoles = roleTable.read + " ORDER BY name"

// CreateRole implements [storage.Roles].
func (s *Store) CreateRole(ctx context.Context, r storage.Role) error {
	r.Version = 1
	return s.exec(ctx, "create role", duplicate("name"), roleTable.insert, roleTable.insertValues(&r)...)
}

// Role implements [storage.Roles].
func (s *Store) Role(ctx context.Context, name string) (storage.Role, error) {
	return readOne(ctx, s, "read role", roleTable.byKey, roleTable.scan, name)
}

// UpdateRole implements [storage.Roles].
func (s *Store) UpdateRole(ctx context.Context, r storage.Role) (storage.Role, error) {
	return writeMulti(ctx, s, "update role", func(t *tx) (storage.Role, error) {
		return updateRecord(t, roleTable, &r)
	})
}

// DeleteRole implements [storage.Roles].
func (s *Store) DeleteRole(ctx context.Context, name string, version int64) error {
	_, err := writeMulti(ctx, s, "delete role", func(t *tx) (storage.Role, error) {
		return deleteRecord(t, roleTable, name, version)
	})
	return err
}

// ListRoles implements [storage.Roles].
func (s *Store) ListRoles(ctx context.Context) ([]storage.Role, error) {
	return readMany(ctx, s, "list roles", selection{query: listRoles}, roleTable.scan)
}
