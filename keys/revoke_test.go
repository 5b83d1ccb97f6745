package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/testclock"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// revokeActive revokes the signing key and returns its kid, a token that it
// signed, and the time.
func revokeActive(t testing.TB, m *keys.Manager, c *testclock.Clock) (kid, token string, at time.Time) {
	t.Helper()
	kid, token = active(t, m), sign(t, m)
	if err := m.Revoke(t.Context(), kid, keys.Change{}); err != nil {
		t.Fatal(err)
	}
	return kid, token, storage.Time(c.Now())
}

func expectRevoked(t testing.TB, m *keys.Manager, kid, token string, at time.Time) {
	t.Helper()
	if i := info(t, m, kid); i.State != keys.Revoked || !i.RevokedAt.Equal(at) {
		t.Errorf("got %+v, want it revoked at %s", i, at)
	}
	if _, _, err := m.Verify(t.Context(), token); !errors.Is(err, keys.ErrUnknownKey) || slices.Contains(published(t, m), kid) {
		t.Errorf("its token: %v, published: %v", err, published(t, m))
	}
}

// Whoever can write the store cannot take a revocation back by its field.
func TestRevoke_FieldChangedInStore_StaysRevoked(t *testing.T) {
	for name, change := range map[string]func(k *storage.Key){
		"deleted": func(k *storage.Key) { k.RevokedAt = time.Time{} },
		"later":   func(k *storage.Key) { k.RevokedAt = k.RevokedAt.Add(time.Hour) },
		"earlier": func(k *storage.Key) { k.RevokedAt = k.RevokedAt.Add(-time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			store, cfg := new(memoryStore), settings(c)
			m, other := open(t, store, cfg), open(t, store, cfg)
			kid, token, at := revokeActive(t, m, c)
			if err := store.update(kid, change); err != nil {
				t.Fatal(err)
			}
			refresh(t, m, other)
			for _, any := range []*keys.Manager{m, other, open(t, store, cfg)} {
				expectRevoked(t, any, kid, token, at)
			}
		})
	}
}

// The private key is gone from the store, and what is there instead opens only in
// its own record.
func TestRevoke_PrivateKeyLeavesTheStore(t *testing.T) {
	c := newClock()
	store, cfg := new(memoryStore), settings(c)
	m := open(t, store, cfg)
	before := store.all()[0]
	kid, _, _ := revokeActive(t, m, c)
	after := store.all()[0]
	if after.KID != kid || len(after.Sealed) >= len(before.Sealed) {
		t.Fatalf("%d bytes are sealed, before %d", len(after.Sealed), len(before.Sealed))
	}
	for i := range after.Sealed {
		altered := &memoryStore{records: store.all()}
		altered.records[0].Sealed[i] ^= 1
		expectUnsealError(t, altered, testMasterKey(t), cfg, kid)
	}
	altered := &memoryStore{records: store.all()}
	altered.records[1].Sealed = after.Sealed // forged for another key
	expectUnsealError(t, altered, testMasterKey(t), cfg, altered.records[1].KID)
	altered = &memoryStore{records: store.all()}
	altered.records[0].Seq = 9
	expectUnsealError(t, altered, testMasterKey(t), cfg, kid)
}

// A revocation that could not be sealed, or was made before revocations were
// sealed, counts all the same; the next refresh of any instance seals it.
func TestRevoke_NotYetSealed_NextRefreshSeals(t *testing.T) {
	c := newClock()
	store, cfg := new(memoryStore), settings(c)
	m, other := open(t, store, cfg), open(t, store, cfg)
	kid, token := active(t, m), sign(t, m)
	store.failWith(func(op string) error {
		if op == "reseal" {
			return unavailable(op)
		}
		return nil
	})
	if err := m.Revoke(t.Context(), kid, keys.Change{}); !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "is revoked, but") {
		t.Fatalf("got %v", err)
	}
	at := storage.Time(c.Now())
	expectRevoked(t, m, kid, token, at)
	store.failWith(nil)
	refresh(t, other)
	if err := store.update(kid, func(k *storage.Key) { k.RevokedAt = time.Time{} }); err != nil {
		t.Fatal(err)
	}
	refresh(t, m, other)
	expectRevoked(t, m, kid, token, at)
	expectRevoked(t, open(t, store, cfg), kid, token, at)
}

