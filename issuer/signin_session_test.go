package issuer_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// alive tells whether the browser is signed in, without using the session.
func (b *browser) alive() bool {
	b.t.Helper()
	u, err := b.signIn.Session(b.ctx, b.cookie)
	must(b.t, err)
	return u != nil
}

// S02, S03: a new cookie at each login; the store holds a hash.
func TestBrowserSession_EachLogin_MakesACookieThatTheStoreDoesNotHold(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	first := b.cookie
	b.logIn(request("prompt", "login"))
	if b.cookie == first {
		t.Fatal("the same cookie twice")
	}
	old := f.browser(b.signIn)
	old.cookie = first
	if old.alive() || !b.alive() {
		t.Error("the old cookie lives or the new one does not")
	}
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(string(b.cookie), "1."))
	must(t, err)
	sum := sha256.Sum256(secret)
	records := f.browserSessions("alice")
	found := 0
	for _, s := range records {
		if s.ID == base64.RawURLEncoding.EncodeToString(sum[:]) {
			found++
		}
		stolen := f.browser(b.signIn)
		for _, guess := range []string{s.ID, "1." + s.ID, s.RootID} {
			if stolen.cookie = issuer.Secret(guess); stolen.alive() {
				t.Errorf("a record is a cookie: %q", guess)
			}
		}
	}
	if len(records) != 2 || found != 1 || len(secret) != 32 {
		t.Errorf("%d records, %d of the cookie, a secret of %d bytes", len(records), found, len(secret))
	}
}

// L08, S02: what is no cookie of ours counts as none and is cleared; one chosen by an attacker
// never becomes a session.
func TestBrowserSession_DeadCookie_IsClearedAndLoginWorks(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	ended := b.cookie
	f.advance(13 * time.Hour)
	for name, cookie := range map[string]issuer.Secret{
		"idle too long": ended, "garbage": "garbage", "of another form": "2." + ended[2:], "unknown": "1." + issuer.Secret(strings.Repeat("A", 43)),
		"long": issuer.Secret(strings.Repeat("1.", 5000)), "spare bits": ended[:len(ended)-1] + "_",
	} {
		b.cookie = cookie
		o := b.authorize(request())
		if page(t, name, o, authorization.StepLogin); o.Cookie == nil || !o.Cookie.Clear {
			t.Errorf("%s: the cookie is not cleared: %+v", name, o.Cookie)
		}
		b.cookie = cookie
		wantCodeOf(t, name, b.logIn(request()))
		if b.cookie == cookie || !b.alive() {
			t.Errorf("%s: no session of its own", name)
		}
	}
}

// S07: the ends are exact, and the use of a session is written every five minutes.
func TestBrowserSession_EndsWhenIdleAndAtItsEnd(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	f.advance(12*time.Hour - time.Millisecond)
	if !b.alive() {
		t.Fatal("ended before 12 hours")
	}
	f.advance(time.Millisecond)
	if b.alive() {
		t.Fatal("alive after 12 unused hours")
	}
	b.logIn(request())
	for range 5 {
		f.advance(4 * time.Hour)
		wantCodeOf(t, "use", b.authorize(request("prompt", "none")))
	}
	f.advance(4*time.Hour - time.Millisecond)
	if !b.alive() {
		t.Fatal("ended before 24 hours")
	}
	f.advance(time.Millisecond)
	wantError(t, "24 hours later", b.authorize(request("prompt", "none")), "login_required")
}

func TestBrowserSession_Use_IsWrittenEveryFiveMinutes(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	seen := map[time.Time]bool{}
	for range 60 { // half an hour, twice a minute
		f.advance(30 * time.Second)
		b.authorize(request("prompt", "none"))
		seen[f.browserSessions("alice")[0].LastSeen] = true
	}
	if len(seen) != 7 {
		t.Errorf("LastSeen had %d values in 30 minutes, want 7", len(seen))
	}
}

// S08.
func TestBrowserSession_Remembered_OutlivesTheBrowser(t *testing.T) {
	for _, tt := range []struct {
		policy    issuer.RememberPolicy
		box, want bool
	}{{"", false, false}, {"", true, true}, {issuer.RememberOff, true, false}, {issuer.RememberAlways, false, true}} {
		f := newFixture(t, func(c *issuer.Config) { c.BrowserSessions.Remember = tt.policy }).withAlice().withApp()
		b := f.browser(f.newSignIn())
		o, err := b.signIn.LogIn(b.ctx, b.interaction(request()), issuer.Login{Username: "alice", Password: alicePass, Remember: tt.box})
		must(t, err)
		b.keep(o)
		if remembered := b.maxAge == 30*24*time.Hour; remembered != tt.want || !remembered && b.maxAge != 0 {
			t.Errorf("policy %q, box %t: Max-Age %s", tt.policy, tt.box, b.maxAge)
		}
		f.advance(13*24*time.Hour + 23*time.Hour)
		if b.alive() != tt.want {
			t.Errorf("policy %q, box %t: alive after 14 days: %t", tt.policy, tt.box, b.alive())
		}
		f.advance(2 * time.Hour)
		if b.alive() {
			t.Errorf("policy %q, box %t: alive after 14 unused days", tt.policy, tt.box)
		}
	}
}

