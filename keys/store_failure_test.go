package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	randv2 "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Where the revocation is stored but the standby cannot be, the key is revoked, and the
// error says both.
func TestRevoke_StandbyInsertFails_KeyIsRevoked(t *testing.T) {
	store := new(memoryStore)
	m := open(t, store, settings(newClock()))
	first := active(t, m)
	store.failWith(func(op string) error {
		if op == "revoke" {
			return nil
		}
		return unavailable(op)
	})
	if err := m.Revoke(t.Context(), first, keys.Change{}); !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "is revoked, but") {
		t.Fatalf("got %v", err)
	}
	if slices.Contains(published(t, m), first) || active(t, m) == first {
		t.Error("the key is still in use")
	}
	store.failWith(nil)
	refresh(t, m)
	if len(inState(m, keys.Standby)) != 1 {
		t.Error("no standby came")
	}
}

func TestStoreDown(t *testing.T) { // K11, K17
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	token, document := sign(t, m), m.JWKS()
	store.failWith(unavailable)

	if _, err := m.Rotate(t.Context(), keys.Change{Force: true}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("rotate: %v", err)
	}
	if err := m.Revoke(t.Context(), active(t, m), keys.Change{}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("revoke: %v", err)
	}
	if err := m.Refresh(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("refresh: %v", err)
	}
	sign(t, m)
	if _, _, err := m.Verify(t.Context(), token); err != nil {
		t.Errorf("verify: %v", err)
	}
	if got := m.JWKS(); got.ETag != document.ETag || got.MaxAge != cfg.JWKSMaxAge {
		t.Errorf("jwks changed")
	}
	if _, err := keys.Open(t.Context(), store, testMasterKey(t), cfg); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("open: %v", err)
	}
}

// K10: a cut-off instance stops signing, goes on verifying and publishing, and
// comes back by itself.
func TestStaleSnapshot_StopsSigning(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	token := sign(t, m)
	store.failWith(unavailable)

	c.Advance(cfg.StaleAfter())
	if err := m.Ready(); err != nil {
		t.Fatalf("stale too early: %v", err)
	}
	c.Advance(1)
	if _, err := m.Sign(t.Context(), "JWT", nil); !errors.Is(err, keys.ErrStale) || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("sign: %v", err)
	}
	if err := m.Ready(); !errors.Is(err, keys.ErrStale) {
		t.Errorf("ready: %v", err)
	}
	if _, _, err := m.Active(); !errors.Is(err, keys.ErrStale) {
		t.Errorf("active: %v", err)
	}
	if _, _, err := m.Verify(t.Context(), token); err != nil {
		t.Errorf("verify: %v", err)
	}
	if d := m.JWKS(); len(d.Body) == 0 || d.MaxAge > cfg.Refresh {
		t.Errorf("jwks: %d bytes for %s", len(d.Body), d.MaxAge)
	}
	store.failWith(nil)
	refresh(t, m)
	sign(t, m)
}

func TestRefresh_AllRecordsMissing_MakesNoKeys(t *testing.T) {
	store := new(memoryStore)
	m := open(t, store, settings(newClock()))
	store.mu.Lock()
	store.records = nil
	store.mu.Unlock()
	if err := m.Refresh(t.Context()); err == nil || len(store.all()) != 0 {
		t.Errorf("refresh: %v, %d records", err, len(store.all()))
	}
	sign(t, m)
}

// A store that never lists what it holds is asked a bounded number of times.
func TestOpen_ListAlwaysEmpty_GivesUp(t *testing.T) {
	store := emptyListStore{memoryStore: new(memoryStore)}
	open(t, store.memoryStore, settings(newClock()))
	if _, err := keys.Open(t.Context(), store, testMasterKey(t), settings(newClock())); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if n := store.calls.Load(); n > 200 {
		t.Errorf("asked %d times", n)
	}
}

type emptyListStore struct{ *memoryStore }

func (h emptyListStore) ListKeys(ctx context.Context) ([]storage.Key, error) {
	if _, err := h.memoryStore.ListKeys(ctx); err != nil {
		return nil, err
	}
	return nil, nil
}

// hookedStore lets something happen right before or after a step of the store.
type hookedStore struct {
	*memoryStore
	beforeInsert, afterInsert, afterDelete func()
}

func (h *hookedStore) InsertKey(ctx context.Context, k storage.Key) error {
	if before := h.beforeInsert; before != nil {
		h.beforeInsert = nil
		before()
	}
	err := h.memoryStore.InsertKey(ctx, k)
	if h.afterInsert != nil {
		h.afterInsert()
	}
	return err
}

func (h *hookedStore) DeleteKey(ctx context.Context, kid string) error {
	err := h.memoryStore.DeleteKey(ctx, kid)
	if h.afterDelete != nil {
		h.afterDelete()
	}
	return err
}

