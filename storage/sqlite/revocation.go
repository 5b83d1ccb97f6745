package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Revocations = (*Store)(nil)

// RevokeToken implements [storage.Revocations].
func (s *Store) RevokeToken(ctx context.Context, jti string, expiresAt time.Time) error {
	return s.exec(ctx, "revoke token", nil,
		"INSERT INTO revocations (jti, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING", jti, millis(expiresAt))
}

// TokenRevoked implements [storage.Revocations].
func (s *Store) TokenRevoked(ctx context.Context, jti string) (bool, error) {
	return readOne(ctx, s, "look for a revoked token", "SELECT EXISTS (SELECT 1 FROM revocations WHERE jti = ?)", scanBool, jti)
}

// SweepRevocations implements [storage.Revocations].
func (s *Store) SweepRevocations(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep revocations",
		"DELETE FROM revocations WHERE jti IN (SELECT jti FROM revocations WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
		millis(before), limit)
}
