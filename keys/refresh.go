package keys

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"example.org/signet/storage"
)

// Run refreshes the snapshot every [Config.Refresh] until ctx ends, and makes keys
// ahead of need in the background. It returns when all it started has ended.
func (m *Manager) Run(ctx context.Context) {
	var background sync.WaitGroup
	background.Go(func() { m.changer.prefetcher.run(ctx, m.cfg) })
	defer background.Wait()

	timer := time.NewTimer(m.cfg.refreshDelay(nil))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(m.cfg.refreshDelay(m.refreshWithTimeout(ctx)))
	}
}

// minRefreshTimeout is the shortest time limit of one refresh, so that a slow store is
// still read.
const minRefreshTimeout = 5 * time.Second

func (m *Manager) refreshWithTimeout(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(m.cfg.Refresh, minRefreshTimeout))
	defer cancel()
	return m.Refresh(ctx)
}

// refreshDelay returns the time to the next refresh: up to a tenth less than
// [Config.Refresh], and after a failure half to a quarter of it, so that
// instances do not all ask at once.
func (c Config) refreshDelay(err error) time.Duration {
	longest, spread := c.Refresh, c.Refresh/10
	if err != nil {
		longest, spread = c.Refresh/2, c.Refresh/4
	}
	var b [1]byte
	if _, err := c.Rand.Read(b[:]); err != nil {
		return longest
	}
	return longest - spread*time.Duration(b[0])/256
}

// Refresh reads the keys again, ensures a standby, rotates when that is due, seals
// revocations and deletes records that are not needed any more. Records that were read
// before an error count.
func (m *Manager) Refresh(ctx context.Context) error {
	err := m.snapshots.reload(ctx)
	if err == nil {
		err = m.changer.withLock(ctx, func() error { return m.changer.maintain(ctx) })
	}
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled): // canceled by the caller
	case err != nil:
		m.failing.Store(true)
		m.cfg.report(Event{Kind: EventRefreshFailed, At: m.cfg.Now(), Err: err})
	case m.failing.Swap(false):
		m.cfg.report(Event{Kind: EventRefreshed, At: m.cfg.Now()})
	}
	return err
}

// maintain does the work of one refresh after the reading, in the order of its urgency.
func (c *changer) maintain(ctx context.Context) error {
	if err := c.ensureStandby(ctx, ""); err != nil {
		return err
	}
	if err := c.rotateIfDue(ctx); err != nil {
		return err
	}
	if err := c.sealRevocations(ctx); err != nil {
		return err
	}
	return c.deleteExpired(ctx)
}

// rotateIfDue stores the rotation that ends the active key's interval, ahead of its
// time by [Config.lead], so that every instance that signs then knows of it.
func (c *changer) rotateIfDue(ctx context.Context) error {
	s, now := c.snapshots.get()
	i := s.line.spanAt(now)
	if c.cfg.RotationInterval == 0 || i < 0 {
		return nil
	}
	if _, scheduled := s.line.pending(now); scheduled {
		return nil
	}
	due := s.line.spans[i].start.Add(c.cfg.RotationInterval)
	if now.Before(due.Add(-c.cfg.lead())) {
		return nil
	}
	_, err := c.insertDecision(ctx, s, Event{Kind: EventRotated}, s.line.rotationRecord(now, later(due, c.cfg.earliestStart(s.infos, now))))
	if errors.Is(err, storage.ErrConflict) { // another instance did it
		return c.snapshots.reload(ctx)
	}
	if err != nil {
		return fmt.Errorf("scheduled rotation: %w", err)
	}
	return nil
}

// deleteExpired deletes the removable records, lowest first.
func (c *changer) deleteExpired(ctx context.Context) error {
	for {
		s, now := c.snapshots.get()
		lowest, ok := s.line.removable(now, c.cfg.Retention())
		if !ok {
			return nil
		}
		err := c.store.DeleteKey(ctx, lowest.KID)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("remove key %s: %w", lowest.KID, err)
		}
		if err == nil {
			c.cfg.report(Event{Kind: EventDeleted, KID: lowest.KID, At: now})
		}
		if err := c.snapshots.removeLowest(lowest.KID); err != nil {
			return err
		}
	}
}
