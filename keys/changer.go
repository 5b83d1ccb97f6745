package keys

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// A changer changes the records, one change at a time in this instance, and brings the
// snapshot up to date after each. Its methods need the lock, but for revoke, which
// takes it itself.
type changer struct {
	cfg        Config
	store      Store
	sealer     sealer
	snapshots  *snapshotCache
	prefetcher prefetcher
	lock       chan struct{} // holds one element while a change is under way
}

// withLock runs change while no other change is running in this instance. The end
// of ctx ends the wait. Between instances the unique sequence number decides.
func (c *changer) withLock(ctx context.Context, change func() error) error {
	select {
	case c.lock <- struct{}{}:
		defer func() { <-c.lock }()
		return change()
	case <-ctx.Done():
		return fmt.Errorf("wait for another change of the keys: %w", context.Cause(ctx))
	}
}

// ensureStandby makes the keys that are missing: one that signs, and a standby that no
// rotation is scheduled for.
func (c *changer) ensureStandby(ctx context.Context, by string) error {
	for range maxAttempts {
		s, now := c.snapshots.get()
		record, missing := s.line.nextMissing(now)
		if !missing {
			return nil
		}
		record, err := c.insertNewKey(ctx, record)
		switch {
		case err == nil:
			c.cfg.report(Event{Kind: EventCreated, KID: record.KID, At: record.CreatedAt, By: by})
		case errors.Is(err, storage.ErrConflict): // another instance rotated first: read what it stored
			if err := c.snapshots.reload(ctx); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return errNoProgress
}

// insertNewKey draws a key for the record, stores it and adds it to the snapshot.
// After [storage.ErrConflict] nothing was stored.
func (c *changer) insertNewKey(ctx context.Context, record storage.Key) (storage.Key, error) {
	p, err := c.prefetcher.get(c.cfg)
	if err != nil {
		return storage.Key{}, err
	}
	record, err = c.insertKeyPair(ctx, record, p)
	if errors.Is(err, storage.ErrConflict) {
		c.prefetcher.put(p)
	}
	return record, err
}

// insertKeyPair seals the key pair into the record, stores it and adds it to the
// snapshot.
func (c *changer) insertKeyPair(ctx context.Context, record storage.Key, p *keyPair) (storage.Key, error) {
	record, err := c.sealer.seal(ctx, record, p)
	if err != nil {
		return storage.Key{}, err
	}
	if err := failpoint.Hit(failpoint.KeyInserting); err != nil {
		return storage.Key{}, storage.Unavailable("store key", err)
	}
	if err := c.store.InsertKey(ctx, record); err != nil {
		return storage.Key{}, fmt.Errorf("store key %d: %w", record.Seq, err)
	}
	if err := failpoint.Hit(failpoint.KeyInserted); err != nil {
		return storage.Key{}, storage.Unavailable("store key", err)
	}
	c.cfg.reportRefusal(p)
	return record, c.snapshots.add(record, p)
}
