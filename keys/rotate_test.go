package keys_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

func TestRotationWaitsForPublishAhead(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	first, standby := active(t, m), inState(m, keys.Standby)[0]

	c.Advance(time.Hour)
	r := rotate(t, m, false)
	start := epoch.Add(cfg.PublishAhead)
	if r.Activates != standby || !r.At.Equal(start) || !slices.Contains(inState(m, keys.Standby), r.NewStandby) {
		t.Fatalf("got %+v", r)
	}
	if i := info(t, m, standby); i.State != keys.Standby || !i.ActivatesAt.Equal(start) {
		t.Errorf("the standby is %+v", i)
	}
	if i := info(t, m, first); !i.RetiresAt.Equal(start) || !i.UnpublishedAt.Equal(start.Add(cfg.Retention())) {
		t.Errorf("the active key is %+v", i)
	}
	c.Set(start.Add(-time.Nanosecond))
	refresh(t, m)
	if active(t, m) != first {
		t.Error("rotated too early")
	}
	c.Set(start)
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
	m := open(t, new(memoryStore), cfg)
	standby := inState(m, keys.Standby)[0]
	c.Advance(cfg.PublishAhead)
	refresh(t, m)
	if r := rotate(t, m, false); r.Activates != standby || !r.At.Equal(c.Now()) || active(t, m) != standby {
		t.Errorf("got %+v", r)
	}
}

func TestForcedRotation(t *testing.T) {
	m := open(t, new(memoryStore), settings(newClock()))
	standby := inState(m, keys.Standby)[0]
	if r := rotate(t, m, true); r.Activates != standby || active(t, m) != standby {
		t.Errorf("got %+v", r)
	}
}

func TestRotationWhileOneIsScheduled(t *testing.T) {
	c := newClock()
	m := open(t, new(memoryStore), settings(c))
	scheduled := rotate(t, m, false)
	c.Advance(time.Minute)

	_, err := m.Rotate(t.Context(), keys.Change{})
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
	c.Set(scheduled.At)
	refresh(t, m)
	if active(t, m) != scheduled.Activates {
		t.Error("the schedule that was hurried has come into force again")
	}
	// The surplus standby leaves with the next rotation.
	c.Advance(settings(c).PublishAhead)
	refresh(t, m)
	if r := rotate(t, m, false); r.Activates != hurried.NewStandby || len(inState(m, keys.Standby)) != 1 {
		t.Errorf("got %+v, standbys %v", r, inState(m, keys.Standby))
	}
}

func TestRotationRightAfterAnother(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	rotate(t, open(t, store, cfg), true)
	for _, force := range []bool{false, true} {
		if _, err := open(t, store, cfg).Rotate(t.Context(), keys.Change{Force: force}); !errors.Is(err, keys.ErrRotated) {
			t.Errorf("force %v: got %v", force, err)
		}
	}
	c.Advance(cfg.Refresh)
	rotate(t, open(t, store, cfg), true)
	if n := len(store.all()); n != 4 {
		t.Errorf("%d records", n)
	}
}

// A rotation by an instance that has not read the last one fails with ErrRotated; the
// next one succeeds.
func TestRotate_StaleInstance_GetsErrRotated(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m, other := open(t, store, cfg), open(t, store, cfg)
	rotate(t, other, true)
	c.Advance(2 * cfg.Refresh)
	if _, err := m.Rotate(t.Context(), keys.Change{Force: true}); !errors.Is(err, keys.ErrRotated) || len(store.all()) != 3 {
		t.Errorf("got %v", err)
	}
	rotate(t, m, true)
}

