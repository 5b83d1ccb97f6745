package sqlite

import (
	"context"
	"time"
)

// The pauses of whoever waits for another process to give its lock back. A commit takes less than
// a millisecond, so the first are short; who has it for long is asked less often.
const (
	shortPause = 50 * time.Microsecond
	longPause  = 2 * time.Millisecond

	// patience is how long the pauses stay short.
	patience = 20 * time.Millisecond
)

// retryBusy tries again while op fails because another process holds a lock, for
// as long as timeout says and until ctx ends.
func retryBusy(ctx context.Context, timeout time.Duration, op func() error) error {
	begun := time.Now()
	for {
		err := op()
		if !isBusy(err) || ctx.Err() != nil {
			return err
		}
		waited := time.Since(begun)
		switch {
		case waited >= timeout:
			return err
		case waited < patience:
			briefly(shortPause)
		default:
			time.Sleep(min(longPause, timeout-waited))
		}
	}
}

// turns gives other processes their turn: a process that begins its next transaction as soon as it has
// ended one would leave the others no moment in which to begin theirs.
type turns struct {
	contended time.Time // when another process was last in the way
}

// contention is how long a process that was in the way is given its turn.
const contention = 100 * time.Millisecond

func (t *turns) met() { t.contended = time.Now() }

// give pauses, where another process was in the way lately, for longer than that one does between
// two tries.
func (t *turns) give() {
	if !t.contended.IsZero() && time.Since(t.contended) < contention {
		briefly(3 * shortPause)
	}
}
