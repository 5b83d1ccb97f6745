package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

func TestEmptyStoreGetsActiveAndStandby(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			store := new(memory)
			m := open(t, store, withAlg(newClock(), alg))
			if got := inState(m, keys.Active); len(got) != 1 || got[0] != active(t, m) {
				t.Errorf("active: %v", got)
			}
			if got := inState(m, keys.Standby); len(got) != 1 {
				t.Errorf("standby: %v", got)
			}
			if records := store.all(); len(records) != 2 || records[0].Seq != 1 || records[1].Seq != 2 || !records[0].ActivatesAt.Equal(records[0].CreatedAt) || !records[1].ActivatesAt.IsZero() {
				t.Errorf("records: %+v", records)
			}
		})
	}
}

func TestReopenedStoreKeepsItsKeys(t *testing.T) {
	store, cfg := new(memory), settings(newClock())
	first := active(t, open(t, store, cfg))
	if again := active(t, open(t, store, cfg)); again != first || len(store.all()) != 2 {
		t.Errorf("%s signs, was %s; %d records", again, first, len(store.all()))
	}
}

func TestRotationWaitsForPublishAhead(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memory), cfg)
	first, standby := active(t, m), inState(m, keys.Standby)[0]

	c.advance(time.Hour)
	r := rotate(t, m, false)
	start := epoch.Add(cfg.PublishAhead)
	if r.Activates != standby || !r.At.Equal(start) || !slices.Contains(inState(m, keys.Standby), r.NewStandby) {
		t.Fatalf("got %+v", r)
	}
	if i := info(t, m, standby); i.State != keys.Standby || !i.ActivatesAt.Equal(start) {
		t.Errorf("the standby is %+v", i)
	}
	if i := info(t, m, first); !i.RetiresAt.Equal(start) || !i.GoneAt.Equal(start.Add(cfg.Retention())) {
		t.Errorf("the active key is %+v", i)
	}
	c.set(start.Add(-time.Nanosecond))
	refresh(t, m)
	if active(t, m) != first {
		t.Error("rotated too early")
	}
	c.set(start)
	if active(t, m) != standby {
		t.Error("did not rotate")
	}
	if i := info(t, m, first); i.State != keys.Retired {
		t.Errorf("the old key is %s", i.State)
	}
}

func TestRotationIsImmediateOncePublishedLongEnough(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memory), cfg)
	standby := inState(m, keys.Standby)[0]
	c.advance(cfg.PublishAhead)
	refresh(t, m)
	if r := rotate(t, m, false); r.Activates != standby || !r.At.Equal(c.now()) || active(t, m) != standby {
		t.Errorf("got %+v", r)
	}
}

func TestForcedRotation(t *testing.T) {
	m := open(t, new(memory), settings(newClock()))
	standby := inState(m, keys.Standby)[0]
	if r := rotate(t, m, true); r.Activates != standby || active(t, m) != standby {
		t.Errorf("got %+v", r)
	}
}

func TestRotationWhileOneIsScheduled(t *testing.T) {
	c := newClock()
	m := open(t, new(memory), settings(c))
	scheduled := rotate(t, m, false)
	c.advance(time.Minute)

	_, err := m.Rotate(t.Context(), false)
	var already *keys.ScheduledError
	if !errors.As(err, &already) || already.KID != scheduled.Activates || !already.At.Equal(scheduled.At) || !errors.Is(err, keys.ErrRotated) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "2030-01-03T03:04:05Z") {
		t.Errorf("the error does not say when: %v", err)
	}
	hurried := rotate(t, m, true)
	if hurried.Activates != scheduled.Activates || active(t, m) != scheduled.Activates {
		t.Errorf("forced: %+v, scheduled: %+v", hurried, scheduled)
	}
	// When the moment comes for which it was scheduled, nothing more happens.
	c.set(scheduled.At)
	refresh(t, m)
	if active(t, m) != scheduled.Activates {
		t.Error("the schedule that was hurried has come into force again")
	}
	// The surplus standby leaves with the next rotation.
	c.advance(settings(c).PublishAhead)
	refresh(t, m)
	if r := rotate(t, m, false); r.Activates != hurried.NewStandby || len(inState(m, keys.Standby)) != 1 {
		t.Errorf("got %+v, standbys %v", r, inState(m, keys.Standby))
	}
}

