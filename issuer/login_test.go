package issuer_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

const tutorialHash = "$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e"

// U15, U16: whatever is wrong with a login, the answer is the same after the
// same work.
func TestLoginRefusalsAreAlike(t *testing.T) {
	f := newFixture(t, func(c *issuer.Config) { c.Throttle = issuer.Throttle{} }).withAlice()
	_, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "nopassword"})
	must(t, err)
	_, err = f.operator().Users().Create(f.ctx, admin.NewUser{Username: "shut", Password: alicePass, Disabled: true})
	must(t, err)
	var said string
	for _, tt := range []struct{ name, username, password string }{
		{"unknown user", "nobody", alicePass},
		{"wrong password", "alice", "wrong password"},
		{"no password set", "nopassword", alicePass},
		{"disabled", "shut", alicePass},
		{"disabled, wrong password", "shut", "wrong password"},
		{"a name that cannot be one", "two words", alicePass},
		{"upper case of the password", "alice", strings.ToUpper(alicePass)},
	} {
		before := f.hashes.Evaluations()
		_, err := f.login(tt.username, issuer.Secret(tt.password))
		wantCode(t, tt.name, err, issuer.InvalidGrant)
		if n := f.hashes.Evaluations() - before; n != 1 {
			t.Errorf("%s: %d hash evaluations, want exactly 1", tt.name, n)
		}
		if said == "" {
			said = fmt.Sprint(err)
		}
		if fmt.Sprint(err) != said {
			t.Errorf("%s: says %q, others %q", tt.name, err, said)
		}
	}
}

// U17: what cannot be a password is refused before anybody is looked up.
func TestLoginInput(t *testing.T) {
	f := newFixture(t).withAlice()
	for name, pw := range map[string]string{"empty": "", "long": strings.Repeat("x", 1025), "NUL": "pass\x00word", "not UTF-8": "\xff\xfe"} {
		for _, username := range []string{"alice", "nobody"} {
			f.store.reset()
			before := f.hashes.Evaluations()
			_, err := f.login(username, issuer.Secret(pw))
			wantCode(t, name, err, issuer.InvalidRequest)
			if f.store.writes.Load() != 0 || f.hashes.Evaluations() != before {
				t.Errorf("%s: counted or hashed", name)
			}
		}
	}
	_, err := f.login("", alicePass)
	wantCode(t, "no username", err, issuer.InvalidRequest)
}

// T17: one account, however its name is written.
func TestLoginNames(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "Ren\u00e9", Password: "some password"})
	must(t, err)
	for _, name := range []string{"alice", "ALICE", "Alice@Example.ORG", "ａｌｉｃｅ"} {
		if _, err := f.login(name, alicePass); err != nil {
			t.Errorf("login as %q: %v", name, err)
		}
	}
	for _, name := range []string{"REN\u00c9", "rene\u0301"} {
		if _, err := f.login(name, "some password"); err != nil {
			t.Errorf("login as %q: %v", name, err)
		}
	}
}

// An imported bcrypt hash lets its owner in once more, and is argon2id after.
func TestImportedHashIsUpgraded(t *testing.T) {
	f := newFixture(t).withAlice()
	u, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "flyingsponge", PasswordHash: tutorialHash})
	must(t, err)
	_, err = f.login("flyingsponge", "spongepassword")
	wantCode(t, "wrong password", err, issuer.InvalidGrant)
	if stored, _ := f.store.User(f.ctx, u.ID); stored.PasswordHash != tutorialHash {
		t.Error("a failed login touched the hash")
	}
	first, err := f.login("flyingsponge", "SpongePassword")
	must(t, err)
	stored, err := f.store.User(f.ctx, u.ID)
	must(t, err)
	if !strings.HasPrefix(stored.PasswordHash, "$argon2id$") {
		t.Errorf("after the login the hash is %.12s…", stored.PasswordHash)
	}
	if _, err = f.login("flyingsponge", "SpongePassword"); err != nil || !f.active(first.AccessToken) {
		t.Errorf("second login: %v, first session alive: %t", err, f.active(first.AccessToken))
	}
}

// U01, U18: past the limit right and wrong passwords get the same answer, until
// the window ends.
func TestThrottle(t *testing.T) {
	f := newFixture(t).withAlice()
	for range 10 {
		_, err := f.login("alice", "wrong password")
		wantCode(t, "below the limit", err, issuer.InvalidGrant)
	}
	before := f.hashes.Evaluations()
	_, right := f.login("alice", alicePass)
	_, wrong := f.login("alice@example.org", "wrong password")
	wantCode(t, "right password", right, issuer.TooManyAttempts)
	wantCode(t, "wrong password under the e-mail", wrong, issuer.TooManyAttempts)
	if right.Error() != wrong.Error() || f.hashes.Evaluations() != before {
		t.Errorf("%v / %v, %d evaluations", right, wrong, f.hashes.Evaluations()-before)
	}
	if f.events(audit.EventLoginThrottled) != 1 {
		t.Errorf("%d throttle events, want one a window", f.events(audit.EventLoginThrottled))
	}
	f.advance(15 * time.Minute)
	f.mustLogin()
}

