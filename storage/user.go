package storage

import (
	"context"
	"time"
)

// User is a person who can log in.
//
// Username and Email are in their one canonical form (package account's) and
// share one name space: a login name belongs to at most one user, so that
// nobody can log in as somebody else by taking their e-mail for a username.
type User struct {
	ID       string // a UUID, version 7 unless it was brought along; immutable: the tokens' `sub`
	Username string
	Email    string // "" for none

	// EmailVerified: somebody who may has said that the address is the user's.
	// Never set without an address, and false again when it changes.
	EmailVerified bool

	FullName     string
	Phone        string
	Roles        []string // sorted, no duplicates
	PasswordHash string   // "" where no password is set: nothing matches
	Disabled     bool

	// MustChangePassword: the next sign-in in a browser leads to a new password before it
	// goes on, and the password grant refuses the user.
	MustChangePassword bool

	// Attributes holds the values of the operator's attributes, as package attribute of the issuer
	// writes them: JSON, "" for none. No backend looks inside.
	Attributes string

	// Epoch counts the changes that end every session of the user (disabled,
	// password changed). A session is alive only while its UserEpoch equals it.
	Epoch int64

	// KeptSession is the one session that the newest epoch has not ended, "" for
	// none: that of the user who signs out everywhere else. It counts only while
	// the store's epoch is KeptEpoch.
	KeptSession string
	KeptEpoch   int64

	// Version counts updates, from 1; the compare-and-swap of UpdateUser.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Users holds the users.
type Users interface {
	UserRecords
	UserLogins
}

// UserLogins finds users who log in, and keeps their password hashes up to date.
type UserLogins interface {
	// UserByLogin returns the user whose username or e-mail is the canonical
	// name. ErrNotFound.
	UserByLogin(ctx context.Context, name string) (User, error)

	// ReplacePasswordHash sets the hash where it still is old, and nothing
	// else: the upgrade of a hash at login, which ends no session and leaves
	// Version alone. ErrConflict if the hash moved on, also where there is no
	// such user.
	ReplacePasswordHash(ctx context.Context, id, old, new string) error
}

// UserRecords creates, reads, changes and deletes users.
type UserRecords interface {
	// CreateUser inserts u with Version 1. A *DuplicateError names "username"
	// or "email" if the login name is taken (by either field of another user),
	// "id" if the id is.
	CreateUser(ctx context.Context, u User) error

	// User returns the user with that id. ErrNotFound.
	User(ctx context.Context, id string) (User, error)

	// UpdateUser replaces the record where its version still is u.Version,
	// and stores it with Version+1, which it returns. ErrConflict if the
	// version moved on, a *DuplicateError if a new login name is taken,
	// ErrNotFound.
	UpdateUser(ctx context.Context, u User) (User, error)

	// DeleteUser removes the user where the version still is the given one, 0
	// standing for any, frees their login names and removes their second factors and links. A
	// crash may leave these records, which are then of no meaning.
	// ErrConflict if the version moved on, ErrNotFound.
	DeleteUser(ctx context.Context, id string, version int64) error

	// ListUsers returns one page of those that f selects, in the order that it asks for. It
	// examines no more records than a few times the page, whatever f asks.
	ListUsers(ctx context.Context, f UserFilter, p Page) (UserPage, error)
}
