package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Revocations = (*Store)(nil)

var revocationTable = newTable("revocations",
	plain("jti", func(r *storage.Revocation) *string { return &r.JTI }),
	timestamp("expires_at", func(r *storage.Revocation) *time.Time { return &r.ExpiresAt }),
)

// RevokeToken implements [storage.Revocations].
func (s *Store) RevokeToken(ctx context.Context, jti string, expiresAt time.Time) error {
	r := storage.Revocation{JTI: jti, ExpiresAt: expiresAt}
	return s.exec(ctx, "revoke token", nil, revocationTable.insert, revocationTable.insertValues(&r)...)
}

// TokenRevoked implements [storage.Revocations].
func (s *Store) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	return readOne(ctx, s, "look for a revoked token", revocationTable.exists, scanBool, jti)
}

// SweepRevocations implements [storage.Revocations].
func (s *Store) SweepRevocations(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep revocations",
		"DELETE FROM revocations WHERE jti IN (SELECT jti FROM revocations WHERE expires_at < ? ORDER BY expires_at LIMIT ? + 0)",
		millis(before), limit)
}
