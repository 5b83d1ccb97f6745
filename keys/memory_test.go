package keys_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// memory is a store of keys with the promises of storage.Keys, and with faults
// on demand.
type memory struct {
	mu      sync.Mutex
	records []storage.Key
	fault   func(op string) error // called before each operation
	calls   atomic.Int64
}

var _ keys.Store = (*memory)(nil)

func (s *memory) enter(ctx context.Context, op string) error {
	s.calls.Add(1)
	if err := ctx.Err(); err != nil {
		return storage.Unavailable(op, err)
	}
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil {
		return fault(op)
	}
	return nil
}

func (s *memory) failWith(fault func(op string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

func (s *memory) InsertKey(ctx context.Context, k storage.Key) error {
	if err := s.enter(ctx, "insert"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.records {
		switch {
		case old.Seq == k.Seq:
			return &storage.DuplicateError{Field: "seq"}
		case old.KID == k.KID:
			return &storage.DuplicateError{Field: "kid"}
		}
	}
	s.records = append(s.records, kept(k))
	return nil
}

// kept is what comes back from a real backend: copies, times in milliseconds.
func kept(k storage.Key) storage.Key {
	k.PublicJWK, k.Sealed = slices.Clone(k.PublicJWK), slices.Clone(k.Sealed)
	k.CreatedAt, k.ActivatesAt = storage.Time(k.CreatedAt), storage.Time(k.ActivatesAt)
	k.PredecessorActivatesAt, k.RevokedAt = storage.Time(k.PredecessorActivatesAt), storage.Time(k.RevokedAt)
	k.RestoresAt, k.VerifiesUntil = storage.Time(k.RestoresAt), storage.Time(k.VerifiesUntil)
	return k
}

func (s *memory) ListKeys(ctx context.Context) ([]storage.Key, error) {
	if err := s.enter(ctx, "list"); err != nil {
		return nil, err
	}
	return s.all(), nil
}

// all reads past the faults, for the test itself.
func (s *memory) all() []storage.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []storage.Key
	for _, k := range s.records {
		out = append(out, kept(k))
	}
	slices.SortFunc(out, func(a, b storage.Key) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}

func (s *memory) RevokeKey(ctx context.Context, kid string, at time.Time) error {
	if err := s.enter(ctx, "revoke"); err != nil {
		return err
	}
	return s.change(kid, func(k *storage.Key) {
		if k.RevokedAt.IsZero() {
			k.RevokedAt = storage.Time(at)
		}
	})
}

func (s *memory) change(kid string, change func(*storage.Key)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.records {
		if s.records[i].KID == kid {
			change(&s.records[i])
			return nil
		}
	}
	return storage.ErrNotFound
}

func (s *memory) ResealKey(ctx context.Context, kid string, was, sealed []byte) error {
	if err := s.enter(ctx, "reseal"); err != nil {
		return err
	}
	conflict := false
	err := s.change(kid, func(k *storage.Key) {
		if conflict = !bytes.Equal(k.Sealed, was); !conflict {
			k.Sealed = slices.Clone(sealed)
		}
	})
	if conflict {
		return storage.ErrConflict
	}
	return err
}

func (s *memory) DeleteKey(ctx context.Context, kid string) error {
	if err := s.enter(ctx, "delete"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.records {
		if s.records[i].KID == kid {
			s.records = slices.Delete(s.records, i, i+1)
			return nil
		}
	}
	return storage.ErrNotFound
}

// down makes every operation fail as an unreachable store does.
func down(op string) error { return storage.Unavailable(op, context.DeadlineExceeded) }

// A clock that moves only when told.
type clock struct{ nanos atomic.Int64 }

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func newClock() *clock {
	c := new(clock)
	c.nanos.Store(epoch.UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }
func (c *clock) set(t time.Time)         { c.nanos.Store(t.UnixNano()) }

// settings are the defaults on the clock, with keys that are cheap to make.
func settings(c *clock) keys.Config {
	cfg := keys.DefaultConfig(c.now)
	cfg.Alg = keys.EdDSA
	return cfg
}

// master is one fixed master key for the tests.
func master(t testing.TB) keys.MasterKey {
	t.Helper()
	k, err := keys.ParseMasterKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t testing.TB, store keys.Store, cfg keys.Config) *keys.Manager {
	t.Helper()
	m, err := keys.Open(t.Context(), store, master(t), cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return m
}

func refresh(t testing.TB, managers ...*keys.Manager) {
	t.Helper()
	for _, m := range managers {
		if err := m.Refresh(t.Context()); err != nil {
			t.Fatalf("refresh: %v", err)
		}
	}
}

func rotate(t testing.TB, m *keys.Manager, force bool) keys.Rotation {
	t.Helper()
	r, err := m.Rotate(t.Context(), force)
	if err != nil {
		t.Fatalf("rotate: %v", err)
	}
	return r
}

func sign(t testing.TB, m *keys.Manager) string {
	t.Helper()
	token, err := m.Sign(t.Context(), "at+jwt", map[string]any{"iss": "https://id.example", "sub": "u1"})
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return token
}

func active(t testing.TB, m *keys.Manager) string {
	t.Helper()
	kid, _, err := m.Active()
	if err != nil {
		t.Fatalf("active: %v", err)
	}
	return kid
}

// inState lists the kids that m holds to be in the state.
func inState(m *keys.Manager, state keys.State) []string {
	var kids []string
	for _, info := range m.List() {
		if info.State == state {
			kids = append(kids, info.KID)
		}
	}
	return kids
}

func info(t testing.TB, m *keys.Manager, kid string) keys.Info {
	t.Helper()
	for _, i := range m.List() {
		if i.KID == kid {
			return i
		}
	}
	t.Fatalf("no key %s", kid)
	return keys.Info{}
}
