package issuer_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// L09: nothing depends on the cookie that the login sets.
func TestSignIn_LoginWithoutCookies_AnswersWithACode(t *testing.T) {
	_, b := newSignInFixture(t)
	query := page(t, "authorize", b.authorize(request()), authorization.StepLogin)
	o, err := b.signIn.LogIn(b.ctx, b.interaction(query), issuer.Login{Username: "alice", Password: alicePass})
	must(t, err)
	wantCodeOf(t, "login", o)
	if answer(o, "state") != "s1" || answer(o, "iss") != issuerURL || len(o.Response.Params) != 3 {
		t.Errorf("the response is %v", o.Response.Params)
	}
	if o.Cookie == nil || o.Cookie.Value == "" || o.Cookie.MaxAge != 0 {
		t.Errorf("the cookie is %+v", o.Cookie)
	}
}

// S04, C25: one read and one insert.
func TestSignIn_PromptNoneWithASession_AnswersWithACodeOfTheSameLogin(t *testing.T) {
	f, b := newSignInFixture(t)
	wantCodeOf(t, "login", b.logIn(request()))
	f.advance(3 * time.Minute)
	b.authorize(request()) // fills the caches of clients and roles
	f.store.reset()
	o := b.authorize(request("prompt", "none"))
	wantCodeOf(t, "prompt=none", o)
	if r, w := f.store.reads.Load(), f.store.writes.Load(); r != 1 || w != 1 {
		t.Errorf("%d reads and %d writes, want 1 and 1", r, w)
	}
	sessions := f.pending("alice")
	first, last := sessions[0], sessions[len(sessions)-1]
	if len(sessions) != 3 || !first.AuthTime.Equal(last.AuthTime) || last.UserID != first.UserID || last.BrowserID != first.BrowserID || last.ID == first.ID {
		t.Errorf("the codes are of %+v and %+v", first, last)
	}
	if !last.LoginBound || strings.Join(last.AMR, " ") != "pwd" {
		t.Errorf("the session ends with the browser's: %v, amr %v", last.LoginBound, last.AMR)
	}
}

// S05: never a page.
func TestSignIn_PromptNoneWithoutASession_IsLoginRequired(t *testing.T) {
	f, b := newSignInFixture(t, func(c *storage.Client) { c.Consent = "once" })
	wantError(t, "nobody", b.authorize(request("prompt", "none")), "login_required")
	wantError(t, "a post nobody has asked for", b.logIn(request("prompt", "none")), "login_required")
	page(t, "login", b.logIn(request()), authorization.StepConsent)
	wantError(t, "no consent", b.authorize(request("prompt", "none")), "consent_required")
	f.updateUser("alice", func(u *storage.User) { u.MustChangePassword = true })
	wantError(t, "a password to be changed", b.authorize(request("prompt", "none")), "interaction_required")
	f.advance(11 * time.Minute)
	wantError(t, "and not fresh", b.authorize(request("prompt", "none")), "login_required")
}

// S06.
func TestSignIn_MaxAge_AsksAgainForAnOlderLogin(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	f.advance(2 * time.Second)
	wantCodeOf(t, "max_age=10000", b.authorize(request("max_age", "10000")))
	query := page(t, "max_age=1", b.authorize(request("max_age", "1")), authorization.StepLogin)
	wantCodeOf(t, "login", b.logIn(query))
	query = page(t, "max_age=0", b.authorize(request("max_age", "0")), authorization.StepLogin)
	wantCodeOf(t, "login", b.logIn(query))
	later := 0
	for _, s := range f.pending("alice") {
		if s.AuthTime.Equal(f.clock.Now()) {
			later++
		}
	}
	if later != 2 {
		t.Errorf("%d codes of a later login, want 2", later)
	}
}

