package issuer_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
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

// U02: what another process has counted while a password was being checked refuses the login
// before it is answered, right or wrong, and nothing of it is written.
func TestThrottle_FilledByAnotherInstance_RefusesRightAndWrong(t *testing.T) {
	for _, pw := range []issuer.Secret{alicePass, "wrong password"} {
		f := newFixture(t).withAlice()
		f.mustLogin() // the network is known
		for range 9 {
			_, _ = f.login("alice", "wrong password")
		}
		events := f.events("login.failed") + f.events("login.succeeded")
		f.store.recording = f.countElsewhere
		_, err := f.login("alice", pw)
		f.store.recording = nil
		wantCode(t, string(pw[:5]), err, issuer.TooManyAttempts)
		if n := f.events("login.failed") + f.events("login.succeeded"); n != events {
			t.Errorf("%d events more", n-events)
		}
	}
}

// countElsewhere counts one more in every counter of logins, as another instance does between the
// place of an attempt and the step that settles it.
func (f *fixture) countElsewhere() {
	counters, err := f.store.Counters(f.ctx, storage.Time(f.clock.Now()), "login:")
	must(f.t, err)
	for _, c := range counters {
		_, err := f.store.Store.ReserveCounters(f.ctx, storage.Time(f.clock.Now()), 0, storage.CounterClaim{Key: c.Key, Limit: 1000, Window: time.Hour})
		must(f.t, err)
	}
}

// U02: the login page, and the password grant of who has a second factor, show no difference
// between a right and a wrong password either, once others have reached the limit.
func TestThrottle_FilledByAnotherInstance_TellsNoPasswordRight(t *testing.T) {
	for name, withFactor := range map[string]bool{"password alone": false, "second factor": true} {
		for _, pw := range []issuer.Secret{alicePass, "wrong password"} {
			t.Run(name+", "+string(pw[:5]), func(t *testing.T) {
				attempt := func(try func(f *fixture, b *browser)) {
					f, b := newSignInFixture(t)
					if f.mustLogin(); withFactor {
						f.enrolAlice()
					}
					for range 9 {
						_, _ = f.login("alice", "wrong password")
					}
					events := f.events("login.failed") + f.events("login.succeeded")
					f.store.recording = f.countElsewhere
					try(f, b)
					f.store.recording = nil
					if n := f.events("login.failed") + f.events("login.succeeded"); n != events {
						t.Errorf("%d events more", n-events)
					}
				}
				attempt(func(f *fixture, b *browser) {
					o := b.logInAs(request(), "alice", pw)
					if page(t, name, o, authorization.StepLogin); o.Problem != issuer.ProblemThrottled || o.User != nil || b.cookie != "" {
						t.Errorf("%s, of %v, cookie %v", o.Problem, o.User, b.cookie != "")
					}
				})
				attempt(func(f *fixture, b *browser) {
					_, err := f.login("alice", pw)
					wantCode(t, "grant", err, issuer.TooManyAttempts)
				})
			})
		}
	}
}

// enrolAlice sets up an authenticator app.
func (f *fixture) enrolAlice() {
	f.t.Helper()
	u, err := f.store.UserByLogin(f.ctx, "alice")
	must(f.t, err)
	_, err = f.store.PutUserFactors(f.ctx, storage.UserFactors{
		UserID: u.ID, UserCreatedAt: u.CreatedAt, TOTP: &storage.TOTPFactor{Sealed: "x", CreatedAt: u.CreatedAt},
	})
	must(f.t, err)
}