// A reading that comes between a change and its entry in the snapshot leaves the
// snapshot equal to the store.
func TestReload_DuringChange_KeepsSnapshotConsistent(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := &hookedStore{memoryStore: new(memoryStore)}
	m := open(t, store, cfg)
	reload := func() {
		if err := keys.Reload(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	store.afterInsert, store.afterDelete = reload, reload
	for range 9 {
		c.Advance(cfg.RotationInterval)
		refresh(t, m)
		if got, want := len(m.List()), len(store.all()); got != want {
			t.Fatalf("%d keys in the snapshot, %d in the store", got, want)
		}
	}
}

// A rotation that loses the race to a new standby goes on; one that loses to another
// rotation fails, and its key is kept for the next change.
func TestRotate_InsertConflict(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := &hookedStore{memoryStore: new(memoryStore)}
	// A fixed seed: one drawn key in 64 has a kid that begins with "-" and is drawn again.
	random := &seedCounter{Reader: randv2.NewChaCha8([32]byte{1})}
	mine := cfg
	mine.Rand = random
	m, other := open(t, store, mine), open(t, store.memoryStore, cfg)

	made := random.drawn
	store.beforeInsert = func() { rotate(t, other, true) }
	if _, err := m.Rotate(t.Context(), keys.Change{Force: true}); !errors.Is(err, keys.ErrRotated) || random.drawn != made+1 {
		t.Errorf("got %v, %d keys drawn", err, random.drawn-made)
	}
	c.Advance(cfg.Refresh)
	refresh(t, m, other)
	store.beforeInsert = func() {
		if err := other.Revoke(t.Context(), inState(other, keys.Standby)[0], keys.Change{}); err != nil {
			t.Error(err)
		}
	}
	r := rotate(t, m, true)
	if active(t, m) != r.Activates || random.drawn != made+1 {
		t.Errorf("%s signs after %+v; %d keys drawn", active(t, m), r, random.drawn-made)
	}
	refresh(t, other)
	if active(t, other) != r.Activates {
		t.Error("the instances disagree")
	}
}

// seedCounter counts the keys drawn from it: seeds of 32 bytes.
type seedCounter struct {
	io.Reader
	drawn int
}

func (c *seedCounter) Read(b []byte) (int, error) {
	if len(b) == 32 {
		c.drawn++
	}
	return c.Reader.Read(b)
}

func TestNoRandomness(t *testing.T) {
	for name, broken := range map[string]io.Reader{"none": iotest.ErrReader(errors.New("no entropy")), "ends": io.LimitReader(rand.Reader, 40)} {
		t.Run(name, func(t *testing.T) {
			store, cfg := new(memoryStore), settings(newClock())
			cfg.Rand = broken
			if _, err := keys.Open(t.Context(), store, testMasterKey(t), cfg); err == nil || len(store.all()) != 0 {
				t.Errorf("got %v, %d keys", err, len(store.all()))
			}
		})
	}
}

// A failure after a successful reading is an error of the refresh; the reading counts.
func TestRefresh_WriteFails_ReadIsApplied(t *testing.T) {
	for _, op := range []string{"insert", "delete"} {
		t.Run(op, func(t *testing.T) {
			c := newClock()
			cfg := settings(c)
			store := new(memoryStore)
			m := open(t, store, cfg)
			store.failWith(func(name string) error {
				if name == op {
					return unavailable(op)
				}
				return nil
			})
			failed := 0
			for range 8 {
				c.Advance(cfg.RotationInterval)
				if err := m.Refresh(t.Context()); errors.Is(err, storage.ErrUnavailable) {
					failed++
				} else if err != nil {
					t.Fatal(err)
				}
				sign(t, m)
			}
			if failed == 0 {
				t.Error("nothing failed")
			}
			store.failWith(nil)
			refresh(t, m)
			if n := len(inState(m, keys.Standby)); n == 0 {
				t.Error("it did not recover")
			}
		})
	}
}

// Of two instances whose scheduled rotation is due, the slower one takes over
// what the faster one stored.
func TestScheduledRotation_LosesRace_AdoptsWinner(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := &hookedStore{memoryStore: new(memoryStore)}
	m, other := open(t, store, cfg), open(t, store.memoryStore, cfg)
	c.Advance(cfg.RotationInterval)
	store.beforeInsert = func() { refresh(t, other) }
	refresh(t, m)
	if len(store.all()) != 3 || active(t, m) != active(t, other) {
		t.Errorf("%d records, %s and %s sign", len(store.all()), active(t, m), active(t, other))
	}
}

// A change that hangs in the store delays neither a caller whose context ends nor
// signing nor publishing.
func TestRotate_StoreHangs_OthersAreNotBlocked(t *testing.T) {
	store := &hookedStore{memoryStore: new(memoryStore)}
	m := open(t, store, settings(newClock()))
	hanging, release := make(chan struct{}), make(chan struct{})
	store.beforeInsert = func() { close(hanging); <-release }
	done := make(chan error)
	go func() { _, err := m.Rotate(t.Context(), keys.Change{Force: true}); done <- err }()
	<-hanging

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Rotate(ctx, keys.Change{Force: true}); err == nil {
		t.Error("rotated in the middle of a rotation")
	}
	if _, _, err := m.Verify(t.Context(), sign(t, m)); err != nil || len(m.JWKS().Body) == 0 {
		t.Errorf("verify: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
