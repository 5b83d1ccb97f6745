package keys_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/keys"
)

func TestEmptyStoreGetsActiveAndStandby(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			store := new(memoryStore)
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
	store, cfg := new(memoryStore), settings(newClock())
	first := active(t, open(t, store, cfg))
	if again := active(t, open(t, store, cfg)); again != first || len(store.all()) != 2 {
		t.Errorf("%s signs, was %s; %d records", again, first, len(store.all()))
	}
}

// K10: an instance that joins later shows the same set as the others.
func TestLateInstanceShowsTheSameSet(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	rotate(t, m, true)
	c.Advance(time.Minute)
	rotate(t, m, false)
	late := open(t, store, cfg)
	if a, b := m.JWKS(), late.JWKS(); a.ETag != b.ETag || active(t, m) != active(t, late) {
		t.Errorf("%s and %s", a.Body, b.Body)
	}
}

func TestOldRecordsAreRemoved(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	for range 12 {
		c.Advance(cfg.RotationInterval)
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
	store := new(memoryStore)
	m := open(t, store, cfg)
	rotate(t, m, true)
	if err := m.Revoke(t.Context(), active(t, m), keys.Change{}); err != nil {
		t.Fatal(err)
	}
	store.failWith(unavailable)
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
	store := new(memoryStore)
	m := open(t, store, cfg)
	other := open(t, store, cfg)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	r := rotate(t, other, true)
	waitFor(t, func() bool { return active(t, m) == r.Activates })

	store.failWith(unavailable)
	calls := store.calls.Load()
	waitFor(t, func() bool { return store.calls.Load() > calls+3 })
	store.failWith(nil)
	c.Advance(cfg.StaleAfter() + time.Minute)
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

// No verb shows a private key, wherever it is held.
func TestManagerPrintsNoSecret(t *testing.T) {
	store := new(memoryStore)
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
		secret := fmt.Sprintf("%x %d %s", keys.OpenForTest(t, testMasterKey(t), k), keys.OpenForTest(t, testMasterKey(t), k), fmt.Sprintf("%#v", keys.OpenForTest(t, testMasterKey(t), k)))
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

// The event of a change names who asked for it; what the instance does by itself names
// nobody.
func TestEvents_NameWhoAsked(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	var events []keys.Event
	cfg.OnEvent = func(e keys.Event) { events = append(events, e) }
	m := open(t, new(memoryStore), cfg)
	events = nil
	if _, err := m.Rotate(t.Context(), keys.Change{Force: true, By: "alice"}); err != nil {
		t.Fatal(err)
	}
	if err := m.Revoke(t.Context(), active(t, m), keys.Change{By: "bob"}); err != nil {
		t.Fatal(err)
	}
	c.Advance(cfg.RotationInterval)
	refresh(t, m)
	for n, want := range []struct {
		kind keys.EventKind
		by   string
	}{{keys.EventRotated, "alice"}, {keys.EventRevoked, "bob"}, {keys.EventCreated, "bob"}, {keys.EventRotated, ""}} {
		if n >= len(events) || events[n].Kind != want.kind || events[n].By != want.by {
			t.Fatalf("event %d is not %v: %+v", n, want, events)
		}
	}
}
