package protocoltest

import (
	"context"

	"example.org/signet/storage"
)

// The calls of second factors.

func (s *Store) UserFactors(ctx context.Context, userID string) (storage.UserFactors, error) {
	return callValue(ctx, s, "UserFactors", func() (storage.UserFactors, error) { return s.inner.UserFactors(ctx, userID) })
}

func (s *Store) UserFactorsByHandle(ctx context.Context, handle string) (storage.UserFactors, error) {
	return callValue(ctx, s, "UserFactorsByHandle", func() (storage.UserFactors, error) { return s.inner.UserFactorsByHandle(ctx, handle) })
}

func (s *Store) PutUserFactors(ctx context.Context, f storage.UserFactors) (storage.UserFactors, error) {
	return callValue(ctx, s, "PutUserFactors", func() (storage.UserFactors, error) { return s.inner.PutUserFactors(ctx, f) })
}

func (s *Store) DeleteUserFactors(ctx context.Context, userID string, version int64) error {
	return callError(ctx, s, "DeleteUserFactors", func() error { return s.inner.DeleteUserFactors(ctx, userID, version) })
}

func (s *Store) ListUserFactors(ctx context.Context, p storage.Page) (storage.UserFactorsPage, error) {
	return callValue(ctx, s, "ListUserFactors", func() (storage.UserFactorsPage, error) { return s.inner.ListUserFactors(ctx, p) })
}
