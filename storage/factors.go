package storage

import (
	"context"
	"slices"
	"time"
)

// UserFactors are all second factors of one user, in one record, so that one compare-and-swap
// decides every use and every change.
//
// The record is of no meaning where UserCreatedAt is not the user's CreatedAt: the id was used
// again after the user was deleted.
type UserFactors struct {
	UserID        string
	UserCreatedAt time.Time
	Version       int64          // counts updates, from 1
	Handle        string         // the WebAuthn user handle: 64 random bytes, in base64url; "" for none
	TOTP          *TOTPFactor    // nil for none; never one that is not confirmed
	Passkeys      []Passkey      // at most MaxPasskeys
	Recovery      *RecoveryCodes // nil for none
	EnrolBy       time.Time      // until when a policy that demands a factor lets the user wait; zero where none was met yet
}

// MaxPasskeys bounds the passkeys of one user.
const MaxPasskeys = 16

// TOTPFactor is an authenticator app (RFC 6238).
type TOTPFactor struct {
	Sealed     string // the seed, sealed under the master key and bound to the user
	LastStep   int64  // of the last code that was accepted: this and those before are used up
	CreatedAt  time.Time
	LastUsedAt time.Time // zero for never
}

// RecoveryCodes are the codes that stand in for a lost factor, once each.
type RecoveryCodes struct {
	Hashes     []string // of those that are not used: SHA-256, in base64url
	CreatedAt  time.Time
	LastUsedAt time.Time // zero for never
}

// Passkey is a WebAuthn credential.
type Passkey struct {
	ID             string // credential id, in base64url
	Name           string // the user's own
	PublicKey      string // COSE key, in base64url
	SignCount      int64
	AAGUID         string
	Transports     []string
	UserPresent    bool
	UserVerified   bool
	BackupEligible bool
	BackupState    bool
	CreatedAt      time.Time
	LastUsedAt     time.Time // zero for never
}

// UserFactorsPage is one page of records, ordered by UserID.
type UserFactorsPage struct {
	Factors []UserFactors
	Next    string
}

// Factors holds the second factors.
type Factors interface {
	// UserFactors returns the record of the user. ErrNotFound.
	UserFactors(ctx context.Context, userID string) (UserFactors, error)

	// UserFactorsByHandle returns the record that has the handle. ErrNotFound, also for "".
	// Handles are random: nothing checks that two records have different ones.
	UserFactorsByHandle(ctx context.Context, handle string) (UserFactors, error)

	// PutUserFactors replaces the record whose version still is f.Version, and stores it with
	// Version+1, which it returns; with Version 0 it makes the record. ErrConflict where the
	// version moved on, where it exists already, or where there is none to be replaced.
	PutUserFactors(ctx context.Context, f UserFactors) (UserFactors, error)

	// DeleteUserFactors removes the record where the version still is the given one, 0
	// standing for any. ErrConflict if the version moved on, ErrNotFound.
	DeleteUserFactors(ctx context.Context, userID string, version int64) error

	// ListUserFactors returns one page, ordered by user.
	ListUserFactors(ctx context.Context, p Page) (UserFactorsPage, error)
}

// Normalized returns a copy as every backend holds it: times in milliseconds, no list that is
// empty but not nil.
func (f UserFactors) Normalized() UserFactors {
	f.UserCreatedAt, f.EnrolBy = Time(f.UserCreatedAt), Time(f.EnrolBy)
	if f.TOTP != nil {
		t := *f.TOTP
		t.CreatedAt, t.LastUsedAt = Time(t.CreatedAt), Time(t.LastUsedAt)
		f.TOTP = &t
	}
	if f.Recovery != nil {
		r := *f.Recovery
		r.Hashes, r.CreatedAt, r.LastUsedAt = copyOrNil(r.Hashes), Time(r.CreatedAt), Time(r.LastUsedAt)
		f.Recovery = &r
	}
	f.Passkeys = copyOrNil(f.Passkeys)
	for n := range f.Passkeys {
		k := &f.Passkeys[n]
		k.Transports, k.CreatedAt, k.LastUsedAt = copyOrNil(k.Transports), Time(k.CreatedAt), Time(k.LastUsedAt)
	}
	return f
}

func copyOrNil[T any](values []T) []T {
	if len(values) == 0 {
		return nil
	}
	return slices.Clone(values)
}
