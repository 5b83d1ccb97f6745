package storage

import (
	"context"
	"time"
)

// Role gives its holders scopes.
type Role struct {
	Name        string
	Description string
	Scopes      []string // sorted, no duplicates
	Rank        int64    // who may give it: only those of a higher rank
	BuiltIn     bool

	// Authentication is what its holders must sign in with: "mfa", or "" for a password alone.
	Authentication string

	// Replaces is the name that the role had, while users still hold that; "" for none.
	Replaces string

	Deleting  bool // nobody gets it any more
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Roles holds the roles; there are few, so a listing has no pages.
type Roles interface {
	// CreateRole inserts r with Version 1; *DuplicateError "name".
	CreateRole(ctx context.Context, r Role) error

	// Role returns the role. ErrNotFound.
	Role(ctx context.Context, name string) (Role, error)

	// UpdateRole replaces the record where its version still is r.Version and
	// stores it with Version+1. ErrConflict, ErrNotFound.
	UpdateRole(ctx context.Context, r Role) (Role, error)

	// DeleteRole removes the role where the version still is the given one, 0
	// standing for any. ErrConflict if the version moved on, ErrNotFound.
	DeleteRole(ctx context.Context, name string, version int64) error

	// ListRoles returns all roles, ordered by name.
	ListRoles(ctx context.Context) ([]Role, error)
}
