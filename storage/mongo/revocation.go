package mongo

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

// revocationDoc remembers one token in the collection revocations.
type revocationDoc struct {
	ID        string    `bson:"_id"`
	ExpiresAt time.Time `bson:"expires_at"`
}

// RevokeToken implements [storage.Revocations] by one insert. Meeting the
// token there already is as good.
func (s *Store) RevokeToken(ctx context.Context, jti string, expiresAt time.Time) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	err := s.insert(ctx, revocations, revocationDoc{ID: jti, ExpiresAt: storage.Time(expiresAt)})
	if errors.Is(err, errDuplicate) {
		return nil
	}
	return err
}

// TokenRevoked implements [storage.Revocations].
func (s *Store) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.exists(ctx, revocations, byID(jti))
}

// SweepRevocations implements [storage.Revocations].
func (s *Store) SweepRevocations(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, revocations, "expires_at", before, limit)
}