func TestRotationRightAfterAnother(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	rotate(t, open(t, store, cfg), true)
	for _, force := range []bool{false, true} {
		if _, err := open(t, store, cfg).Rotate(t.Context(), force); !errors.Is(err, keys.ErrRotated) {
			t.Errorf("force %v: got %v", force, err)
		}
	}
	c.advance(cfg.Refresh)
	rotate(t, open(t, store, cfg), true)
	if n := len(store.all()); n != 4 {
		t.Errorf("%d records", n)
	}
}

// Whoever asks for a rotation without having seen the last one is told of it;
// asking again is a rotation of its own.
func TestRotationByOneThatHasNotSeenTheLast(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	m, other := open(t, store, cfg), open(t, store, cfg)
	rotate(t, other, true)
	c.advance(2 * cfg.Refresh)
	if _, err := m.Rotate(t.Context(), true); !errors.Is(err, keys.ErrRotated) || len(store.all()) != 3 {
		t.Errorf("got %v", err)
	}
	rotate(t, m, true)
}

// K06: the retired key is published until its last token can have expired, by
// whichever instance and clock, and then leaves, without the store.
func TestRetiredKeyLeaves(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	m := open(t, store, cfg)
	first := active(t, m)
	token := sign(t, m)
	rotate(t, m, true)
	store.failWith(down)

	c.set(epoch.Add(cfg.TokenLifetime + cfg.Leeway))
	if !slices.Contains(published(t, m), first) {
		t.Error("gone while a token may be alive")
	}
	c.set(epoch.Add(cfg.Retention() - 1))
	if _, _, err := m.Verify(t.Context(), token); err != nil || !slices.Contains(published(t, m), first) {
		t.Errorf("gone too early: %v", err)
	}
	c.set(epoch.Add(cfg.Retention()))
	if _, _, err := m.Verify(t.Context(), token); !errors.Is(err, keys.ErrUnknownKey) || slices.Contains(published(t, m), first) {
		t.Errorf("still there: %v", err)
	}
	if i := info(t, m, first); i.State != keys.Expired {
		t.Errorf("it is %s", i.State)
	}
}

func TestScheduledRotation(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	m := open(t, store, cfg)
	first, standby := active(t, m), inState(m, keys.Standby)[0]

	due := epoch.Add(cfg.RotationInterval)
	c.set(due.Add(-cfg.StaleAfter() - time.Second))
	refresh(t, m)
	if len(store.all()) != 2 {
		t.Fatal("scheduled too early")
	}
	c.set(due.Add(-cfg.StaleAfter()))
	refresh(t, m)
	refresh(t, m)
	if len(store.all()) != 3 || !info(t, m, standby).ActivatesAt.Equal(due) {
		t.Fatalf("not scheduled ahead: %+v", m.List())
	}
	c.set(due.Add(-time.Second))
	if active(t, m) != first {
		t.Error("too early")
	}
	c.set(due)
	if active(t, m) != standby {
		t.Error("not rotated")
	}
	for i := range 5 {
		c.advance(cfg.RotationInterval)
		refresh(t, m)
		c.advance(cfg.StaleAfter())
		refresh(t, m)
		if got := inState(m, keys.Standby); len(got) != 1 {
			t.Fatalf("rotation %d: standbys %v", i, got)
		}
	}
	if top := store.all()[len(store.all())-1].Seq; top != 8 {
		t.Errorf("%d keys were made, want 8", top)
	}
}