// L25: each way around the login ends at the login page.
func TestSignIn_PromptLogin_AsksOnceAndCannotBeTakenAway(t *testing.T) {
	_, b := newSignInFixture(t)
	b.logIn(request())
	query := page(t, "prompt=login", b.authorize(request("prompt", "login")), authorization.StepLogin)
	without := strings.Replace(query, "&prompt=login", "", 1)
	if without == query {
		t.Fatalf("no prompt in %s", query)
	}
	next := page(t, "prompt deleted from the URL", b.authorize(without), authorization.StepLogin)
	page(t, "and loaded again", b.authorize(next), authorization.StepLogin)
	wantCodeOf(t, "login", b.logIn(query))
	page(t, "reload", b.authorize(query), authorization.StepLogin)
	for name, q := range map[string]string{"no stamp": request("prompt", "login"), "altered stamp": query[:len(query)-2] + "xx", "stamp of another request": query + "&state=s2"} {
		if strings.Contains(q, "&state=s2") {
			q = strings.Replace(query, "state=s1", "state=s2", 1)
		}
		page(t, name, b.authorize(q), authorization.StepLogin)
	}
}

// L26: a stamp of steps that were done counts for an hour, in the browser session and for the
// request of which it is.
func TestSignIn_StampOfALogin_CountsForItsRequestAndSessionForAnHour(t *testing.T) {
	f, b := newSignInFixture(t, func(c *storage.Client) { c.Consent = "always" })
	query := page(t, "login", b.logIn(request("prompt", "login")), authorization.StepConsent)
	page(t, "reload of the consent page", b.authorize(query), authorization.StepConsent)
	page(t, "another request", b.authorize(strings.Replace(query, "state=s1", "state=s2", 1)), authorization.StepLogin)
	other := f.browser(b.signIn)
	other.logIn(request())
	page(t, "another browser session", other.authorize(query), authorization.StepLogin)
	f.advance(59 * time.Minute)
	page(t, "59 minutes later", b.authorize(query), authorization.StepConsent)
	f.advance(2 * time.Minute)
	page(t, "61 minutes later", b.authorize(query), authorization.StepLogin)
}

// L10: nobody learns whether there is such a user.
func TestSignIn_WrongCredentials_AreAllTheSame(t *testing.T) {
	f, b := newSignInFixture(t)
	f.withBob()
	f.updateUser("bob", func(u *storage.User) { u.Disabled = true })
	for name, login := range map[string]issuer.Login{
		"wrong password": {Username: "alice", Password: "nearly right"}, "unknown user": {Username: "nobody", Password: alicePass},
		"disabled": {Username: "bob", Password: alicePass}, "no name": {Username: "a b/c", Password: alicePass},
	} {
		before := f.hashes.Evaluations()
		o, err := b.signIn.LogIn(b.ctx, b.interaction(request()), login)
		must(t, err)
		page(t, name, o, authorization.StepLogin)
		if o.Problem != issuer.ProblemWrongCredentials || o.Cookie != nil || o.User != nil {
			t.Errorf("%s: problem %q, cookie %+v", name, o.Problem, o.Cookie)
		}
		if n := f.hashes.Evaluations() - before; n != 1 {
			t.Errorf("%s: %d hash evaluations", name, n)
		}
	}
	for name, login := range map[string]issuer.Login{"no password": {Username: "alice"}, "no username": {Password: alicePass}} {
		if o, err := b.signIn.LogIn(b.ctx, b.interaction(request()), login); err != nil || o.Problem != issuer.ProblemMissing {
			t.Errorf("%s: %q %v", name, o.Problem, err)
		}
	}
	if o := b.logInAs(request(), "alice", "nul\x00"); o.Problem != issuer.ProblemWrongCredentials {
		t.Errorf("a NUL: %q", o.Problem)
	}
}

// L13: one count for the page and the password grant.
func TestSignIn_Throttling_IsSharedWithThePasswordGrant(t *testing.T) {
	f, b := newSignInFixture(t)
	for range 5 {
		b.logInAs(request(), "alice", "wrong guess")
		_, err := f.login("alice", "wrong guess")
		wantCode(t, "grant", err, issuer.InvalidGrant)
	}
	o := b.logIn(request())
	page(t, "the right password", o, authorization.StepLogin)
	if o.Problem != issuer.ProblemThrottled || o.RetryAfter <= 0 {
		t.Errorf("problem %q, retry after %s", o.Problem, o.RetryAfter)
	}
	_, err := f.login("alice", alicePass)
	wantCode(t, "grant", err, issuer.TooManyAttempts)
	f.advance(16 * time.Minute)
	wantCodeOf(t, "later", b.logIn(request()))
}

