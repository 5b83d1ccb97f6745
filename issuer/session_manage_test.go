package issuer_test

import (
	"errors"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// sid is the session of an answer.
func (f *fixture) sid(a issuer.TokenResponse) string {
	f.t.Helper()
	return f.introspect("web", a.AccessToken).SessionID
}

// A user ends all sessions but their own, which goes on throughout; the next end
// of all ends it too.
func TestEndOtherSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	mine, other := f.mustLogin(), f.mustLogin()
	for range 2 { // again with the same one, which then has an epoch long past
		ended, err := f.owner("alice", f.sid(mine)).EndOtherSessions(f.ctx)
		must(t, err)
		if ended != 1 {
			t.Errorf("%d sessions ended, want 1", ended)
		}
		_, err = f.refreshWith("web", other.RefreshToken)
		wantCode(t, "another session", err, issuer.InvalidGrant)
		if f.active(other.AccessToken) || !f.active(mine.AccessToken) {
			t.Error("the wrong session is active")
		}
		mine, other = f.mustRefresh(mine.RefreshToken), f.mustLogin()
	}
	_, err := f.owner("alice", f.sid(other)).EndOtherSessions(f.ctx)
	must(t, err)
	_, err = f.refreshWith("web", mine.RefreshToken)
	wantCode(t, "the one that was kept before", err, issuer.InvalidGrant)
	_, err = f.operator().Users().SetPassword(f.ctx, f.userID("alice"), "another password")
	must(t, err)
	_, err = f.refreshWith("web", other.RefreshToken)
	wantCode(t, "the one that was kept, after a new password", err, issuer.InvalidGrant)
}

func TestEndOtherSessionsKeepsOnlyALivingOneOfTheUser(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "bob", Password: "battery staple"})
	must(t, err)
	bobs, err := f.login("bob", "battery staple")
	must(t, err)
	mine, dead := f.mustLogin(), f.mustLogin()
	gone := f.sid(dead)
	must(t, f.operator().Sessions().End(f.ctx, gone))
	for _, keep := range []string{f.sid(bobs), gone, "no-such-session", ""} {
		_, err := f.owner("alice", keep).EndOtherSessions(f.ctx)
		wantCode(t, "keeping "+keep, err, issuer.InvalidToken)
	}
	if !f.active(mine.AccessToken) || !f.active(bobs.AccessToken) {
		t.Error("a refused call ended something")
	}
}

// What a user sees: their living sessions, with where from and what by, the one
// that asks marked; and they end only their own.
func TestUserSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.operator().Users().Create(f.ctx, admin.NewUser{Username: "bob"})
	must(t, err)
	f.info.UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	mine := f.mustLogin()
	f.info.UserAgent = ""
	other, dead := f.mustLogin(), f.mustLogin()
	must(t, f.owner("alice", f.sid(mine)).EndSession(f.ctx, f.sid(dead)))
	list, err := f.owner("alice", f.sid(mine)).Sessions(f.ctx, storage.Page{})
	must(t, err)
	seen := map[string]admin.Session{}
	for _, s := range list.Items {
		seen[s.ID] = s
	}
	own := seen[f.sid(mine)]
	if len(list.Items) != 2 || !own.Current || own.Device != "Firefox 140 on Linux" || own.Network != "192.0.2.0/24" || seen[f.sid(other)].Current {
		t.Errorf("sessions %+v", list.Items)
	}
	if err := f.owner("bob", "").EndSession(f.ctx, f.sid(other)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("ending another's session: %v", err)
	}
	f.advance(25 * time.Hour) // idle for longer than a session may
	if list, err = f.owner("alice", "").Sessions(f.ctx, storage.Page{}); err != nil || len(list.Items) != 0 {
		t.Errorf("idle sessions are shown: %+v, %v", list.Items, err)
	}
}

// A session that begins while others are being marked as ended is not one of
// them.
func TestMarkingSparesNewSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	u, err := f.operator().Users().Find(f.ctx, "alice")
	must(t, err)
	old := f.mustLogin()
	var fresh issuer.TokenResponse
	f.store.marking = func() { f.store.marking, fresh = nil, f.mustLogin() }
	ended, err := f.operator().Users().EndSessions(f.ctx, u.ID)
	must(t, err)
	if ended != 1 || f.active(old.AccessToken) || !f.active(fresh.AccessToken) {
		t.Errorf("%d ended, the old one active %t, the new one %t", ended, f.active(old.AccessToken), f.active(fresh.AccessToken))
	}
	f.mustRefresh(fresh.RefreshToken)
}

// Old and new secret work for the overlap, to the second; --revoke means both at
// once: no overlap, no session.
func TestSecretOverlap(t *testing.T) {
	for _, secrets := range [][3]issuer.Secret{
		{"a-first-secret-of-32-characters-and-more", "a-second-secret-of-32-characters-or-more", "a-third-secret-of-32-characters-and-more"},
		{"slow-one", "slow-two", "slow-three"}, // hashed like passwords
	} {
		f := newFixture(t).withAlice()
		grants := []string{issuer.GrantClientCredentials}
		_, err := f.operator().Clients().Create(f.ctx, admin.NewClient{ID: "worker", Secret: secrets[0], Settings: admin.ClientChange{Grants: &grants}})
		must(t, err)
		works := func(i *issuer.Issuer, want ...bool) {
			t.Helper()
			for n, secret := range secrets {
				_, err := i.Token(f.ctx, issuer.TokenRequest{
					Client: issuer.ClientAuth{ID: "worker", Secret: secret, Method: issuer.AuthBasic}, Grant: issuer.GrantClientCredentials, Info: f.info,
				})
				if (err == nil) != want[n] {
					t.Errorf("secret %d: %v, want %t", n, err, want[n])
				}
			}
		}
		rotate := func(n int, overlap time.Duration) {
			t.Helper()
			_, err := f.operator().Clients().RotateSecret(f.ctx, "worker", admin.SecretRotation{Secret: secrets[n], Overlap: overlap})
			must(t, err)
		}
		other := f.newInstance()
		works(other, true, false, false)
		rotate(1, time.Hour)
		works(f.Issuer, true, true, false)
		works(other, true, true, false) // the new one at once, though the client is remembered
		f.advance(time.Hour - time.Millisecond)
		works(other, true, true, false)
		f.advance(time.Millisecond)
		works(other, false, true, false)
		works(f.Issuer, false, true, false)

		rotate(2, time.Hour)
		rotate(0, 0) // without overlap: whatever was before stops
		works(f.Issuer, true, false, false)
		f.advance(6 * time.Second)
		works(other, true, false, false)
	}
}

func TestSecretRotationRefuses(t *testing.T) {
	f := newFixture(t).withAlice()
	for _, r := range []admin.SecretRotation{{Overlap: -1}, {Overlap: admin.MaxOverlap + 1}, {Overlap: time.Hour, Revoke: true}} {
		_, err := f.operator().Clients().RotateSecret(f.ctx, "web", r)
		wantField(t, "overlap", err, "overlap")
	}
	f.mustLogin()
}

// A client that is deleted and made again has none of the sessions of then.
func TestClientMadeAgainHasNoSessions(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	before, err := f.store.Client(f.ctx, "web")
	must(t, err)
	must(t, f.store.Store.DeleteClient(f.ctx, "web", 0)) // and nothing else: the marking was cut off
	f.advance(time.Second)
	f.client("web", admin.ClientChange{Grants: &before.Grants, Scopes: &before.Scopes, Audiences: &before.Audiences})
	_, err = f.refreshWith("web", a.RefreshToken)
	wantCode(t, "a session of the client before", err, issuer.InvalidGrant)
}