// U05, U08: a throttle neither touches sessions nor locks the owner out
// elsewhere.
func TestThrottleIsNotALockout(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	for range 12 {
		_, _ = f.login("alice", "wrong password")
	}
	a = f.mustRefresh(a.RefreshToken)
	if !f.active(a.AccessToken) {
		t.Error("the throttle ended a session")
	}
	f.info.Address = netip.MustParseAddr("198.51.100.1")
	f.mustLogin()
}

// U02: parallel guesses share one count.
func TestThrottleRace(t *testing.T) {
	f := newFixture(t).withAlice()
	before := f.hashes.Evaluations()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { _, _ = f.login("alice", "wrong password") })
	}
	wg.Wait()
	if n := f.hashes.Evaluations() - before; n > 10 {
		t.Errorf("%d passwords were tried, the limit is 10", n)
	}
}

// U10: one network, many accounts; its own success does not wash it clean.
func TestThrottleByNetwork(t *testing.T) {
	f := newFixture(t).withAlice()
	for n := range 99 {
		_, err := f.login(fmt.Sprintf("user%d", n), "wrong password")
		wantCode(t, "stuffing", err, issuer.InvalidGrant)
	}
	f.mustLogin()
	_, err := f.login("user100", "wrong password")
	wantCode(t, "hundredth failure", err, issuer.InvalidGrant)
	_, err = f.login("user101", "wrong password")
	wantCode(t, "hundred and first", err, issuer.TooManyAttempts)
	var e *issuer.Error
	if errors.As(err, &e); e.RetryAfter <= 0 || e.RetryAfter > 15*time.Minute {
		t.Errorf("retry after %s", e.RetryAfter)
	}
}

// U13: an IPv6 network is one attacker.
func TestThrottleGroupsIPv6(t *testing.T) {
	f := newFixture(t).withAlice()
	for n := range 10 {
		f.info.Address = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", n+1))
		_, err := f.login("alice", "wrong password")
		wantCode(t, "below the limit", err, issuer.InvalidGrant)
	}
	f.info.Address = netip.MustParseAddr("2001:db8::ffff")
	_, err := f.login("alice", alicePass)
	wantCode(t, "same /64", err, issuer.TooManyAttempts)
	f.info.Address = netip.MustParseAddr("2001:db8:0:1::1")
	f.mustLogin()
}

// U07: a count that cannot be written is not a free try.
func TestThrottleNeedsTheStore(t *testing.T) {
	f := newFixture(t).withAlice()
	f.mustLogin()
	before := f.hashes.Evaluations()
	f.store.failing.Store(true)
	_, err := f.login("alice", alicePass)
	wantCode(t, "store down", err, issuer.Unavailable)
	if f.hashes.Evaluations() != before {
		t.Error("a password was tried uncounted")
	}
}

// P06: where no new hash can be made the old one stays, nobody is created without
// one, and whoever knows the old password still gets in.
func TestOldHashStaysWhereNoNewOneCanBeMade(t *testing.T) {
	f := newFixture(t).withAlice()
	u, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "flyingsponge", PasswordHash: tutorialHash})
	must(t, err)
	f.hashes, err = password.NewPool(password.Config{Argon2id: password.Argon2id{Memory: 64, Passes: 1, Parallelism: 1}, Rand: strings.NewReader("")})
	must(t, err)
	f.Issuer = f.newInstance()
	f.admins = f.adminOf(f.Issuer)
	if _, err := f.login("flyingsponge", "SpongePassword"); err != nil {
		t.Errorf("login: %v", err)
	}
	_, err = f.operator().Users().SetPassword(f.ctx, u.ID, admin.NewPassword{Password: "another password, longer"})
	wantCode(t, "set password", err, issuer.Unavailable)
	if stored, _ := f.store.User(f.ctx, u.ID); stored.PasswordHash != tutorialHash || stored.Epoch != 0 {
		t.Errorf("the hash is %.12s…, epoch %d", stored.PasswordHash, stored.Epoch)
	}
	_, err = f.operator().Users().Create(f.ctx, admin.NewUser{Username: "nohash", Password: "another password, longer"})
	wantCode(t, "create user", err, issuer.Unavailable)
	if _, err := f.operator().Users().Find(f.ctx, "nohash"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a user without a hash: %v", err)
	}
}
