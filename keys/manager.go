package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	cfg       Config
	snapshots *snapshotCache
	changer   *changer
	verifier  verifier
	signing   *signing
	failing   atomic.Bool // the last refresh failed
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
	m := newManager(cfg, store, sealer{wrapper, cfg.Rand})
	if err := m.snapshots.reload(ctx); err != nil {
		return nil, err
	}
	if err := m.changer.withLock(ctx, func() error { return m.changer.ensureStandby(ctx, "") }); err != nil {
		return nil, err
	}
	return m, nil
}

func newManager(cfg Config, store Store, sealer sealer) *Manager {
	snapshots := newSnapshotCache(cfg, store, sealer)
	return &Manager{
		cfg:       cfg,
		snapshots: snapshots,
		changer: &changer{
			cfg: cfg, store: store, sealer: sealer, snapshots: snapshots,
			prefetcher: newPrefetcher(), lock: make(chan struct{}, 1),
		},
		verifier: verifier{snapshots, cfg.Now, cfg.Leeway},
		signing:  newSigning(cfg.Rand),
	}
}

// List describes all keys by rising sequence number, from the current snapshot.
func (m *Manager) List() []Info {
	s, _ := m.snapshots.get()
	return slices.Clone(s.infos)
}

// Algs lists the algorithms of all published keys, sorted, each once.
func (m *Manager) Algs() []string {
	s, _ := m.snapshots.get()
	var algs []string
	for _, key := range s.published {
		algs = append(algs, key.alg)
	}
	slices.Sort(algs)
	return slices.Compact(algs)
}
