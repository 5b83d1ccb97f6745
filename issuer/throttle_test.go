package issuer_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// U09: guesses at one account that each come from another network stop at the
// account's own limit; when its window is over the owner gets in again.
func TestThrottleByAccount(t *testing.T) {
	const limit, guesses = 100, 150
	f := newFixture(t).withAlice()
	before, refused := f.hashes.Evaluations(), 0
	for n := range guesses {
		f.info.Address = netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)})
		_, err := f.login("alice", "wrong password")
		var e *issuer.Error
		if errors.As(err, &e) && e.Code == issuer.TooManyAttempts {
			refused++
			if e.RetryAfter <= 0 || e.RetryAfter > time.Hour {
				t.Fatalf("retry after %s", e.RetryAfter)
			}
		}
	}
	if n := f.hashes.Evaluations() - before; n != limit || refused != guesses-limit {
		t.Errorf("%d passwords were tried and %d guesses refused, the limit is %d", n, refused, limit)
	}
	f.info.Address = netip.MustParseAddr("203.0.113.9")
	_, err := f.login("alice", alicePass)
	wantCode(t, "the owner meanwhile", err, issuer.TooManyAttempts)
	f.advance(time.Hour)
	f.mustLogin()
}

// U14: sweeping counters takes the old ones only, however many there are.
func TestSweepSparesHotCounters(t *testing.T) {
	f := newFixture(t).withAlice()
	f.advance(time.Hour) // shortly after a start nothing is swept
	for range 10 {
		_, _ = f.login("alice", "wrong password")
	}
	for range 3 { // a flood of names passes, and the sweep with it
		for n := range 20 {
			f.info.Address = netip.AddrFrom4([4]byte{198, 19, byte(n), 1})
			_, _ = f.login("nobody-"+string(rune('a'+n%26)), "wrong password")
		}
		if _, err := f.Sweep(f.ctx); err != nil {
			t.Fatal(err)
		}
	}
	f.info.Address = netip.MustParseAddr("192.0.2.7")
	_, err := f.login("alice", alicePass)
	wantCode(t, "after the flood", err, issuer.TooManyAttempts)
}

// U22: a new store has roles and nobody to hold them.
func TestNewStoreHasNoAccounts(t *testing.T) {
	f := newFixture(t)
	users, err := f.store.ListUsers(f.ctx, storage.UserFilter{}, storage.Page{})
	must(t, err)
	clients, err := f.store.ListClients(f.ctx, storage.Page{})
	must(t, err)
	if len(users.Users) != 0 || len(clients.Clients) != 0 {
		t.Errorf("%d users, %d clients", len(users.Users), len(clients.Clients))
	}
}