func TestRotationByHandOnly(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	cfg.RotationInterval = 0
	store := new(memory)
	m := open(t, store, cfg)
	c.advance(10 * 365 * 24 * time.Hour)
	refresh(t, m)
	if len(store.all()) != 2 {
		t.Error("rotated by itself")
	}
}

func TestRevokeActive(t *testing.T) {
	c := newClock()
	store := new(memory)
	m := open(t, store, settings(c))
	first, standby := active(t, m), inState(m, keys.Standby)[0]
	token := sign(t, m)
	if err := m.Revoke(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if active(t, m) != standby || slices.Contains(published(t, m), first) {
		t.Error("the standby did not take over")
	}
	if _, _, err := m.Verify(t.Context(), token); !errors.Is(err, keys.ErrUnknownKey) {
		t.Errorf("a token of the revoked key: %v", err)
	}
	if got := inState(m, keys.Standby); len(got) != 1 || len(store.all()) != 3 {
		t.Errorf("standbys: %v", got)
	}
	if err := m.Revoke(t.Context(), first); err != nil || len(store.all()) != 3 {
		t.Errorf("again: %v", err)
	}
}

func TestRevokeStandby(t *testing.T) {
	m := open(t, new(memory), settings(newClock()))
	first, standby := active(t, m), inState(m, keys.Standby)[0]
	if err := m.Revoke(t.Context(), standby); err != nil {
		t.Fatal(err)
	}
	got := inState(m, keys.Standby)
	if active(t, m) != first || len(got) != 1 || got[0] == standby || slices.Contains(published(t, m), standby) {
		t.Errorf("active %s, standbys %v", active(t, m), got)
	}
}

func TestRevokeOfScheduledStandby(t *testing.T) {
	c := newClock()
	m := open(t, new(memory), settings(c))
	first := active(t, m)
	r := rotate(t, m, false)
	if err := m.Revoke(t.Context(), r.Activates); err != nil {
		t.Fatal(err)
	}
	c.set(r.At)
	refresh(t, m)
	if active(t, m) != first {
		t.Error("somebody else started")
	}
	if again := rotate(t, m, false); again.Activates != r.NewStandby || active(t, m) != r.NewStandby {
		t.Errorf("the next rotation: %+v", again)
	}
}

func TestRevokeEverything(t *testing.T) {
	store := new(memory)
	m := open(t, store, settings(newClock()))
	for _, kid := range append(inState(m, keys.Standby), inState(m, keys.Active)...) {
		if err := store.RevokeKey(t.Context(), kid, epoch); err != nil {
			t.Fatal(err)
		}
	}
	refresh(t, m)
	if len(inState(m, keys.Active)) != 1 || len(inState(m, keys.Standby)) != 1 || len(store.all()) != 4 {
		t.Errorf("%+v", m.List())
	}
	sign(t, m)
}

func TestRevokeUnknown(t *testing.T) {
	m := open(t, new(memory), settings(newClock()))
	if err := m.Revoke(t.Context(), "nobody"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// Where the revocation is stored but the standby cannot be, the key is out all
// the same, and the error says both.
func TestRevokeWithHalfAStore(t *testing.T) {
	store := new(memory)
	m := open(t, store, settings(newClock()))
	first := active(t, m)
	store.failWith(func(op string) error {
		if op == "revoke" {
			return nil
		}
		return down(op)
	})
	if err := m.Revoke(t.Context(), first); !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "is revoked, but") {
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
	store := new(memory)
	m := open(t, store, cfg)
	token, document := sign(t, m), m.JWKS()
	store.failWith(down)

	if _, err := m.Rotate(t.Context(), true); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("rotate: %v", err)
	}
	if err := m.Revoke(t.Context(), active(t, m)); !errors.Is(err, storage.ErrUnavailable) {
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
	if _, err := keys.Open(t.Context(), store, master(t), cfg); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("open: %v", err)
	}
}

// K10: a cut-off instance stops signing, goes on verifying and publishing, and
// comes back by itself.
func TestStaleView(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	m := open(t, store, cfg)
	token := sign(t, m)
	store.failWith(down)

	c.advance(cfg.StaleAfter())
	if err := m.Ready(); err != nil {
		t.Fatalf("stale too early: %v", err)
	}
	c.advance(1)
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

// K10: an instance that joins later shows the same set as the others.
func TestLateInstanceShowsTheSameSet(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	m := open(t, store, cfg)
	rotate(t, m, true)
	c.advance(time.Minute)
	rotate(t, m, false)
	late := open(t, store, cfg)
	if a, b := m.JWKS(), late.JWKS(); a.ETag != b.ETag || active(t, m) != active(t, late) {
		t.Errorf("%s and %s", a.Body, b.Body)
	}
}

func TestVanishedKeysAreNotReplaced(t *testing.T) {
	store := new(memory)
	m := open(t, store, settings(newClock()))
	store.mu.Lock()
	store.records = nil
	store.mu.Unlock()
	if err := m.Refresh(t.Context()); err == nil || len(store.all()) != 0 {
		t.Errorf("refresh: %v, %d records", err, len(store.all()))
	}
	sign(t, m)
}

// A store that never shows what it holds is not asked for ever.
func TestStoreThatHidesRecords(t *testing.T) {
	store := hiding{memory: new(memory)}
	open(t, store.memory, settings(newClock()))
	if _, err := keys.Open(t.Context(), store, master(t), settings(newClock())); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if n := store.calls.Load(); n > 200 {
		t.Errorf("asked %d times", n)
	}
}

type hiding struct{ *memory }

func (h hiding) ListKeys(ctx context.Context) ([]storage.Key, error) {
	if _, err := h.memory.ListKeys(ctx); err != nil {
		return nil, err
	}
	return nil, nil
}

func TestOldRecordsAreRemoved(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	m := open(t, store, cfg)
	for range 12 {
		c.advance(cfg.RotationInterval)
		refresh(t, m)
		sign(t, m)
	}
	records := store.all()
	if n := len(records); n > 6 || records[n-1].Seq != 14 {
		t.Errorf("%d records, the last has number %d", n, records[n-1].Seq)
	}
	if got, want := active(t, open(t, store, cfg)), active(t, m); got != want {
		t.Errorf("after the removal %s signs for a new instance, and %s for the old", got, want)
	}
}

// hooked lets something happen right before or after a step of the store.
type hooked struct {
	*memory
	beforeInsert, afterInsert, afterDelete func()
}

func (h *hooked) InsertKey(ctx context.Context, k storage.Key) error {
	if before := h.beforeInsert; before != nil {
		h.beforeInsert = nil
		before()
	}
	err := h.memory.InsertKey(ctx, k)
	if h.afterInsert != nil {
		h.afterInsert()
	}
	return err
}

func (h *hooked) DeleteKey(ctx context.Context, kid string) error {
	err := h.memory.DeleteKey(ctx, kid)
	if h.afterDelete != nil {
		h.afterDelete()
	}
	return err
}

// A reading that comes between a change and its entry in the view leaves the
// view as the store is.
func TestReadingBetween(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := &hooked{memory: new(memory)}
	m := open(t, store, cfg)
	reload := func() {
		if err := keys.Reload(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	store.afterInsert, store.afterDelete = reload, reload
	for range 9 {
		c.advance(cfg.RotationInterval)
		refresh(t, m)
		if got, want := len(m.List()), len(store.all()); got != want {
			t.Fatalf("%d keys in the view, %d in the store", got, want)
		}
	}
}

// A rotation that loses to a mere standby goes on; one that loses to another
// rotation gives up and keeps the key it made for the next time.
func TestLosingARotation(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := &hooked{memory: new(memory)}
	random := &counter{Reader: rand.Reader}
	mine := cfg
	mine.Rand = random
	m, other := open(t, store, mine), open(t, store.memory, cfg)

	made := random.drawn
	store.beforeInsert = func() { rotate(t, other, true) }
	if _, err := m.Rotate(t.Context(), true); !errors.Is(err, keys.ErrRotated) || random.drawn != made+1 {
		t.Errorf("got %v, %d keys drawn", err, random.drawn-made)
	}
	c.advance(cfg.Refresh)
	refresh(t, m, other)
	store.beforeInsert = func() {
		if err := other.Revoke(t.Context(), inState(other, keys.Standby)[0]); err != nil {
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

// counter counts the keys drawn from it: seeds of 32 bytes.
type counter struct {
	io.Reader
	drawn int
}

func (c *counter) Read(b []byte) (int, error) {
	if len(b) == 32 {
		c.drawn++
	}
	return c.Reader.Read(b)
}

func TestNoRandomness(t *testing.T) {
	for name, broken := range map[string]io.Reader{"none": iotest.ErrReader(errors.New("no entropy")), "ends": io.LimitReader(rand.Reader, 40)} {
		t.Run(name, func(t *testing.T) {
			store, cfg := new(memory), settings(newClock())
			cfg.Rand = broken
			if _, err := keys.Open(t.Context(), store, master(t), cfg); err == nil || len(store.all()) != 0 {
				t.Errorf("got %v, %d keys", err, len(store.all()))
			}
		})
	}
}

func TestEvents(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	var mu sync.Mutex
	var got []string
	cfg.OnEvent = func(e keys.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind != keys.EventRefreshFailed && e.Kind != keys.EventRefreshed && (e.KID == "" || e.At.IsZero()) || e.Kind == keys.EventRefreshFailed && e.Err == nil {
			t.Errorf("incomplete: %+v", e)
		}
		got = append(got, string(e.Kind))
	}
	store := new(memory)
	m := open(t, store, cfg)
	rotate(t, m, true)
	if err := m.Revoke(t.Context(), active(t, m)); err != nil {
		t.Fatal(err)
	}
	store.failWith(down)
	for range 2 {
		if err := m.Refresh(t.Context()); err == nil {
			t.Fatal("refreshed without a store")
		}
	}
	store.failWith(nil)
	refresh(t, m)
	refresh(t, m)
	want := []string{"key.created", "key.created", "key.rotated", "key.revoked", "key.created", "keys.refresh_failed", "keys.refresh_failed", "keys.refreshed"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRunRefreshesAndEnds(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	cfg.Refresh = time.Millisecond
	store := new(memory)
	m := open(t, store, cfg)
	other := open(t, store, cfg)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	r := rotate(t, other, true)
	waitFor(t, func() bool { return active(t, m) == r.Activates })

	store.failWith(down)
	calls := store.calls.Load()
	waitFor(t, func() bool { return store.calls.Load() > calls+3 })
	store.failWith(nil)
	c.advance(cfg.StaleAfter() + time.Minute)
	waitFor(t, func() bool { return m.Ready() == nil })

	cancel()
	<-done
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for range 10_000 {
		if condition() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("did not happen")
}

// The private keys show under no verb, wherever they are held.
func TestManagerPrintsNoSecret(t *testing.T) {
	store := new(memory)
	m := open(t, store, settings(newClock()))
	s, err := m.Current()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		fmt.Fprintf(&out, verb+verb+verb, s, &s, []any{s})
	}
	for _, k := range store.all() {
		secret := fmt.Sprintf("%x %d %s", keys.OpenForTest(t, master(t), k), keys.OpenForTest(t, master(t), k), fmt.Sprintf("%#v", keys.OpenForTest(t, master(t), k)))
		for _, part := range strings.Fields(strings.NewReplacer("[", " ", "]", " ", "{", " ", "}", " ").Replace(secret)) {
			if len(part) >= 32 && strings.Contains(out.String(), part[:32]) {
				t.Errorf("%s shows", part[:32])
			}
		}
		numbers := strings.Trim(strings.SplitN(secret, " ", 2)[1], "[")[:40]
		if strings.Contains(out.String(), numbers) {
			t.Errorf("%s shows", numbers)
		}
	}
}
