package protocoltest

import (
	"context"

	"example.org/signet/storage"
)

func (s *Store) CreateUser(ctx context.Context, u storage.User) error {
	return callError(ctx, s, "CreateUser", func() error { return s.inner.CreateUser(ctx, u) })
}

func (s *Store) User(ctx context.Context, id string) (storage.User, error) {
	return callValue(ctx, s, "User", func() (storage.User, error) { return s.inner.User(ctx, id) })
}

func (s *Store) UserByLogin(ctx context.Context, name string) (storage.User, error) {
	return callValue(ctx, s, "UserByLogin", func() (storage.User, error) { return s.inner.UserByLogin(ctx, name) })
}

func (s *Store) UpdateUser(ctx context.Context, u storage.User) (storage.User, error) {
	return callValue(ctx, s, "UpdateUser", func() (storage.User, error) { return s.inner.UpdateUser(ctx, u) })
}

func (s *Store) ReplacePasswordHash(ctx context.Context, id, old, new string) error {
	return callError(ctx, s, "ReplacePasswordHash", func() error { return s.inner.ReplacePasswordHash(ctx, id, old, new) })
}

func (s *Store) DeleteUser(ctx context.Context, id string, version int64) error {
	return callError(ctx, s, "DeleteUser", func() error { return s.inner.DeleteUser(ctx, id, version) })
}

func (s *Store) SharedSet(ctx context.Context, name string) (storage.SharedSet, error) {
	return callValue(ctx, s, "SharedSet", func() (storage.SharedSet, error) { return s.inner.SharedSet(ctx, name) })
}

func (s *Store) SwapSharedSet(ctx context.Context, g storage.SharedSet) (storage.SharedSet, error) {
	return callValue(ctx, s, "SwapSharedSet", func() (storage.SharedSet, error) { return s.inner.SwapSharedSet(ctx, g) })
}

func (s *Store) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error) {
	return callValue(ctx, s, "ListUsers", func() (storage.UserPage, error) { return s.inner.ListUsers(ctx, f, p) })
}

func (s *Store) CreateRole(ctx context.Context, r storage.Role) error {
	return callError(ctx, s, "CreateRole", func() error { return s.inner.CreateRole(ctx, r) })
}

func (s *Store) Role(ctx context.Context, name string) (storage.Role, error) {
	return callValue(ctx, s, "Role", func() (storage.Role, error) { return s.inner.Role(ctx, name) })
}

func (s *Store) UpdateRole(ctx context.Context, r storage.Role) (storage.Role, error) {
	return callValue(ctx, s, "UpdateRole", func() (storage.Role, error) { return s.inner.UpdateRole(ctx, r) })
}

func (s *Store) DeleteRole(ctx context.Context, name string, version int64) error {
	return callError(ctx, s, "DeleteRole", func() error { return s.inner.DeleteRole(ctx, name, version) })
}

func (s *Store) ListRoles(ctx context.Context) ([]storage.Role, error) {
	return callValue(ctx, s, "ListRoles", func() ([]storage.Role, error) { return s.inner.ListRoles(ctx) })
}

func (s *Store) CreateClient(ctx context.Context, c storage.Client) error {
	return callError(ctx, s, "CreateClient", func() error { return s.inner.CreateClient(ctx, c) })
}

func (s *Store) Client(ctx context.Context, id string) (storage.Client, error) {
	return callValue(ctx, s, "Client", func() (storage.Client, error) { return s.inner.Client(ctx, id) })
}

func (s *Store) UpdateClient(ctx context.Context, c storage.Client) (storage.Client, error) {
	return callValue(ctx, s, "UpdateClient", func() (storage.Client, error) { return s.inner.UpdateClient(ctx, c) })
}

func (s *Store) DeleteClient(ctx context.Context, id string, version int64) error {
	return callError(ctx, s, "DeleteClient", func() error { return s.inner.DeleteClient(ctx, id, version) })
}

func (s *Store) ListClients(ctx context.Context, p storage.Page) (storage.ClientPage, error) {
	return callValue(ctx, s, "ListClients", func() (storage.ClientPage, error) { return s.inner.ListClients(ctx, p) })
}

func (s *Store) AnyClient(ctx context.Context, grant string) (bool, error) {
	return callValue(ctx, s, "AnyClient", func() (bool, error) { return s.inner.AnyClient(ctx, grant) })
}

func (s *Store) ClientOrigins(ctx context.Context) ([]string, error) {
	return callValue(ctx, s, "ClientOrigins", func() ([]string, error) { return s.inner.ClientOrigins(ctx) })
}
