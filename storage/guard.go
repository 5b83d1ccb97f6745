package storage

import "context"

// Guard is a small set under a name, in one record that instances change by
// compare-and-swap: what must hold of all its members together is decided there.
type Guard struct {
	Name    string
	Members []string // sorted, no duplicates
	Version int64    // counts changes, from 1
}

// Guards holds the guards. No backup takes them along: a store without them is
// looked through anew.
type Guards interface {
	// Guard returns the guard. ErrNotFound.
	Guard(ctx context.Context, name string) (Guard, error)

	// SwapGuard puts g in the place of the record whose version still is
	// g.Version, and stores it with Version+1, which it returns; with Version 0
	// it makes the record. ErrConflict where the version moved on, where it
	// exists already, or where there is none to be replaced.
	SwapGuard(ctx context.Context, g Guard) (Guard, error)
}
