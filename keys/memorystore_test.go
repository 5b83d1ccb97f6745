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

	"example.org/signet/internal/testclock"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// memoryStore is a store of keys with the promises of storage.Keys, and with faults
// on demand.
type memoryStore struct {
	mu      sync.Mutex
	records []storage.Key
	fail    func(op string) error // called before each operation
	calls   atomic.Int64
}

var _ keys.Store = (*memoryStore)(nil)

func (s *memoryStore) begin(ctx context.Context, op string) error {
	s.calls.Add(1)
	if err := ctx.Err(); err != nil {
		return storage.Unavailable(op, err)
	}
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		return fail(op)
	}
	return nil
}

func (s *memoryStore) failWith(fail func(op string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *memoryStore) InsertKey(ctx context.Context, k storage.Key) error {
	if err := s.begin(ctx, "insert"); err != nil {
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
	s.records = append(s.records, roundTrip(k))
	return nil
}

// roundTrip is what comes back from a real backend: copies, times in milliseconds.
func roundTrip(k storage.Key) storage.Key {
	k.PublicJWK, k.Sealed = slices.Clone(k.PublicJWK), slices.Clone(k.Sealed)
	k.CreatedAt, k.ActivatesAt = storage.Time(k.CreatedAt), storage.Time(k.ActivatesAt)
	k.PredecessorActivatesAt, k.RevokedAt = storage.Time(k.PredecessorActivatesAt), storage.Time(k.RevokedAt)
	k.RestoresAt, k.VerifiesUntil = storage.Time(k.RestoresAt), storage.Time(k.VerifiesUntil)
	return k
}

func (s *memoryStore) ListKeys(ctx context.Context) ([]storage.Key, error) {
	if err := s.begin(ctx, "list"); err != nil {
		return nil, err
	}
	return s.all(), nil
}

// all reads past the faults, for the test itself.
func (s *memoryStore) all() []storage.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []storage.Key
	for _, k := range s.records {
		out = append(out, roundTrip(k))
	}
	slices.SortFunc(out, func(a, b storage.Key) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}

func (s *memoryStore) RevokeKey(ctx context.Context, kid string, at time.Time) error {
	if err := s.begin(ctx, "revoke"); err != nil {
		return err
	}
	return s.update(kid, func(k *storage.Key) {
		if k.RevokedAt.IsZero() {
			k.RevokedAt = storage.Time(at)
		}
	})
}

func (s *memoryStore) update(kid string, change func(*storage.Key)) error {
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

func (s *memoryStore) ResealKey(ctx context.Context, kid string, was, sealed []byte) error {
	if err := s.begin(ctx, "reseal"); err != nil {
		return err
	}
	conflict := false
	err := s.update(kid, func(k *storage.Key) {
		if conflict = !bytes.Equal(k.Sealed, was); !conflict {
			k.Sealed = slices.Clone(sealed)
		}
	})
	if conflict {
		return storage.ErrConflict
	}
	return err
}

func (s *memoryStore) DeleteKey(ctx context.Context, kid string) error {
	if err := s.begin(ctx, "delete"); err != nil {
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

// unavailable fails every operation as an unreachable store does.
func unavailable(op string) error { return storage.Unavailable(op, context.DeadlineExceeded) }

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func newClock() *testclock.Clock { return testclock.At(epoch) }

// settings are the defaults on the clock, with keys that are cheap to make.
func settings(c *testclock.Clock) keys.Config {
	cfg := keys.DefaultConfig(c.Now)
	cfg.Alg = keys.EdDSA
	return cfg
}

// testMasterKey is one fixed master key for the tests.
func testMasterKey(t testing.TB) keys.MasterKey {
	t.Helper()
	k, err := keys.ParseMasterKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t testing.TB, store keys.Store, cfg keys.Config) *keys.Manager {
	t.Helper()
	m, err := keys.Open(t.Context(), store, testMasterKey(t), cfg)
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
	r, err := m.Rotate(t.Context(), keys.Change{Force: force})
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
