package storage

import "context"

// SharedSet is a small named set, in one record that instances change by
// compare-and-swap: what must hold of all its members together is decided there.
type SharedSet struct {
	Name    string
	Members []string // sorted, no duplicates
	Version int64    // counts changes, from 1
}

// SharedSets holds the shared sets. A backup leaves them out: after a restore
// they are rebuilt from the other records.
type SharedSets interface {
	// SharedSet returns the set. ErrNotFound.
	SharedSet(ctx context.Context, name string) (SharedSet, error)

	// SwapSharedSet puts g in the place of the record whose version still is
	// g.Version, and stores it with Version+1, which it returns; with Version 0
	// it makes the record. ErrConflict where the version moved on, where it
	// exists already, or where there is none to be replaced.
	SwapSharedSet(ctx context.Context, g SharedSet) (SharedSet, error)
}
