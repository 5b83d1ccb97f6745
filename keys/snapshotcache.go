package keys

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.org/signet/storage"
)

// A snapshotCache holds the current snapshot. It reads the records and replaces the
// snapshot as a whole, so that readers need no lock.
type snapshotCache struct {
	cfg    Config
	store  Store
	sealer sealer

	current     atomic.Pointer[snapshot]
	replaceMu   sync.Mutex    // held while current is replaced, never across a call of the store
	generations atomic.Uint64 // numbers the readings in the order in which they begin
}

func newSnapshotCache(cfg Config, store Store, sealer sealer) *snapshotCache {
	c := &snapshotCache{cfg: cfg, store: store, sealer: sealer}
	c.current.Store(&snapshot{pairs: map[string]*keyPair{}})
	return c
}

// get returns the snapshot for now, and now. When the clock has passed a
// change that the records schedule, the first caller derives the next snapshot. The
// store is not asked.
func (c *snapshotCache) get() (*snapshot, time.Time) {
	now := c.cfg.Now()
	if s := c.current.Load(); s.validAt(now, c.cfg.Leeway) {
		return s, now
	}
	c.replaceMu.Lock()
	defer c.replaceMu.Unlock()
	s := c.current.Load()
	if s.validAt(now, c.cfg.Leeway) {
		return s, now
	}
	next, err := s.derive(now, c.cfg.Retention())
	if err != nil { // public keys that were rendered before render again
		return s, now
	}
	c.current.Store(next)
	return next, now
}

// stale reports whether the snapshot is too old to sign with.
func (c *snapshotCache) stale(s *snapshot, now time.Time) bool {
	return now.Sub(s.readAt) > c.cfg.StaleAfter()
}

// reload reads the records and installs a snapshot of them, unless a reading that began
// later is installed already.
func (c *snapshotCache) reload(ctx context.Context) error {
	generation, read := c.generations.Add(1), c.cfg.Now()
	records, err := c.store.ListKeys(ctx)
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	before := c.current.Load()
	if len(records) == 0 && before.maxSeq() > 0 {
		return errors.New("read the keys: the store has none any more; restore it, no new ones are made in their place")
	}
	pairs, err := c.unseal(ctx, records, before)
	if err != nil {
		return err
	}
	restoreRevocations(records, pairs)
	line := newTimeline(records)
	return c.replace(func(s snapshot) snapshot {
		if generation > s.generation {
			s.generation, s.readAt, s.line, s.pairs = generation, read, line, pairs
		}
		return s
	})
}

// unseal returns the key pairs of all records by kid. A record that has not changed since
// before keeps its pair.
func (c *snapshotCache) unseal(ctx context.Context, records []storage.Key, before *snapshot) (map[string]*keyPair, error) {
	pairs := make(map[string]*keyPair, len(records))
	for _, k := range records {
		if i := slices.IndexFunc(before.line.keys, func(old storage.Key) bool { return sameKey(old, k) }); i >= 0 {
			pairs[k.KID] = before.pairs[k.KID]
			continue
		}
		p, err := c.sealer.unseal(ctx, k)
		if err != nil {
			return nil, err
		}
		c.cfg.reportRefusal(p)
		pairs[k.KID] = p
	}
	return pairs, nil
}

// replace installs a changed copy of the current snapshot.
func (c *snapshotCache) replace(change func(snapshot) snapshot) error {
	c.replaceMu.Lock()
	defer c.replaceMu.Unlock()
	next, err := change(*c.current.Load()).derive(c.cfg.Now(), c.cfg.Retention())
	if err != nil {
		return err
	}
	c.current.Store(next)
	return nil
}

// add puts a record that was stored, and its key pair, into the snapshot.
func (c *snapshotCache) add(record storage.Key, p *keyPair) error {
	return c.replace(func(s snapshot) snapshot {
		if s.pairs[record.KID] != nil { // a reading since then has it already
			return s
		}
		pairs := maps.Clone(s.pairs)
		pairs[record.KID] = p
		s.generation, s.pairs, s.line = c.generations.Add(1), pairs, s.line.withRecord(record)
		return s
	})
}

// revoke marks the key in the snapshot as revoked.
func (c *snapshotCache) revoke(kid string, at time.Time) error {
	return c.replace(func(s snapshot) snapshot {
		s.generation, s.line = c.generations.Add(1), s.line.withRevoked(kid, at)
		return s
	})
}

// removeLowest takes the lowest record, which was deleted from the store, out of the
// snapshot.
func (c *snapshotCache) removeLowest(kid string) error {
	return c.replace(func(s snapshot) snapshot {
		if s.maxSeq() == 0 || s.line.keys[0].KID != kid { // a reading since then lacks it already
			return s
		}
		s.generation, s.line = c.generations.Add(1), s.line.withoutOldest()
		return s
	})
}