// S09, C20: whatever ends the user's sessions ends the browser's at once.
func TestBrowserSession_EndsWithTheUsersSessions(t *testing.T) {
	for name, end := range map[string]func(*fixture){
		"password change": func(f *fixture) {
			_, err := f.operator().Users().SetPassword(f.ctx, f.userID("alice"), admin.NewPassword{Password: "another good one"})
			must(f.t, err)
		},
		"disabled": func(f *fixture) {
			_, err := f.operator().Users().Disable(f.ctx, f.userID("alice"))
			must(f.t, err)
		},
		"disabled and enabled": func(f *fixture) {
			for _, do := range []string{"disable", "enable"} {
				var err error
				if do == "disable" {
					_, err = f.operator().Users().Disable(f.ctx, f.userID("alice"))
				} else {
					_, err = f.operator().Users().Enable(f.ctx, f.userID("alice"))
				}
				must(f.t, err)
			}
		},
		"signed out everywhere": func(f *fixture) {
			_, err := f.operator().Users().EndSessions(f.ctx, f.userID("alice"))
			must(f.t, err)
		},
		"all sessions ended": func(f *fixture) {
			_, err := f.operator().Sessions().EndAll(f.ctx)
			must(f.t, err)
		},
		"restored": func(f *fixture) {
			_, err := f.store.RaiseEpoch(f.ctx, storage.EpochRaise{At: f.clock.Now()})
			must(f.t, err)
		},
		"deleted": func(f *fixture) { must(f.t, f.operator().Users().Delete(f.ctx, f.userID("alice"))) },
	} {
		t.Run(name, func(t *testing.T) {
			f, b := newSignInFixture(t)
			b.logIn(request())
			end(f)
			o := b.authorize(request("prompt", "none"))
			wantError(t, name, o, "login_required")
			if o.Cookie == nil || !o.Cookie.Clear {
				t.Errorf("the cookie is %+v", o.Cookie)
			}
		})
	}
}

// S11: another user ends the session of the first, with what is bound to it; others stay.
func TestBrowserSession_AnotherUser_EndsTheFirstAndItsBoundSessions(t *testing.T) {
	f, b := newSignInFixture(t)
	f.withBob()
	elsewhere := f.browser(b.signIn)
	elsewhere.logIn(request())
	b.logIn(request())
	b.authorize(request("scope", "openid offline_access"))
	first := b.cookie
	query := page(t, "prompt=login", b.authorize(request("prompt", "login")), authorization.StepLogin)
	o := b.authorize(query)
	if o.User == nil || o.User.Username != "alice" {
		t.Errorf("the page does not say who is signed in: %+v", o.User)
	}
	wantCodeOf(t, "bob", b.logInAs(query, "bob", alicePass))
	old := f.browser(b.signIn)
	if old.cookie = first; old.alive() {
		t.Error("the first user's session lives")
	}
	if !elsewhere.alive() || !b.alive() {
		t.Error("a session of another browser ended, or the new one")
	}
	var revoked, alive int
	for _, s := range f.pending("alice") {
		switch {
		case !s.RevokedAt.IsZero() && s.LoginBound:
			revoked++
		case s.RevokedAt.IsZero() && (!s.LoginBound || s.BrowserID != ""):
			alive++
		}
	}
	if revoked != 1 || alive != 2 {
		t.Errorf("%d sessions revoked and %d alive, want 1 and 2", revoked, alive)
	}
	if ended := f.wantEvents(audit.EventBrowserSessionEnded, 1); ended[0].Detail != "another user signed in" {
		t.Errorf("%+v", ended[0])
	}
}

// A second login of the same user keeps the sessions of the applications.
func TestBrowserSession_SameUserAgain_KeepsTheApplications(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	b.logIn(request("prompt", "login"))
	sessions := f.pending("alice")
	if len(sessions) != 2 || sessions[0].BrowserID != sessions[1].BrowserID || !sessions[0].RevokedAt.IsZero() {
		t.Errorf("%+v", sessions)
	}
	u, err := b.signIn.Session(b.ctx, b.cookie)
	must(t, err)
	must(t, b.signOut(u))
	for _, s := range f.pending("alice") {
		if s.RevokedAt.IsZero() {
			t.Errorf("alive after the sign-out: %+v", s)
		}
	}
	if b.alive() {
		t.Error("the browser is signed in after the sign-out")
	}
}

