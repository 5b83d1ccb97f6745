package keys_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

func newMaster(t testing.TB) keys.MasterKey {
	t.Helper()
	k, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// openUnder opens the store under the vault, which must fit.
func openUnder(t testing.TB, store keys.Store, vault keys.Vault, cfg keys.Config) *keys.Manager {
	t.Helper()
	m, err := keys.Open(t.Context(), store, vault, cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return m
}

// The master key changes under running instances: those that hold both keys
// notice nothing, at any step.
func TestReseal(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memory)
	before, after := master(t), newMaster(t)
	old := openUnder(t, store, before, cfg)
	kid := active(t, old)
	token := sign(t, old)

	prepared := openUnder(t, store, keys.NewRing(before, after), cfg)
	changed := openUnder(t, store, keys.NewRing(after, before), cfg)
	rotate(t, changed, true) // its standby lies under the new key
	refresh(t, prepared)
	records := store.all()
	done, err := changed.Reseal(t.Context())
	if err != nil || len(done.Resealed) != 2 || done.Fresh != 1 {
		t.Fatalf("got %+v, %v", done, err)
	}
	refresh(t, prepared, changed)
	for n, k := range store.all() {
		was := records[n]
		if fresh := !slices.Equal(was.Sealed, k.Sealed); fresh != slices.Contains(done.Resealed, k.KID) {
			t.Errorf("key %d changed: %v", k.Seq, fresh)
		}
		if was.Sealed = k.Sealed; !slices.Equal(was.PublicJWK, k.PublicJWK) || was.KID != k.KID || was.Seq != k.Seq || !was.CreatedAt.Equal(k.CreatedAt) {
			t.Errorf("more than the envelope changed: %+v", k)
		}
	}
	for name, m := range map[string]*keys.Manager{"prepared": prepared, "changed": changed, "done": openUnder(t, store, after, cfg)} {
		if _, _, err := m.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		sign(t, m)
	}
	refusesOpening(t, store, before, cfg, kid)
	if again, err := changed.Reseal(t.Context()); err != nil || len(again.Resealed) != 0 || again.Fresh != 3 {
		t.Errorf("again: %+v, %v", again, err)
	}
	// One that was not told of the new key goes on with what it has.
	var refused *keys.UnsealError
	if err := old.Refresh(t.Context()); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	sign(t, old)
}

// Cut off after any number of records, it is repeated and does the rest.
func TestResealIsCutOff(t *testing.T) {
	before, after := master(t), newMaster(t)
	cfg := settings(newClock())
	for cut := range 3 {
		store := new(memory)
		rotate(t, openUnder(t, store, before, cfg), true)
		m := openUnder(t, store, keys.NewRing(after, before), cfg)
		n := 0
		store.failWith(func(op string) error {
			if op == "reseal" {
				if n++; n > cut {
					return down(op)
				}
			}
			return nil
		})
		done, err := m.Reseal(t.Context())
		if !errors.Is(err, storage.ErrUnavailable) || len(done.Resealed) != cut {
			t.Fatalf("cut at %d: %+v, %v", cut, done, err)
		}
		store.failWith(nil)
		openUnder(t, store, keys.NewRing(before, after), cfg)
		rest, err := openUnder(t, store, keys.NewRing(after, before), cfg).Reseal(t.Context())
		if err != nil || len(rest.Resealed) != 3-cut || rest.Fresh != cut {
			t.Errorf("the rest after %d: %+v, %v", cut, rest, err)
		}
		openUnder(t, store, after, cfg)
	}
}

func TestRacingReseals(t *testing.T) {
	before, after := master(t), newMaster(t)
	cfg := settings(newClock())
	store := new(memory)
	rotate(t, openUnder(t, store, before, cfg), true)
	var group sync.WaitGroup
	var mu sync.Mutex
	var done []string
	for range 16 {
		m := openUnder(t, store, keys.NewRing(after, before), cfg)
		group.Go(func() {
			d, err := m.Reseal(t.Context())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			done = append(done, d.Resealed...)
		})
	}
	group.Wait()
	slices.Sort(done)
	if len(done) != 3 || len(slices.Compact(done)) != 3 {
		t.Errorf("resealed: %v", done)
	}
	openUnder(t, store, after, cfg)
}

// A ring without a master key is no key, whatever else it holds.
func TestRingWithoutMasterKey(t *testing.T) {
	for name, vault := range map[string]keys.Vault{"ring": keys.NewRing(keys.MasterKey{}, master(t)), "key": keys.MasterKey{}, "none": nil} {
		if _, err := keys.Open(t.Context(), new(memory), vault, settings(newClock())); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
