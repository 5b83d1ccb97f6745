package protocoltest

import (
	"context"

	"example.org/signet/storage"
)

// The calls of connectors and links.

func (s *Store) CreateConnector(ctx context.Context, c storage.Connector) error {
	return callError(ctx, s, "CreateConnector", func() error { return s.inner.CreateConnector(ctx, c) })
}

func (s *Store) Connector(ctx context.Context, id string) (storage.Connector, error) {
	return callValue(ctx, s, "Connector", func() (storage.Connector, error) { return s.inner.Connector(ctx, id) })
}

func (s *Store) UpdateConnector(ctx context.Context, c storage.Connector) (storage.Connector, error) {
	return callValue(ctx, s, "UpdateConnector", func() (storage.Connector, error) { return s.inner.UpdateConnector(ctx, c) })
}

func (s *Store) DeleteConnector(ctx context.Context, id string, version int64) error {
	return callError(ctx, s, "DeleteConnector", func() error { return s.inner.DeleteConnector(ctx, id, version) })
}

func (s *Store) ListConnectors(ctx context.Context) ([]storage.Connector, error) {
	return callValue(ctx, s, "ListConnectors", func() ([]storage.Connector, error) { return s.inner.ListConnectors(ctx) })
}

func (s *Store) CreateUserLink(ctx context.Context, l storage.UserLink) error {
	return callError(ctx, s, "CreateUserLink", func() error { return s.inner.CreateUserLink(ctx, l) })
}

func (s *Store) UserLink(ctx context.Context, id string) (storage.UserLink, error) {
	return callValue(ctx, s, "UserLink", func() (storage.UserLink, error) { return s.inner.UserLink(ctx, id) })
}

func (s *Store) UpdateUserLink(ctx context.Context, l storage.UserLink) (storage.UserLink, error) {
	return callValue(ctx, s, "UpdateUserLink", func() (storage.UserLink, error) { return s.inner.UpdateUserLink(ctx, l) })
}

func (s *Store) DeleteUserLink(ctx context.Context, id string, version int64) error {
	return callError(ctx, s, "DeleteUserLink", func() error { return s.inner.DeleteUserLink(ctx, id, version) })
}

func (s *Store) ListUserLinks(ctx context.Context, userID string, p storage.Page) (storage.UserLinkPage, error) {
	return callValue(ctx, s, "ListUserLinks", func() (storage.UserLinkPage, error) { return s.inner.ListUserLinks(ctx, userID, p) })
}