// L14: what is not known is never a no.
func TestSignIn_StoreAway_IsUnavailable(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	f.store.failing.Store(true)
	for name, do := range map[string]func() (issuer.Outcome, error){
		"authorize": func() (issuer.Outcome, error) { return b.signIn.Authorize(b.ctx, b.interaction(request())) },
		"login": func() (issuer.Outcome, error) {
			return b.signIn.LogIn(b.ctx, issuer.Interaction{Query: request(), Info: b.info}, issuer.Login{Username: "alice", Password: alicePass})
		},
		"consent": func() (issuer.Outcome, error) { return b.signIn.Consent(b.ctx, b.interaction(request()), true) },
		"change password": func() (issuer.Outcome, error) {
			return b.signIn.ChangePassword(b.ctx, b.interaction(request()), "another good one")
		},
		"unknown client": func() (issuer.Outcome, error) {
			return b.signIn.Authorize(b.ctx, b.interaction(request("client_id", "nobody")))
		},
	} {
		_, err := do()
		wantCode(t, name, err, issuer.Unavailable)
	}
}

// L05: nine tabs go on by the login in the first.
func TestSignIn_TenTabs_GoOnAfterOneLogin(t *testing.T) {
	_, b := newSignInFixture(t)
	var tabs []string
	for n := range 8 {
		tabs = append(tabs, page(t, "tab", b.authorize(request("state", string(rune('a'+n)))), authorization.StepLogin))
	}
	wantCodeOf(t, "the first", b.logIn(tabs[0]))
	for _, tab := range tabs[1:] {
		o := b.authorize(tab)
		wantCodeOf(t, "another", o)
		if o.Cookie != nil {
			t.Errorf("a cookie for a tab: %+v", o.Cookie)
		}
	}
	if len(b.cookie) >= 90 {
		t.Errorf("the cookie's value has %d characters", len(b.cookie))
	}
}

