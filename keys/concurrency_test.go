package keys_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/keys"
)

// K08: three instances start on an empty store at once.
func TestRacingStarts(t *testing.T) {
	for round := range 50 {
		c := newClock()
		store := new(memoryStore)
		managers := make([]*keys.Manager, 3)
		var group sync.WaitGroup
		for i := range managers {
			group.Go(func() {
				m, err := keys.Open(t.Context(), store, testMasterKey(t), withAlg(c, []string{keys.EdDSA, keys.ES256}[round%2]))
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				managers[i] = m
			})
		}
		group.Wait()
		if t.Failed() {
			return
		}
		refresh(t, managers...)
		for _, m := range managers {
			if active(t, m) != active(t, managers[0]) || len(inState(m, keys.Active)) != 1 || len(inState(m, keys.Standby)) != 1 {
				t.Fatalf("round %d: %+v", round, m.List())
			}
		}
		if n := len(store.all()); n != 2 {
			t.Fatalf("round %d: %d keys", round, n)
		}
	}
}

// K07: twenty rotations at once over three instances make one new key.
func TestRacingRotations(t *testing.T) {
	for _, force := range []bool{false, true} {
		for round := range 25 {
			t.Run(fmt.Sprintf("force %v, round %d", force, round), func(t *testing.T) { raceRotations(t, force, round%2 == 1) })
		}
	}
}

func raceRotations(t *testing.T, force, publishedLong bool) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	managers := []*keys.Manager{open(t, store, cfg), open(t, store, cfg), open(t, store, cfg)}
	if publishedLong {
		c.Advance(cfg.PublishAhead)
		refresh(t, managers...)
	}
	var mu sync.Mutex
	won := 0
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			_, err := managers[i%3].Rotate(t.Context(), keys.Change{Force: force})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, keys.ErrRotated):
				t.Errorf("lost with %v", err)
			}
		})
	}
	group.Wait()
	if n := len(store.all()); won != 1 || n != 3 {
		t.Errorf("%d won, %d keys", won, n)
	}
	refresh(t, managers...)
	if active(t, managers[0]) != active(t, managers[1]) || active(t, managers[1]) != active(t, managers[2]) {
		t.Error("the instances disagree")
	}
}

// Scheduled rotations of all instances at once make one new key too.
func TestRacingScheduledRotations(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	managers := []*keys.Manager{open(t, store, cfg), open(t, store, cfg), open(t, store, cfg)}
	c.Advance(cfg.RotationInterval)
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			if err := managers[i%3].Refresh(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(store.all()); n != 3 {
		t.Errorf("%d keys", n)
	}
}

// Racing revocations of everything leave one key that signs and one standby.
func TestRacingRevocations(t *testing.T) {
	for range 20 {
		c := newClock()
		cfg := settings(c)
		store := new(memoryStore)
		managers := []*keys.Manager{open(t, store, cfg), open(t, store, cfg), open(t, store, cfg)}
		kids := []string{inState(managers[0], keys.Active)[0], inState(managers[0], keys.Standby)[0]}
		var group sync.WaitGroup
		for i := range 12 {
			group.Go(func() {
				if err := managers[i%3].Revoke(t.Context(), kids[i%2], keys.Change{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		refresh(t, managers...)
		for _, m := range managers {
			if len(inState(m, keys.Active)) != 1 || len(inState(m, keys.Standby)) != 1 || slices.Contains(kids, active(t, m)) {
				t.Fatalf("%+v", m.List())
			}
		}
	}
}

// Signing, verifying, publishing, refreshing and rotating at once: every token
// verifies where it was made and at the other instance.
func TestManager_ConcurrentUse(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	managers := []*keys.Manager{open(t, store, cfg), open(t, store, cfg)}
	var group sync.WaitGroup
	for i := range 64 {
		m := managers[i%2]
		group.Go(func() {
			for range 20 {
				token := sign(t, m)
				for _, any := range managers {
					if _, _, err := any.Verify(t.Context(), token); err != nil {
						t.Errorf("verify: %v", err)
					}
				}
				m.JWKS()
				m.Algs()
			}
		})
	}
	group.Go(func() {
		for range 20 {
			c.Advance(cfg.Refresh)
			refresh(t, managers...) // as each instance does at least once in this time
			if _, err := managers[0].Rotate(t.Context(), keys.Change{Force: true}); err != nil && !errors.Is(err, keys.ErrRotated) {
				t.Error(err)
			}
		}
	})
	group.Go(func() {
		for range 20 {
			c.Advance(time.Second)
			refresh(t, managers...)
		}
	})
	group.Wait()
}
