package storage

import (
	"context"
	"time"
)

// RateCounter is the state of a counter after an update.
type RateCounter struct {
	Count   int64
	ResetAt time.Time // when the counter's window ends
}

// RateCounters counts attempts in fixed windows, shared by every instance.
type RateCounters interface {
	// IncrementCounter adds one to the counter of key in one atomic step and
	// returns its new value. A counter whose window ended at or before now (or
	// that does not exist) starts anew at 1, with a window that ends at
	// now+window.
	IncrementCounter(ctx context.Context, key string, now time.Time, window time.Duration) (RateCounter, error)

	// DecrementCounter subtracts one from the counter of key, never below 0. No
	// counter is no error.
	DecrementCounter(ctx context.Context, key string) error

	// DeleteCounter removes the counter of key. No counter is no error.
	DeleteCounter(ctx context.Context, key string) error

	// SweepCounters deletes up to limit counters whose window ended before the
	// given time.
	SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error)
}
