package instrument

import (
	"context"

	"example.org/signet/storage"
)

type connectors struct {
	store storage.Connectors
	calls *calls
}

var _ storage.Connectors = (*connectors)(nil)

func (w *connectors) CreateConnector(ctx context.Context, c storage.Connector) (err error) {
	defer w.calls.end("create_connector", w.calls.begin(), &err)
	return w.store.CreateConnector(ctx, c)
}

func (w *connectors) Connector(ctx context.Context, id string) (_ storage.Connector, err error) {
	defer w.calls.end("connector", w.calls.begin(), &err)
	return w.store.Connector(ctx, id)
}

func (w *connectors) UpdateConnector(ctx context.Context, c storage.Connector) (_ storage.Connector, err error) {
	defer w.calls.end("update_connector", w.calls.begin(), &err)
	return w.store.UpdateConnector(ctx, c)
}

func (w *connectors) DeleteConnector(ctx context.Context, id string, version int64) (err error) {
	defer w.calls.end("delete_connector", w.calls.begin(), &err)
	return w.store.DeleteConnector(ctx, id, version)
}

func (w *connectors) ListConnectors(ctx context.Context) (_ []storage.Connector, err error) {
	defer w.calls.end("list_connectors", w.calls.begin(), &err)
	return w.store.ListConnectors(ctx)
}

type userLinks struct {
	store storage.UserLinks
	calls *calls
}

var _ storage.UserLinks = (*userLinks)(nil)

func (w *userLinks) CreateUserLink(ctx context.Context, l storage.UserLink) (err error) {
	defer w.calls.end("create_user_link", w.calls.begin(), &err)
	return w.store.CreateUserLink(ctx, l)
}

func (w *userLinks) UserLink(ctx context.Context, id string) (_ storage.UserLink, err error) {
	defer w.calls.end("user_link", w.calls.begin(), &err)
	return w.store.UserLink(ctx, id)
}

func (w *userLinks) UpdateUserLink(ctx context.Context, l storage.UserLink) (_ storage.UserLink, err error) {
	defer w.calls.end("update_user_link", w.calls.begin(), &err)
	return w.store.UpdateUserLink(ctx, l)
}

func (w *userLinks) DeleteUserLink(ctx context.Context, id string, version int64) (err error) {
	defer w.calls.end("delete_user_link", w.calls.begin(), &err)
	return w.store.DeleteUserLink(ctx, id, version)
}

func (w *userLinks) ListUserLinks(ctx context.Context, userID string, p storage.Page) (_ storage.UserLinkPage, err error) {
	defer w.calls.end("list_user_links", w.calls.begin(), &err)
	return w.store.ListUserLinks(ctx, userID, p)
}