// A change of the master key keeps the revocation.
func TestRevoke_ThenReseal_StaysRevoked(t *testing.T) {
	c := newClock()
	store, cfg := new(memoryStore), settings(c)
	kid, token, at := revokeActive(t, open(t, store, cfg), c)
	next, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	both := openUnder(t, store, keys.NewMasterKeys(next, testMasterKey(t)), cfg)
	if done, err := both.Reseal(t.Context(), keys.Change{}); err != nil || len(done.Resealed) != len(store.all()) {
		t.Fatalf("got %+v, %v", done, err)
	}
	if err := store.update(kid, func(k *storage.Key) { k.RevokedAt = time.Time{} }); err != nil {
		t.Fatal(err)
	}
	expectRevoked(t, openUnder(t, store, next, cfg), kid, token, at)
}

// holdingStore hands out a reading only when it is released.
type holdingStore struct {
	*memoryStore
	hold          bool
	read, release chan struct{}
}

func (s *holdingStore) ListKeys(ctx context.Context) ([]storage.Key, error) {
	hold := s.hold
	records, err := s.memoryStore.ListKeys(ctx)
	if hold {
		s.read <- struct{}{}
		<-s.release
	}
	return records, err
}

// A reading from before a revocation that arrives after it does not bring the key
// back, wherever the key was revoked.
func TestRevoke_OlderReadingArrivesLate_StaysRevoked(t *testing.T) {
	for _, where := range []string{"here", "elsewhere"} {
		t.Run("revoked "+where, func(t *testing.T) {
			c := newClock()
			store := &holdingStore{memoryStore: new(memoryStore), read: make(chan struct{}), release: make(chan struct{})}
			m := open(t, store, settings(c))
			other := open(t, store.memoryStore, settings(c))
			kid, token := active(t, m), sign(t, m)

			store.hold = true
			late := make(chan error)
			go func() { late <- keys.Reload(t.Context(), m) }()
			<-store.read
			store.hold = false
			at := storage.Time(c.Now())
			by := map[string]*keys.Manager{"here": m, "elsewhere": other}[where]
			if err := by.Revoke(t.Context(), kid, keys.Change{}); err != nil {
				t.Fatal(err)
			}
			refresh(t, m)
			close(store.release)
			if err := <-late; err != nil {
				t.Fatal(err)
			}
			expectRevoked(t, m, kid, token, at)
			if got := active(t, m); got == kid || got != active(t, other) && where == "elsewhere" {
				t.Errorf("%s signs", got)
			}
		})
	}
}

// A clock that steps back by up to the leeway does not bring back the past. One that
// is set back further does: the keys are what the records say of that time, and
// only tokens of that future are refused. A revoked key never returns.
func TestClockSetBack(t *testing.T) {
	for _, tt := range []struct {
		back time.Duration // beyond the moment of the rotation
		past bool
	}{{0, false}, {-time.Second, false}, {-time.Minute, false}, {-time.Minute - time.Millisecond, true}, {-time.Hour, true}} {
		t.Run(fmt.Sprint(tt.back), func(t *testing.T) {
			c := newClock()
			store, cfg := new(memoryStore), settings(c)
			m := open(t, store, cfg)
			first, old := active(t, m), sign(t, m)
			r := rotate(t, m, false)
			c.Set(r.At)
			refresh(t, m)
			if active(t, m) != r.Activates {
				t.Fatal("it has not rotated")
			}
			young := sign(t, m)

			c.Set(r.At.Add(tt.back))
			want := r.Activates
			if tt.past {
				want = first
			}
			if got := active(t, m); got != want {
				t.Errorf("%s signs, want %s", got, want)
			}
			for _, token := range []string{old, sign(t, m)} {
				if _, _, err := m.Verify(t.Context(), token); err != nil {
					t.Error(err)
				}
			}
			if _, _, err := m.Verify(t.Context(), young); (err == nil) == tt.past { // from a future that has not come
				t.Errorf("the token of the new key: %v", err)
			}
			kid := r.Activates
			if err := m.Revoke(t.Context(), kid, keys.Change{}); err != nil {
				t.Fatal(err)
			}
			c.Advance(-24 * time.Hour)
			refresh(t, m)
			if slices.Contains(published(t, m), kid) || active(t, m) == kid {
				t.Error("the revoked key is back")
			}
		})
	}
}
