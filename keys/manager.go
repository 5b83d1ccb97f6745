package keys

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.org/signet/storage"
)

// Store is what this package needs of a backend.
type Store interface {
	InsertKey(ctx context.Context, k storage.Key) error
	ListKeys(ctx context.Context) ([]storage.Key, error)
	RevokeKey(ctx context.Context, kid string, at time.Time) error
	ResealKey(ctx context.Context, kid string, was, sealed []byte) error
	DeleteKey(ctx context.Context, kid string) error
}

var _ Store = storage.Keys(nil)

// A Manager holds one instance's snapshot of the signing keys: it signs, verifies and
// publishes from memory, and reads and changes the records. All methods may be
// called concurrently.
type Manager struct {
	store  Store
	cfg    Config
	sealer sealer

	current     atomic.Pointer[snapshot]
	installMu   sync.Mutex    // held while current is replaced, never across a call of the store
	generations atomic.Uint64 // numbers the readings in the order in which they begin
	failing     atomic.Bool   // the last refresh failed

	changeLock chan struct{} // held by the one that changes the records from this instance
	prefetcher prefetcher
	rsaSlots   chan struct{} // one place for each RSA signature under way
	signatures atomic.Uint64
}

// Open reads and unseals all keys, and makes a signing key and a standby where they
// are missing. It fails with the errors of the configuration, with *[UnsealError] on a
// record that the wrapper cannot open, and with the store's error. After an UnsealError
// nothing was changed.
func Open(ctx context.Context, store Store, wrapper KeyWrapper, cfg Config) (*Manager, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("key settings: %w", err)
	}
	if zeroer, ok := wrapper.(interface{ IsZero() bool }); wrapper == nil || ok && zeroer.IsZero() {
		return nil, errors.New("open the keys: the master key is missing")
	}
	cfg = cfg.withDefaults()
	m := &Manager{
		store:      store,
		cfg:        cfg,
		sealer:     sealer{wrapper, cfg.Rand},
		changeLock: make(chan struct{}, 1),
		prefetcher: newPrefetcher(),
		rsaSlots:   make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	m.current.Store(&snapshot{})
	if err := m.reload(ctx); err != nil {
		return nil, err
	}
	if err := m.withChangeLock(ctx, func() error { return m.ensureStandby(ctx, "") }); err != nil {
		return nil, err
	}
	return m, nil
}

// withChangeLock runs change while no other change is running in this instance. The end
// of ctx ends the wait. Between instances the unique sequence number decides.
func (m *Manager) withChangeLock(ctx context.Context, change func() error) error {
	select {
	case m.changeLock <- struct{}{}:
		defer func() { <-m.changeLock }()
		return change()
	case <-ctx.Done():
		return fmt.Errorf("wait for another change of the keys: %w", context.Cause(ctx))
	}
}

// currentSnapshot returns the snapshot for now, and now. When the clock has passed a
// change that the records schedule, the first caller derives the next snapshot. The
// store is not asked.
func (m *Manager) currentSnapshot() (*snapshot, time.Time) {
	now := m.cfg.Now()
	if s := m.current.Load(); s.validAt(now, m.cfg.Leeway) {
		return s, now
	}
	m.installMu.Lock()
	defer m.installMu.Unlock()
	s := m.current.Load()
	if s.validAt(now, m.cfg.Leeway) {
		return s, now
	}
	next, err := s.derive(now, m.cfg.Retention())
	if err != nil { // public keys that were rendered before render again
		return s, now
	}
	m.current.Store(next)
	return next, now
}

func (m *Manager) stale(s *snapshot, now time.Time) bool {
	return now.Sub(s.readAt) > m.cfg.StaleAfter()
}

// reload reads the records and installs a snapshot of them, unless a reading that began
// later is installed already.
func (m *Manager) reload(ctx context.Context) error {
	generation, read := m.generations.Add(1), m.cfg.Now()
	records, err := m.store.ListKeys(ctx)
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	before := m.current.Load()
	if len(records) == 0 && before.maxSeq() > 0 {
		return errors.New("read the keys: the store has none any more; restore it, no new ones are made in their place")
	}
	pairs, err := m.unseal(ctx, records, before)
	if err != nil {
		return err
	}
	restoreRevocations(records, pairs)
	line := newTimeline(records)
	return m.replace(func(s snapshot) snapshot {
		if generation > s.generation {
			s.generation, s.readAt, s.line, s.pairs = generation, read, line, pairs
		}
		return s
	})
}

// unseal returns the key pairs of all records by kid. A record that has not changed since
// before keeps its pair.
func (m *Manager) unseal(ctx context.Context, records []storage.Key, before *snapshot) (map[string]*keyPair, error) {
	pairs := make(map[string]*keyPair, len(records))
	for _, k := range records {
		if i := slices.IndexFunc(before.line.keys, func(old storage.Key) bool { return sameKey(old, k) }); i >= 0 {
			pairs[k.KID] = before.pairs[k.KID]
			continue
		}
		p, err := m.sealer.unseal(ctx, k)
		if err != nil {
			return nil, err
		}
		pairs[k.KID] = p
	}
	return pairs, nil
}

// replace installs a changed copy of the current snapshot.
func (m *Manager) replace(change func(snapshot) snapshot) error {
	m.installMu.Lock()
	defer m.installMu.Unlock()
	next, err := change(*m.current.Load()).derive(m.cfg.Now(), m.cfg.Retention())
	if err != nil {
		return err
	}
	m.current.Store(next)
	return nil
}

// List describes all keys by rising sequence number, from the current snapshot.
func (m *Manager) List() []Info {
	s, _ := m.currentSnapshot()
	return slices.Clone(s.infos)
}

// Algs lists the algorithms of all published keys, sorted, each once.
func (m *Manager) Algs() []string {
	s, _ := m.currentSnapshot()
	var algs []string
	for _, key := range s.published {
		algs = append(algs, key.alg)
	}
	slices.Sort(algs)
	return slices.Compact(algs)
}

func (m *Manager) report(e Event) {
	if m.cfg.OnEvent != nil {
		m.cfg.OnEvent(e)
	}
}
