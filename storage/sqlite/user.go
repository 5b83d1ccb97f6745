package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Users = (*Store)(nil)

var userTable = newTable("users",
	plain("id", func(u *storage.User) *string { return &u.ID }),
	plain("username", func(u *storage.User) *string { return &u.Username }),
	plain("email", func(u *storage.User) *string { return &u.Email }),
	plain("full_name", func(u *storage.User) *string { return &u.FullName }),
	plain("phone", func(u *storage.User) *string { return &u.Phone }),
	list("roles", func(u *storage.User) *[]string { return &u.Roles }),
	plain("password_hash", func(u *storage.User) *string { return &u.PasswordHash }),
	plain("disabled", func(u *storage.User) *bool { return &u.Disabled }),
	plain("epoch", func(u *storage.User) *int64 { return &u.Epoch }),
	plain(versionColumn, func(u *storage.User) *int64 { return &u.Version }),
	timestamp("created_at", func(u *storage.User) *time.Time { return &u.CreatedAt }),
	timestamp("updated_at", func(u *storage.User) *time.Time { return &u.UpdatedAt }),
	plain("kept_session", func(u *storage.User) *string { return &u.KeptSession }),
	plain("email_verified", func(u *storage.User) *bool { return &u.EmailVerified }),
	plain("kept_epoch", func(u *storage.User) *int64 { return &u.KeptEpoch }),
	plain("must_change_password", func(u *storage.User) *bool { return &u.MustChangePassword }),
	plain("attributes", func(u *storage.User) *string { return &u.Attributes }),
)

var (
	userByLogin   = userTable.read + " WHERE id = (SELECT user_id FROM logins WHERE name = ?)"
	userByVersion = userTable.read + " WHERE id = ? AND version = ?"
)

// CreateUser implements [storage.Users].
func (s *Store) CreateUser(ctx context.Context, u storage.User) error {
	_, err := writeMulti(ctx, s, "create user", func(t *tx) (none struct{}, err error) { return none, insertUser(t, u) })
	return err
}

func insertUser(t *tx, u storage.User) error {
	u.Version = 1
	if err := insertRecord(t, userTable, &u, duplicate("id")); err != nil {
		return err
	}
	if err := insertLogins(t, u); err != nil {
		return err
	}
	return insertUserKeys(t, u)
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
	return readOne(ctx, s, "read user", userTable.byKey, userTable.scan, id)
}

// UserByLogin implements [storage.Users].
func (s *Store) UserByLogin(ctx context.Context, name string) (storage.User, error) {
	return readOne(ctx, s, "read user by login", userByLogin, userTable.scan, name)
}

// UpdateUser implements [storage.Users].
func (s *Store) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	return writeMulti(ctx, s, "update user", func(t *tx) (storage.User, error) {
		old, err := queryOne(t, userByVersion, userTable.scan, u.ID, u.Version)
		if err != nil {
			return storage.User{}, conflictOrNotFound(t, err, userTable.exists, u.ID)
		}
		if u.Username != old.Username || u.Email != old.Email {
			if err := deleteLogins(t, old); err != nil {
				return storage.User{}, err
			}
			if err := insertLogins(t, u); err != nil {
				return storage.User{}, err
			}
		}
		if err := replaceUserKeys(t, old, u); err != nil {
			return storage.User{}, err
		}
		return updateRecord(t, userTable, &u)
	})
}

// ReplacePasswordHash implements [storage.Users].
func (s *Store) ReplacePasswordHash(ctx context.Context, id, old, new string) error {
	return s.exec(ctx, "replace password hash", storage.ErrConflict,
		"UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", new, id, old)
}

// DeleteUser implements [storage.Users].
func (s *Store) DeleteUser(ctx context.Context, id string, version int64) error {
	_, err := writeMulti(ctx, s, "delete user", func(t *tx) (u storage.User, err error) {
		if u, err = deleteRecord(t, userTable, id, version); err != nil {
			return u, err
		}
		if err := deleteLogins(t, u); err != nil {
			return u, err
		}
		for _, q := range []query{"DELETE FROM user_factors WHERE user_id = ?", "DELETE FROM user_links WHERE user_id = ?"} {
			if _, err := t.exec(q, id); err != nil {
				return u, err
			}
		}
		return u, deleteUserKeys(t, u)
	})
	return err
}
