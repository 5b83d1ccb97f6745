package keys_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

func rollback(t testing.TB, m *keys.Manager) keys.Rotation {
	t.Helper()
	r, err := m.Rollback(t.Context(), keys.Change{})
	if err != nil {
		t.Fatalf("roll back: %v", err)
	}
	return r
}

// expectRollbackUnavailable expects a rollback to be refused because of the key.
func expectRollbackUnavailable(t testing.TB, m *keys.Manager, kid string) {
	t.Helper()
	var refused *keys.RollbackUnavailableError
	if _, err := m.Rollback(t.Context(), keys.Change{}); !errors.As(err, &refused) || refused.KID != kid {
		t.Errorf("got %v, want a RollbackUnavailableError for %q", err, kid)
	}
}

// K12: the previous key signs again, and every token verifies before and after.
func TestRollback(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m, other := open(t, store, cfg), open(t, store, cfg)
	first := active(t, m)
	expectRollbackUnavailable(t, m, "")
	tokens := []string{sign(t, m)}
	second := rotate(t, m, true).Activates
	tokens = append(tokens, sign(t, m))
	c.Advance(cfg.TokenLifetime - time.Minute)

	r := rollback(t, m)
	if r.Activates != first || active(t, m) != first || !r.At.Equal(c.Now()) {
		t.Fatalf("got %+v, active %s", r, active(t, m))
	}
	tokens = append(tokens, sign(t, m))
	refresh(t, other)
	if active(t, other) != first {
		t.Error("another instance does not follow")
	}
	for n, token := range tokens {
		for _, i := range []*keys.Manager{m, other, open(t, store, cfg)} {
			if _, _, err := i.Verify(t.Context(), token); err != nil {
				t.Errorf("token %d: %v", n, err)
			}
		}
	}
	if i := info(t, m, second); i.State != keys.Retired || !i.RetiresAt.Equal(r.At) || !i.UnpublishedAt.Equal(r.At.Add(cfg.Retention())) {
		t.Errorf("the key that was taken back: %+v", i)
	}
	if i := info(t, m, first); !i.ActivatesAt.Equal(r.At) || !i.RetiresAt.IsZero() || !i.UnpublishedAt.IsZero() {
		t.Errorf("the key that came back: %+v", i)
	}
	c.Advance(cfg.Refresh)
	expectRollbackUnavailable(t, m, "") // a repeated command goes no further
	c.Set(r.At.Add(cfg.Retention()))
	refresh(t, m)
	if slices.Contains(published(t, m), second) || !slices.Contains(published(t, m), first) {
		t.Errorf("published: %v", published(t, m))
	}
}

// After a rollback the schedule starts anew, with the newest standby.
func TestRotationAfterRollback(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	first := active(t, m)
	second := rotate(t, m, true).Activates
	c.Advance(cfg.Refresh)
	r := rollback(t, m)
	due := r.At.Add(cfg.RotationInterval)
	c.Set(due.Add(-time.Second))
	refresh(t, m)
	if active(t, m) != first {
		t.Error("rotated before an interval was over")
	}
	c.Set(due)
	refresh(t, m)
	if got := active(t, m); got != r.NewStandby || got == second {
		t.Errorf("%s signs, want %s", got, r.NewStandby)
	}
	if n := len(inState(m, keys.Standby)); n != 1 {
		t.Errorf("%d standbys", n)
	}
}

// A rollback is possible only as long as every instance can learn of it in time.
func TestRollbackTooLate(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	first := active(t, m)
	r := rotate(t, m, true)
	until := r.At.Add(cfg.TokenLifetime + cfg.Leeway - cfg.Refresh)
	c.Set(until)
	if _, err := m.Plan(keys.PlanRequest{Rollback: true}); err != nil {
		t.Errorf("at the last moment: %v", err)
	}
	c.Advance(time.Second)
	expectRollbackUnavailable(t, m, first)
	c.Set(r.At.Add(cfg.Retention()))
	expectRollbackUnavailable(t, m, "")
	if len(store.all()) != 3 {
		t.Errorf("%d records", len(store.all()))
	}
}

func TestRollbackIsRefused(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	first := active(t, m)
	rotate(t, m, true)
	c.Advance(cfg.Refresh)
	scheduled := rotate(t, m, false)
	var waits *keys.ScheduledError
	if _, err := m.Rollback(t.Context(), keys.Change{}); !errors.As(err, &waits) || waits.KID != scheduled.Activates {
		t.Errorf("with a rotation to come: %v", err)
	}
	if err := m.Revoke(t.Context(), scheduled.Activates, keys.Change{}); err != nil { // calls it off
		t.Fatal(err)
	}
	if err := m.Revoke(t.Context(), first, keys.Change{}); err != nil {
		t.Fatal(err)
	}
	expectRollbackUnavailable(t, m, "")
	store.failWith(unavailable)
	if _, err := m.Rollback(t.Context(), keys.Change{}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("without a store: %v", err)
	}
}

// After a rollback the restored key can be revoked like any other: the standby takes
// over, and the key that it had taken over from does not sign again.
func TestRevokeAfterRollback(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	first := active(t, m)
	r := rotate(t, m, true)
	c.Advance(cfg.Refresh)
	rollback(t, m)
	if err := m.Revoke(t.Context(), first, keys.Change{}); err != nil {
		t.Fatal(err)
	}
	if got := active(t, m); got != r.NewStandby {
		t.Errorf("%s signs, want %s: %+v", got, r.NewStandby, m.List())
	}
}

// Of rollbacks and rotations that race one wins, on any number of instances.
func TestRacingRollbacks(t *testing.T) {
	for range 20 {
		c := newClock()
		cfg := settings(c)
		store := new(memoryStore)
		first := open(t, store, cfg)
		back := active(t, first)
		forward := rotate(t, first, true).NewStandby
		c.Advance(cfg.Refresh)
		won, instances := make([]keys.Rotation, 18), make([]*keys.Manager, 18)
		for n := range instances {
			instances[n] = open(t, store, cfg)
		}
		var group sync.WaitGroup
		for n := range won {
			group.Go(func() {
				var err error
				if n%3 == 0 {
					won[n], err = instances[n].Rotate(t.Context(), keys.Change{Force: true})
				} else {
					won[n], err = instances[n].Rollback(t.Context(), keys.Change{})
				}
				var refused *keys.RollbackUnavailableError
				if err != nil && !errors.Is(err, keys.ErrRotated) && !errors.As(err, &refused) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		won = slices.DeleteFunc(won, func(r keys.Rotation) bool { return r.Activates == "" })
		if len(won) != 1 || won[0].Activates != back && won[0].Activates != forward || len(store.all()) != 4 {
			t.Fatalf("%d won: %+v, %d records", len(won), won, len(store.all()))
		}
		refresh(t, instances...)
		for _, m := range instances {
			if active(t, m) != won[0].Activates {
				t.Errorf("%s signs, want %s", active(t, m), won[0].Activates)
			}
		}
	}
}
