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
	background.Go(func() { m.prefetcher.run(ctx, m.cfg) })
	defer background.Wait()

	timer := time.NewTimer(m.refreshDelay(nil))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(m.refreshDelay(m.refreshWithTimeout(ctx)))
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
func (m *Manager) refreshDelay(err error) time.Duration {
	longest, spread := m.cfg.Refresh, m.cfg.Refresh/10
	if err != nil {
		longest, spread = m.cfg.Refresh/2, m.cfg.Refresh/4
	}
	var b [1]byte
	if _, err := m.cfg.Rand.Read(b[:]); err != nil {
		return longest
	}
	return longest - spread*time.Duration(b[0])/256
}

// Refresh reads the keys again, ensures a standby, rotates when that is due, seals
// revocations and deletes records that are not needed any more. Records that were read
// before an error count.
func (m *Manager) Refresh(ctx context.Context) error {
	err := m.reload(ctx)
	if err == nil {
		err = m.withChangeLock(ctx, func() error { return m.maintain(ctx) })
	}
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled): // canceled by the caller
	case err != nil:
		m.failing.Store(true)
		m.report(Event{Kind: EventRefreshFailed, At: m.cfg.Now(), Err: err})
	case m.failing.Swap(false):
		m.report(Event{Kind: EventRefreshed, At: m.cfg.Now()})
	}
	return err
}

func (m *Manager) maintain(ctx context.Context) error {
	if err := m.ensureStandby(ctx, ""); err != nil {
		return err
	}
	if err := m.rotateIfDue(ctx); err != nil {
		return err
	}
	if err := m.sealRevocations(ctx); err != nil {
		return err
	}
	return m.deleteExpired(ctx)
}

// rotateIfDue stores the rotation that ends the active key's interval, ahead of its
// time by [Config.lead], so that every instance that signs then knows of it.
func (m *Manager) rotateIfDue(ctx context.Context) error {
	s, now := m.currentSnapshot()
	i := s.line.spanAt(now)
	if m.cfg.RotationInterval == 0 || i < 0 {
		return nil
	}
	if _, scheduled := s.line.pending(now); scheduled {
		return nil
	}
	due := s.line.spans[i].start.Add(m.cfg.RotationInterval)
	if now.Before(due.Add(-m.cfg.lead())) {
		return nil
	}
	_, err := m.insertDecision(ctx, s, Event{Kind: EventRotated}, s.line.rotationRecord(now, later(due, m.earliestStart(s.infos, now))))
	if errors.Is(err, storage.ErrConflict) { // another instance did it
		return m.reload(ctx)
	}
	if err != nil {
		return fmt.Errorf("scheduled rotation: %w", err)
	}
	return nil
}

// deleteExpired deletes the removable records, lowest first.
func (m *Manager) deleteExpired(ctx context.Context) error {
	for {
		s, now := m.currentSnapshot()
		lowest, ok := s.line.removable(now, m.cfg.Retention())
		if !ok {
			return nil
		}
		err := m.store.DeleteKey(ctx, lowest.KID)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("remove key %s: %w", lowest.KID, err)
		}
		if err == nil {
			m.report(Event{Kind: EventDeleted, KID: lowest.KID, At: now})
		}
		if err := m.replace(func(s snapshot) snapshot { return m.withoutRecord(s, lowest.KID) }); err != nil {
			return err
		}
	}
}

func (m *Manager) withoutRecord(s snapshot, lowest string) snapshot {
	if s.maxSeq() == 0 || s.line.keys[0].KID != lowest { // a reading since then lacks it already
		return s
	}
	s.generation, s.line = m.generations.Add(1), s.line.withoutOldest()
	return s
}
