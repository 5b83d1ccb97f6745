package storage

import (
	"context"
	"time"
)

// AttemptCount is what a counter says after a step on it.
type AttemptCount struct {
	Count   int64
	ResetAt time.Time // when the counter's window ends
}

// Attempts counts tries in fixed windows, shared by every instance.
type Attempts interface {
	// CountAttempt adds one to the counter of key in one atomic step and
	// returns its new value. A counter whose window ended at or before now (or
	// that does not exist) starts anew at 1, with a window that ends at
	// now+window.
	CountAttempt(ctx context.Context, key string, now time.Time, window time.Duration) (AttemptCount, error)

	// ForgiveAttempt takes one back from the counter of key, never below 0. No
	// counter is no error.
	ForgiveAttempt(ctx context.Context, key string) error

	// ClearAttempts removes the counter of key. No counter is no error.
	ClearAttempts(ctx context.Context, key string) error

	// SweepAttempts deletes up to limit counters whose window ended before the
	// given time.
	SweepAttempts(ctx context.Context, before time.Time, limit int) (int64, error)
}
