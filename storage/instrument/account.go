package instrument

import (
	"context"

	"example.org/signet/storage"
)

type users struct {
	store storage.Users
	calls *calls
}

var _ storage.Users = (*users)(nil)

func (w *users) CreateUser(ctx context.Context, u storage.User) (err error) {
	defer w.calls.end("create_user", w.calls.begin(), &err)
	return w.store.CreateUser(ctx, u)
}

func (w *users) User(ctx context.Context, id string) (_ storage.User, err error) {
	defer w.calls.end("user", w.calls.begin(), &err)
	return w.store.User(ctx, id)
}

func (w *users) UpdateUser(ctx context.Context, u storage.User) (_ storage.User, err error) {
	defer w.calls.end("update_user", w.calls.begin(), &err)
	return w.store.UpdateUser(ctx, u)
}

func (w *users) DeleteUser(ctx context.Context, id string, version int64) (err error) {
	defer w.calls.end("delete_user", w.calls.begin(), &err)
	return w.store.DeleteUser(ctx, id, version)
}

func (w *users) ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (_ storage.UserPage, err error) {
	defer w.calls.end("list_users", w.calls.begin(), &err)
	return w.store.ListUsers(ctx, f, p)
}

func (w *users) UserByLogin(ctx context.Context, name string) (_ storage.User, err error) {
	defer w.calls.end("user_by_login", w.calls.begin(), &err)
	return w.store.UserByLogin(ctx, name)
}

func (w *users) ReplacePasswordHash(ctx context.Context, id, old, new string) (err error) {
	defer w.calls.end("replace_password_hash", w.calls.begin(), &err)
	return w.store.ReplacePasswordHash(ctx, id, old, new)
}

type roles struct {
	store storage.Roles
	calls *calls
}

var _ storage.Roles = (*roles)(nil)

func (w *roles) CreateRole(ctx context.Context, r storage.Role) (err error) {
	defer w.calls.end("create_role", w.calls.begin(), &err)
	return w.store.CreateRole(ctx, r)
}

func (w *roles) Role(ctx context.Context, name string) (_ storage.Role, err error) {
	defer w.calls.end("role", w.calls.begin(), &err)
	return w.store.Role(ctx, name)
}

func (w *roles) UpdateRole(ctx context.Context, r storage.Role) (_ storage.Role, err error) {
	defer w.calls.end("update_role", w.calls.begin(), &err)
	return w.store.UpdateRole(ctx, r)
}

func (w *roles) DeleteRole(ctx context.Context, name string, version int64) (err error) {
	defer w.calls.end("delete_role", w.calls.begin(), &err)
	return w.store.DeleteRole(ctx, name, version)
}

func (w *roles) ListRoles(ctx context.Context) (_ []storage.Role, err error) {
	defer w.calls.end("list_roles", w.calls.begin(), &err)
	return w.store.ListRoles(ctx)
}

type clients struct {
	store storage.Clients
	calls *calls
}

var _ storage.Clients = (*clients)(nil)

func (w *clients) CreateClient(ctx context.Context, c storage.Client) (err error) {
	defer w.calls.end("create_client", w.calls.begin(), &err)
	return w.store.CreateClient(ctx, c)
}

func (w *clients) Client(ctx context.Context, id string) (_ storage.Client, err error) {
	defer w.calls.end("client", w.calls.begin(), &err)
	return w.store.Client(ctx, id)
}

func (w *clients) UpdateClient(ctx context.Context, c storage.Client) (_ storage.Client, err error) {
	defer w.calls.end("update_client", w.calls.begin(), &err)
	return w.store.UpdateClient(ctx, c)
}

func (w *clients) DeleteClient(ctx context.Context, id string, version int64) (err error) {
	defer w.calls.end("delete_client", w.calls.begin(), &err)
	return w.store.DeleteClient(ctx, id, version)
}

func (w *clients) ListClients(ctx context.Context, p storage.Page) (_ storage.ClientPage, err error) {
	defer w.calls.end("list_clients", w.calls.begin(), &err)
	return w.store.ListClients(ctx, p)
}

type clientUse struct {
	store storage.ClientUse
	calls *calls
}

var _ storage.ClientUse = (*clientUse)(nil)

func (w *clientUse) AnyClient(ctx context.Context, grant string) (_ bool, err error) {
	defer w.calls.end("any_client", w.calls.begin(), &err)
	return w.store.AnyClient(ctx, grant)
}

func (w *clientUse) ClientOrigins(ctx context.Context) (_ []string, err error) {
	defer w.calls.end("client_origins", w.calls.begin(), &err)
	return w.store.ClientOrigins(ctx)
}
