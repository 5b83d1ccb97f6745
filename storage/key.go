package storage

import (
	"context"
	"time"
)

// Key is a signing key. The record is immutable but for RevokedAt, and for Sealed
// when the master key changes or the key is revoked: what the key does at a given
// time is derived from all the records and the clock, by package keys.
type Key struct {
	Seq       int64  // 1, 2, 3…: unique, so that of two racing rotations one wins
	KID       string // RFC 7638 thumbprint, unique
	Alg       string // RS256, PS256, ES256, EdDSA
	PublicJWK []byte // the public key as a JWK, JSON
	Sealed    []byte // the private key, sealed under the master key; once it is revoked the time of that
	CreatedAt time.Time

	// ActivatesAt is when the key starts to sign by itself; zero for a standby,
	// which starts when its successor's record says so.
	ActivatesAt time.Time

	// PredecessorActivatesAt is when the key numbered Seq-1 starts to sign; zero
	// where this record was not made by a rotation. It stands in the successor
	// so that a rotation is a single insert.
	PredecessorActivatesAt time.Time

	// Restores is the kid of an earlier key that signs again from RestoresAt on;
	// empty where this record was not made by a rollback.
	Restores   string
	RestoresAt time.Time

	// VerifiesUntil is set for a key that was imported for the tokens that are
	// out there: it never signs, and is published until then.
	VerifiesUntil time.Time

	RevokedAt time.Time
}

// Keys holds the signing keys.
type Keys interface {
	// InsertKey inserts k; *DuplicateError "seq" or "kid". Of several racing
	// inserts of one sequence number exactly one wins.
	InsertKey(ctx context.Context, k Key) error

	// ListKeys returns all keys, ordered by sequence number.
	ListKeys(ctx context.Context) ([]Key, error)

	// RevokeKey sets RevokedAt where it is not set; again is no error. ErrNotFound.
	RevokeKey(ctx context.Context, kid string, at time.Time) error

	// ResealKey puts sealed in the place of was, and changes nothing else.
	// ErrConflict where the key is not sealed as was any more, ErrNotFound.
	ResealKey(ctx context.Context, kid string, was, sealed []byte) error

	// DeleteKey removes a key that no longer matters. ErrNotFound.
	DeleteKey(ctx context.Context, kid string) error
}
