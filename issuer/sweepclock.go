package issuer

import (
	"context"
	"sync"
	"time"

	"example.org/signet/storage"
)

// firstSweepAfter is how long after a start nothing is swept: time enough to see
// that the clock is wrong, and to set it.
const firstSweepAfter = 4 * time.Minute

// sweepClock is the time by which a sweep judges what has expired. It never runs
// ahead of the records: it starts at most [sweepMargin] after the newest event that
// was audited before this process started, and goes on as time passes, not as the
// wall clock is set. So a clock that is a year ahead deletes nothing that had not
// ended when the store was last used. After a long rest the sweep lags behind by
// as much, until the next start.
type sweepClock struct {
	wall    func() time.Time
	passed  func() time.Duration // since the start, whatever the wall clock was set to
	started time.Time
	store   storage.Audit

	mu   sync.Mutex
	base time.Time // the time at the start, as far as it is believed; zero until it was read
}

func newSweepClock(wall func() time.Time, store storage.Audit) *sweepClock {
	started := wall() // with its monotonic reading, which Sub goes by
	return &sweepClock{wall: wall, passed: func() time.Duration { return wall().Sub(started) }, started: storage.Time(started), store: store}
}

// now is zero while nothing may be swept.
func (c *sweepClock) now(ctx context.Context) (time.Time, error) {
	passed := c.passed()
	if passed < firstSweepAfter {
		return time.Time{}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.base.IsZero() {
		base, err := c.atStart(ctx)
		if err != nil {
			return time.Time{}, err
		}
		c.base = base
	}
	return earlier(storage.Time(c.wall()), c.base.Add(passed)), nil
}

// atStart is the wall clock at the start, or less where it was too far ahead of the
// newest record. A store in which nothing was audited has nothing to lose.
func (c *sweepClock) atStart(ctx context.Context) (time.Time, error) {
	for p := (storage.Page{Limit: 1}); ; {
		page, err := c.store.ListAudit(ctx, storage.AuditFilter{Until: c.started, Newest: true}, p)
		switch {
		case err != nil:
			return time.Time{}, err
		case len(page.Events) > 0:
			return earlier(c.started, page.Events[0].At.Add(sweepMargin)), nil
		case page.Next == "":
			return c.started, nil
		}
		p.After = page.Next // those of since the start are many
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