// S14: nothing that clients are told is the cookie, its hash, or the same for two clients.
func TestBrowserSession_ClientsAreNotToldItsID(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	b.authorize(request())
	record := f.browserSessions("alice")[0]
	seen := map[string]bool{record.ID: true, string(b.cookie): true}
	for _, s := range f.pending("alice") {
		if seen[s.ID] {
			t.Errorf("the sid %s is another's", s.ID)
		}
		seen[s.ID] = true
	}
	for _, kind := range []string{audit.EventLoginSucceeded, audit.EventBrowserSessionStarted} {
		e := f.wantEvents(kind, 1)[0]
		if e.Target == "" || seen[e.Target] || e.Actor != f.userID("alice") || e.ClientID != "app" {
			t.Errorf("%+v", e)
		}
	}
}

// E13: the ninth code within 20 seconds is none.
func TestLoopDetector_NinthCodeWithin20Seconds_IsAPage(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	for n := 2; n <= 8; n++ {
		f.advance(time.Second)
		o := b.authorize(request())
		wantCodeOf(t, "below the limit", o)
		if want := n == 3 || n == 6; o.ViaPage != want { // browsers count redirects anew
			t.Errorf("code %d: a page in between %v, want %v", n, o.ViaPage, want)
		}
	}
	for range 12 {
		page(t, "the ninth", b.authorize(request()), authorization.StepLoop)
	}
	wantError(t, "without a page", b.authorize(request("prompt", "none")), "temporarily_unavailable")
	if n := len(f.pending("alice")); n != 8 {
		t.Errorf("%d codes", n)
	}
	f.wantEvents(audit.EventAuthorizeLoop, 10)
	in := b.interaction(page(t, "the ninth", b.authorize(request()), authorization.StepLoop))
	in.Clicked = true
	o, err := b.signIn.Authorize(b.ctx, in)
	must(t, err)
	wantCodeOf(t, "Continue", o)
	elsewhere := f.browser(b.signIn)
	wantCodeOf(t, "another browser", elsewhere.logIn(request()))
	f.advance(20 * time.Second)
	wantCodeOf(t, "later", b.authorize(request()))
}

// Z35, E11: requests without a login write nothing and hash nothing.
func TestSignIn_ThousandRequestsWithoutLogin_WriteNothing(t *testing.T) {
	f, b := newSignInFixture(t)
	b.authorize(request())
	f.store.reset()
	hashes := f.hashes.Evaluations()
	for n := range 1000 {
		b.cookie = issuer.Secret([]string{"", "garbage"}[n%2])
		page(t, "authorize", b.authorize(request()), authorization.StepLogin)
	}
	if r, w, h := f.store.reads.Load(), f.store.writes.Load(), f.hashes.Evaluations()-hashes; r != 0 || w != 0 || h != 0 {
		t.Errorf("%d reads, %d writes, %d hashes", r, w, h)
	}
}

// S10: listed with device and network, and ended by handle.
func TestBrowserSession_ListedAndEndedByItsHandle(t *testing.T) {
	f, b := newSignInFixture(t)
	f.withBob()
	b.logIn(request())
	b.logIn(request("prompt", "login"))
	f.advance(time.Minute)
	phone := f.browser(b.signIn)
	phone.info.UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604"
	phone.logIn(request())
	me, err := b.signIn.Session(b.ctx, b.cookie)
	must(t, err)
	list, err := b.OwnBrowsers().Sessions(b.ctx, f.userID("alice"), me)
	must(t, err)
	if len(list) != 2 || list[0].Device != "Safari 18 on iPhone" || list[0].Current || !list[1].Current || list[1].Network != "192.0.2.0/24" {
		t.Fatalf("%+v", list)
	}
	info := b.info
	info.Actor = f.userID("alice")
	for name, err := range map[string]error{
		"another user's": b.OwnBrowsers().EndSession(b.ctx, "bob-id", list[0].Handle, info), "no handle": b.OwnBrowsers().EndSession(b.ctx, info.Actor, "x", info),
	} {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, b.OwnBrowsers().EndSession(b.ctx, info.Actor, list[0].Handle, info))
	if phone.alive() || !b.alive() {
		t.Errorf("phone %t, this one %t", phone.alive(), b.alive())
	}
	events := f.wantEvents(audit.EventBrowserSessionEnded, 2)
	if e := events[1]; e.Target != list[0].Handle || e.Detail != "signed out" {
		t.Errorf("%+v", e)
	}
	f.updateUser("alice", func(u *storage.User) { u.Epoch++ })
	if list, err = b.OwnBrowsers().Sessions(b.ctx, info.Actor, nil); err != nil || len(list) != 0 {
		t.Errorf("after all sessions ended: %+v %v", list, err)
	}
}
