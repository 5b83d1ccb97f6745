package sqlite

import (
	"context"

	"example.org/signet/storage"
)

var _ storage.Roles = (*Store)(nil)

const roleColumns = query("name, description, scopes, rank, built_in, version, created_at, updated_at")

func scanRole(row scanner) (r storage.Role, err error) {
	err = row.Scan(&r.Name, &r.Description, listColumn{&r.Scopes}, &r.Rank, &r.BuiltIn, &r.Version,
		timeColumn{&r.CreatedAt}, timeColumn{&r.UpdatedAt})
	return r, err
}

// CreateRole implements [storage.Roles].
func (s *Store) CreateRole(ctx context.Context, r storage.Role) error {
	return s.exec(ctx, "create role", duplicate("name"),
		"INSERT INTO roles ("+roleColumns+") VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING",
		r.Name, r.Description, encodeList(r.Scopes), r.Rank, r.BuiltIn, millis(r.CreatedAt), millis(r.UpdatedAt))
}

// Role implements [storage.Roles].
func (s *Store) Role(ctx context.Context, name string) (storage.Role, error) {
	return readOne(ctx, s, "read role", "SELECT "+roleColumns+" FROM roles WHERE name = ?", scanRole, name)
}

// UpdateRole implements [storage.Roles].
func (s *Store) UpdateRole(ctx context.Context, r storage.Role) (storage.Role, error) {
	return writeMulti(ctx, s, "update role", func(t *tx) (storage.Role, error) {
		updated, err := queryOne(t, "UPDATE roles SET description = ?, scopes = ?, rank = ?, built_in = ?, version = version + 1,"+
			" created_at = ?, updated_at = ? WHERE name = ? AND version = ? RETURNING "+roleColumns,
			scanRole, r.Description, encodeList(r.Scopes), r.Rank, r.BuiltIn, millis(r.CreatedAt), millis(r.UpdatedAt), r.Name, r.Version)
		if err != nil {
			return updated, conflictOrNotFound(t, err, "SELECT EXISTS (SELECT 1 FROM roles WHERE name = ?)", r.Name)
		}
		return updated, nil
	})
}

// DeleteRole implements [storage.Roles].
func (s *Store) DeleteRole(ctx context.Context, name string) error {
	return s.exec(ctx, "delete role", storage.ErrNotFound, "DELETE FROM roles WHERE name = ?", name)
}

// ListRoles implements [storage.Roles].
func (s *Store) ListRoles(ctx context.Context) ([]storage.Role, error) {
	return readMany(ctx, s, "list roles", selection{query: "SELECT " + roleColumns + " FROM roles ORDER BY name"}, scanRole)
}
