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

func randomMasterKey(t testing.TB) keys.MasterKey {
	t.Helper()
	k, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// openUnder opens the store with the wrapper, which must be the right one.
func openUnder(t testing.TB, store keys.Store, wrapper keys.KeyWrapper, cfg keys.Config) *keys.Manager {
	t.Helper()
	m, err := keys.Open(t.Context(), store, wrapper, cfg)
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
	store := new(memoryStore)
	before, after := testMasterKey(t), randomMasterKey(t)
	old := openUnder(t, store, before, cfg)
	kid := active(t, old)
	token := sign(t, old)

	prepared := openUnder(t, store, keys.NewMasterKeys(before, after), cfg)
	changed := openUnder(t, store, keys.NewMasterKeys(after, before), cfg)
	rotate(t, changed, true) // its standby lies under the new key
	refresh(t, prepared)
	records := store.all()
	done, err := changed.Reseal(t.Context(), keys.Change{})
	if err != nil || len(done.Resealed) != 2 || done.AlreadyResealed != 1 {
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
	expectUnsealError(t, store, before, cfg, kid)
	if again, err := changed.Reseal(t.Context(), keys.Change{}); err != nil || len(again.Resealed) != 0 || again.AlreadyResealed != 3 {
		t.Errorf("again: %+v, %v", again, err)
	}
	// An instance without the new master key goes on with the keys it has.
	var refused *keys.UnsealError
	if err := old.Refresh(t.Context()); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	sign(t, old)
}

// A reseal that was interrupted after any number of records is repeated and does the
// rest.
func TestReseal_Interrupted_CanBeRepeated(t *testing.T) {
	before, after := testMasterKey(t), randomMasterKey(t)
	cfg := settings(newClock())
	for cut := range 3 {
		store := new(memoryStore)
		rotate(t, openUnder(t, store, before, cfg), true)
		m := openUnder(t, store, keys.NewMasterKeys(after, before), cfg)
		n := 0
		store.failWith(func(op string) error {
			if op == "reseal" {
				if n++; n > cut {
					return unavailable(op)
				}
			}
			return nil
		})
		done, err := m.Reseal(t.Context(), keys.Change{})
		if !errors.Is(err, storage.ErrUnavailable) || len(done.Resealed) != cut {
			t.Fatalf("cut at %d: %+v, %v", cut, done, err)
		}
		store.failWith(nil)
		openUnder(t, store, keys.NewMasterKeys(before, after), cfg)
		rest, err := openUnder(t, store, keys.NewMasterKeys(after, before), cfg).Reseal(t.Context(), keys.Change{})
		if err != nil || len(rest.Resealed) != 3-cut || rest.AlreadyResealed != cut {
			t.Errorf("the rest after %d: %+v, %v", cut, rest, err)
		}
		openUnder(t, store, after, cfg)
	}
}

func TestRacingReseals(t *testing.T) {
	before, after := testMasterKey(t), randomMasterKey(t)
	cfg := settings(newClock())
	store := new(memoryStore)
	rotate(t, openUnder(t, store, before, cfg), true)
	var group sync.WaitGroup
	var mu sync.Mutex
	var done []string
	for range 16 {
		m := openUnder(t, store, keys.NewMasterKeys(after, before), cfg)
		group.Go(func() {
			d, err := m.Reseal(t.Context(), keys.Change{})
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

// Without a primary key, MasterKeys is refused, whatever else it holds.
func TestOpen_WithoutMasterKey_IsRefused(t *testing.T) {
	for name, wrapper := range map[string]keys.KeyWrapper{"keys without a primary": keys.NewMasterKeys(keys.MasterKey{}, testMasterKey(t)), "key": keys.MasterKey{}, "none": nil} {
		if _, err := keys.Open(t.Context(), new(memoryStore), wrapper, settings(newClock())); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
