package storage

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// UserLink says which user an account at another provider signs in.
//
// The record is of no meaning where UserCreatedAt is not the user's CreatedAt: the id was used
// again after the user was deleted.
type UserLink struct {
	ID            string // LinkID of the two that follow
	Issuer        string // of the provider
	Subject       string // of the account there, which never changes
	ConnectorID   string // by which the account was linked
	UserID        string
	UserCreatedAt time.Time
	Email         string   // of the account, as the provider said at the last sign-in; "" for none
	Name          string   // likewise
	Roles         []string // that the user has by the rules of the connector and not otherwise; sorted

	// Creating: the user is to be made next. Whoever comes by the link meanwhile makes them too,
	// under the same id.
	Creating bool

	// Ending: the link is being removed. It signs nobody in, and is no reason to let
	// another one be removed.
	Ending bool

	Version    int64 // counts updates, from 1
	CreatedAt  time.Time
	LastUsedAt time.Time // zero for never
}

// LinkID returns the key of the link of an account: at most one user has it.
func LinkID(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// UserLinkPage is one page of links, ordered by ID.
type UserLinkPage struct {
	Links []UserLink
	Next  string
}

// UserLinks holds the links.
type UserLinks interface {
	// CreateUserLink inserts l with Version 1; *DuplicateError "subject".
	CreateUserLink(ctx context.Context, l UserLink) error

	// UserLink returns the link with the id. ErrNotFound.
	UserLink(ctx context.Context, id string) (UserLink, error)

	// UpdateUserLink replaces the record whose version still is l.Version, and stores it with
	// Version+1, which it returns. ErrConflict, ErrNotFound.
	UpdateUserLink(ctx context.Context, l UserLink) (UserLink, error)

	// DeleteUserLink removes the link where the version still is the given one, 0 standing for
	// any. ErrConflict if the version moved on, ErrNotFound.
	DeleteUserLink(ctx context.Context, id string, version int64) error

	// ListUserLinks returns one page of those of the user, "" standing for all users, ordered
	// by ID.
	ListUserLinks(ctx context.Context, userID string, p Page) (UserLinkPage, error)
}

// Normalized returns a copy as every backend holds it: times in milliseconds, no list that is
// empty but not nil.
func (l UserLink) Normalized() UserLink {
	l.UserCreatedAt, l.CreatedAt, l.LastUsedAt = Time(l.UserCreatedAt), Time(l.CreatedAt), Time(l.LastUsedAt)
	l.Roles = copyOrNil(l.Roles)
	return l
}
