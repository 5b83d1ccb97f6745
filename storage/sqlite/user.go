package sqlite

import (
	"context"
	"errors"

	"example.org/signet/storage"
)

var _ storage.Users = (*Store)(nil)

const userColumns = query("id, username, email, full_name, phone, roles, password_hash, disabled, epoch, version, created_at, updated_at, kept_session, kept_epoch")

func userTargets(u *storage.User) []any {
	return []any{&u.ID, &u.Username, &u.Email, &u.FullName, &u.Phone, listColumn{&u.Roles}, &u.PasswordHash,
		&u.Disabled, &u.Epoch, &u.Version, timeColumn{&u.CreatedAt}, timeColumn{&u.UpdatedAt}, &u.KeptSession, &u.KeptEpoch}
}

func scanUser(row scanner) (u storage.User, err error) {
	err = row.Scan(userTargets(&u)...)
	return u, err
}

// CreateUser implements [storage.Users].
func (s *Store) CreateUser(ctx context.Context, u storage.User) error {
	_, err := writeMulti(ctx, s, "create user", func(t *tx) (none struct{}, err error) {
		inserted, err := t.exec("INSERT INTO users ("+userColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			u.ID, u.Username, u.Email, u.FullName, u.Phone, encodeList(u.Roles), u.PasswordHash,
			u.Disabled, u.Epoch, millis(u.CreatedAt), millis(u.UpdatedAt), u.KeptSession, u.KeptEpoch)
		if err != nil {
			return none, err
		}
		if inserted == 0 {
			return none, duplicate("id")
		}
		return none, insertLogins(t, u)
	})
	return err
}

// insertLogins gives the user both login names, where they are free.
func insertLogins(t *tx, u storage.User) error {
	for _, login := range []struct{ field, name string }{{"username", u.Username}, {"email", u.Email}} {
		if login.name == "" || (login.field == "email" && login.name == u.Username) {
			continue
		}
		inserted, err := t.exec("INSERT INTO logins (name, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING", login.name, u.ID)
		if err != nil {
			return err
		}
		if inserted == 0 {
			return duplicate(login.field)
		}
	}
	return nil
}

func deleteLogins(t *tx, u storage.User) error {
	_, err := t.exec("DELETE FROM logins WHERE user_id = ? AND name IN (?, ?)", u.ID, u.Username, u.Email)
	return err
}

// User implements [storage.Users].
func (s *Store) User(ctx context.Context, id string) (storage.User, error) {
	return readOne(ctx, s, "read user", "SELECT "+userColumns+" FROM users WHERE id = ?", scanUser, id)
}

// UserByLogin implements [storage.Users].
func (s *Store) UserByLogin(ctx context.Context, name string) (storage.User, error) {
	return readOne(ctx, s, "read user by login",
		"SELECT "+userColumns+" FROM users WHERE id = (SELECT user_id FROM logins WHERE name = ?)", scanUser, name)
}

// UpdateUser implements [storage.Users].
func (s *Store) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	return writeMulti(ctx, s, "update user", func(t *tx) (storage.User, error) {
		old, err := queryOne(t, "SELECT "+userColumns+" FROM users WHERE id = ? AND version = ?", scanUser, u.ID, u.Version)
		if err != nil {
			return storage.User{}, conflictOrNotFound(t, err, "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)", u.ID)
		}
		if u.Username != old.Username || u.Email != old.Email {
			if err := deleteLogins(t, old); err != nil {
				return storage.User{}, err
			}
			if err := insertLogins(t, u); err != nil {
				return storage.User{}, err
			}
		}
		return queryOne(t, "UPDATE users SET username = ?, email = ?, full_name = ?, phone = ?, roles = ?, password_hash = ?,"+
			" disabled = ?, epoch = ?, version = version + 1, created_at = ?, updated_at = ?,"+
			" kept_session = ?, kept_epoch = ? WHERE id = ? RETURNING "+userColumns,
			scanUser, u.Username, u.Email, u.FullName, u.Phone, encodeList(u.Roles), u.PasswordHash,
			u.Disabled, u.Epoch, millis(u.CreatedAt), millis(u.UpdatedAt), u.KeptSession, u.KeptEpoch, u.ID)
	})
}

// conflictOrNotFound tells a version that moved on from a record that is not there, where a
// conditional statement found nothing.
func conflictOrNotFound(t *tx, err error, exists query, id string) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	there, err := queryOne(t, exists, scanBool, id)
	switch {
	case err != nil:
		return err
	case there:
		return storage.ErrConflict
	}
	return storage.ErrNotFound
}

// ReplacePasswordHash implements [storage.Users].
func (s *Store) ReplacePasswordHash(ctx context.Context, id, old, new string) error {
	return s.exec(ctx, "replace password hash", storage.ErrConflict,
		"UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", new, id, old)
}

// DeleteUser implements [storage.Users].
func (s *Store) DeleteUser(ctx context.Context, id string, version int64) error {
	_, err := writeMulti(ctx, s, "delete user", func(t *tx) (u storage.User, err error) {
		if u, err = queryOne(t, "DELETE FROM users WHERE id = ?1 AND ?2 IN (0, version) RETURNING "+userColumns, scanUser, id, version); err != nil {
			return u, conflictOrNotFound(t, err, "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)", id)
		}
		return u, deleteLogins(t, u)
	})
	return err
}

// ListUsers implements [storage.Users].
func (s *Store) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (page storage.UserPage, err error) {
	q := selection{"SELECT " + userColumns + " FROM users WHERE id > ?", []any{p.After}}
	if f.Prefix != "" {
		q.and("id IN (SELECT user_id FROM logins WHERE name >= ? AND name < ?)", f.Prefix, prefixEnd(f.Prefix))
	}
	if f.Role != "" {
		q.and("EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ?)", f.Role)
	}
	q.page(p.Size())
	all, err := readMany(ctx, s, "list users", q, scanUser)
	page.Users, page.Next = trimPage(all, p.Size(), func(u storage.User) string { return u.ID })
	return page, err
}
