package storage

import (
	"context"
	"time"
)

// Revocations remembers single access tokens that were revoked and belong to
// no session (client credentials), until they would have expired anyway.
type Revocations interface {
	// RevokeToken remembers the token's id (`jti`) until expiresAt. Doing it
	// again changes nothing and is no error.
	RevokeToken(ctx context.Context, jti string, expiresAt time.Time) error

	// TokenRevoked tells whether the id is remembered.
	TokenRevoked(ctx context.Context, jti string) (bool, error)

	// ListRevocations returns one page, ordered by the tokens' ids.
	ListRevocations(ctx context.Context, p Page) (RevocationPage, error)

	// SweepRevocations deletes up to limit entries that expired before the
	// given time.
	SweepRevocations(ctx context.Context, before time.Time, limit int) (int64, error)
}