// K06: the retired key is published until its last token can have expired, by
// whichever instance and clock, and then leaves, without the store.
func TestRetiredKeyLeaves(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	first := active(t, m)
	token := sign(t, m)
	rotate(t, m, true)
	store.failWith(unavailable)

	c.Set(epoch.Add(cfg.TokenLifetime + cfg.Leeway))
	if !slices.Contains(published(t, m), first) {
		t.Error("gone while a token may be alive")
	}
	c.Set(epoch.Add(cfg.Retention() - 1))
	if _, _, err := m.Verify(t.Context(), token); err != nil || !slices.Contains(published(t, m), first) {
		t.Errorf("gone too early: %v", err)
	}
	c.Set(epoch.Add(cfg.Retention()))
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
	store := new(memoryStore)
	m := open(t, store, cfg)
	first, standby := active(t, m), inState(m, keys.Standby)[0]

	due := epoch.Add(cfg.RotationInterval)
	c.Set(due.Add(-cfg.StaleAfter() - time.Second))
	refresh(t, m)
	if len(store.all()) != 2 {
		t.Fatal("scheduled too early")
	}
	c.Set(due.Add(-cfg.StaleAfter()))
	refresh(t, m)
	refresh(t, m)
	if len(store.all()) != 3 || !info(t, m, standby).ActivatesAt.Equal(due) {
		t.Fatalf("not scheduled ahead: %+v", m.List())
	}
	c.Set(due.Add(-time.Second))
	if active(t, m) != first {
		t.Error("too early")
	}
	c.Set(due)
	if active(t, m) != standby {
		t.Error("not rotated")
	}
	for i := range 5 {
		c.Advance(cfg.RotationInterval)
		refresh(t, m)
		c.Advance(cfg.StaleAfter())
		refresh(t, m)
		if got := inState(m, keys.Standby); len(got) != 1 {
			t.Fatalf("rotation %d: standbys %v", i, got)
		}
	}
	if top := store.all()[len(store.all())-1].Seq; top != 8 {
		t.Errorf("%d keys were made, want 8", top)
	}
}

func TestRotationInterval_Zero_NeverRotates(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	cfg.RotationInterval = 0
	store := new(memoryStore)
	m := open(t, store, cfg)
	c.Advance(10 * 365 * 24 * time.Hour)
	refresh(t, m)
	if len(store.all()) != 2 {
		t.Error("rotated by itself")
	}
}

func TestRevokeActive(t *testing.T) {
	c := newClock()
	store := new(memoryStore)
	m := open(t, store, settings(c))
	first, standby := active(t, m), inState(m, keys.Standby)[0]
	token := sign(t, m)
	if err := m.Revoke(t.Context(), first, keys.Change{}); err != nil {
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
	if err := m.Revoke(t.Context(), first, keys.Change{}); err != nil || len(store.all()) != 3 {
		t.Errorf("again: %v", err)
	}
}

func TestRevokeStandby(t *testing.T) {
	m := open(t, new(memoryStore), settings(newClock()))
	first, standby := active(t, m), inState(m, keys.Standby)[0]
	if err := m.Revoke(t.Context(), standby, keys.Change{}); err != nil {
		t.Fatal(err)
	}
	got := inState(m, keys.Standby)
	if active(t, m) != first || len(got) != 1 || got[0] == standby || slices.Contains(published(t, m), standby) {
		t.Errorf("active %s, standbys %v", active(t, m), got)
	}
}

func TestRevokeOfScheduledStandby(t *testing.T) {
	c := newClock()
	m := open(t, new(memoryStore), settings(c))
	first := active(t, m)
	r := rotate(t, m, false)
	if err := m.Revoke(t.Context(), r.Activates, keys.Change{}); err != nil {
		t.Fatal(err)
	}
	c.Set(r.At)
	refresh(t, m)
	if active(t, m) != first {
		t.Error("somebody else started")
	}
	if again := rotate(t, m, false); again.Activates != r.NewStandby || active(t, m) != r.NewStandby {
		t.Errorf("the next rotation: %+v", again)
	}
}

func TestRevokeEverything(t *testing.T) {
	store := new(memoryStore)
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
	m := open(t, new(memoryStore), settings(newClock()))
	if err := m.Revoke(t.Context(), "nobody", keys.Change{}); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