// L06: whichever cookie survives is good.
func TestSignIn_DoubleSubmit_BothAnswersWork(t *testing.T) {
	f, b := newSignInFixture(t)
	for _, before := range []string{"no cookie", "a cookie of the same user"} {
		var both [2]issuer.Outcome
		var wg sync.WaitGroup
		for n := range both {
			wg.Go(func() {
				var err error
				both[n], err = b.signIn.LogIn(b.ctx, b.interaction(request("prompt", "login")), issuer.Login{Username: "alice", Password: alicePass})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, o := range both {
			wantCodeOf(t, before, o)
			kept := f.browser(b.signIn)
			kept.keep(o)
			wantCodeOf(t, before+", with this cookie", kept.authorize(request("prompt", "none")))
		}
		b.keep(both[0])
	}
}

// L01, E07: a page that was open for a day, over a restart and the change of all keys.
func TestSignIn_PageOpenForADay_StillLogsIn(t *testing.T) {
	for _, more := range [][]string{nil, {"prompt", "login"}, {"max_age", "0"}} {
		f, b := newSignInFixture(t)
		query := page(t, "authorize", b.authorize(request(more...)), authorization.StepLogin)
		f.advance(24 * time.Hour)
		_, err := f.keys.Rotate(f.ctx, keys.Change{Force: true})
		must(t, err)
		f.Issuer = f.newInstance()
		b.signIn = f.newSignIn()
		wantCodeOf(t, "submit", b.logIn(query))
	}
}

// L02, E08: every step on another instance.
func TestSignIn_AlternatingInstances(t *testing.T) {
	f, b := newSignInFixture(t, func(c *storage.Client) { c.Consent = "once" })
	other := f.newInstance().SignIn(f.admins)
	query := page(t, "authorize", b.authorize(request("prompt", "login")), authorization.StepLogin)
	b.signIn, other = other, b.signIn
	query = page(t, "login", b.logIn(query), authorization.StepConsent)
	b.signIn, other = other, b.signIn
	page(t, "the consent page", b.authorize(query), authorization.StepConsent)
	b.signIn, other = other, b.signIn
	wantCodeOf(t, "consent", b.consent(query, true))
	b.signIn = other
	wantCodeOf(t, "single sign-on", b.authorize(request("prompt", "none")))
}

// L03: a client that can start a login is sent there where it has forgotten its request.
func TestSignIn_StaleRequest_RestartsAtTheClient(t *testing.T) {
	f, b := newSignInFixture(t, func(c *storage.Client) { c.InitiateLoginURI = "https://app.example.org/login?x=1" })
	query := page(t, "authorize", b.authorize(request("prompt", "login")), authorization.StepLogin)
	f.advance(31 * time.Minute)
	query = page(t, "the bookmark", b.authorize(query), authorization.StepLogin)
	o := b.logIn(query)
	if o.Step.Kind != authorization.StepRestart || o.RestartURL != "https://app.example.org/login?iss=https%3A%2F%2Fid.example.org&x=1" {
		t.Errorf("step %s to %s", o.Step.Kind, o.RestartURL)
	}
	wantCodeOf(t, "the fresh request", b.authorize(request("prompt", "none")))
}

// L04: without a request there is the account.
func TestSignIn_WithoutARequest_LeadsToTheAccount(t *testing.T) {
	f, b := newSignInFixture(t)
	in := func() issuer.Interaction { return issuer.Interaction{Account: true, Cookie: b.cookie, Info: b.info} }
	o, err := b.signIn.Authorize(b.ctx, in())
	must(t, err)
	page(t, "nobody", o, authorization.StepLogin)
	o, err = b.signIn.LogIn(b.ctx, in(), issuer.Login{Username: "alice", Password: "wrong guess"})
	must(t, err)
	if page(t, "wrong", o, authorization.StepLogin); o.Problem != issuer.ProblemWrongCredentials {
		t.Errorf("problem %q", o.Problem)
	}
	o, err = b.signIn.LogIn(b.ctx, in(), issuer.Login{Username: "alice", Password: alicePass})
	must(t, err)
	b.keep(o)
	page(t, "login", o, issuer.StepAccount)
	u, err := b.signIn.Session(b.ctx, b.cookie)
	if err != nil || u == nil || u.User.ID != f.userID("alice") {
		t.Errorf("who is signed in: %+v %v", u, err)
	}
	if len(f.pending("alice")) != 0 {
		t.Error("a code without a request")
	}
}

// L27: the hash is upgraded as by the password grant.
func TestSignIn_OutdatedHash_IsUpgraded(t *testing.T) {
	f, b := newSignInFixture(t)
	f.updateUser("alice", func(u *storage.User) { u.PasswordHash = tutorialHash })
	wantCodeOf(t, "login", b.logInAs(request(), "alice", "SpongePassword"))
	u, err := f.store.Store.User(f.ctx, f.userID("alice"))
	must(t, err)
	if !strings.HasPrefix(u.PasswordHash, "$argon2id$") {
		t.Errorf("the hash is %.10s", u.PasswordHash)
	}
	f.wantEvents(audit.EventPasswordRehashed, 1)
	wantCodeOf(t, "single sign-on", b.authorize(request("prompt", "none")))
}

// wantEvents fails unless there are n events of the type.
func (f *fixture) wantEvents(kind string, n int) []storage.AuditEvent {
	f.t.Helper()
	page, err := f.store.ListAudit(f.ctx, storage.AuditFilter{Type: kind}, storage.Page{Limit: storage.MaxPage})
	must(f.t, err)
	if len(page.Events) != n {
		f.t.Errorf("%d events %s, want %d", len(page.Events), kind, n)
	}
	return page.Events
}
