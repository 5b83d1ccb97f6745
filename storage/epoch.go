package storage

import (
	"context"
	"time"
)

// Epoch counts the moments at which everything was ended at once: all sessions,
// in an emergency or because an older state of the store was restored.
type Epoch struct {
	Number int64     // from 0; it only grows
	Since  time.Time // of the last raise: access tokens issued until then count no more; zero for none

	// Incomplete means that a restore has begun and not ended: the store holds a
	// part of what it should.
	Incomplete bool
}

// EpochRaise is how the epoch is raised.
type EpochRaise struct {
	At         time.Time // becomes Since
	Above      int64     // a number that the new one must exceed too
	Incomplete bool
}

// Epochs holds the one epoch of the store.
type Epochs interface {
	// Epoch returns the epoch; the zero Epoch before the first raise.
	Epoch(ctx context.Context) (Epoch, error)

	// RaiseEpoch makes Number greater than it was and than r.Above, and sets the
	// rest, in one atomic step. It returns the new epoch. Of several at once
	// each gets a number of its own.
	RaiseEpoch(ctx context.Context, r EpochRaise) (Epoch, error)

	// UserInEpoch returns a user and the epoch in one round trip, both at least
	// as new as the beginning of the call. ErrNotFound where there is no user.
	UserInEpoch(ctx context.Context, id string) (User, Epoch, error)
}
