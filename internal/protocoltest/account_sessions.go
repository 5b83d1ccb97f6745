package protocoltest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
)

// The sessions and consents of a person: on the pages of the account, and by the API.

const (
	MeBrowserSessions = "/me/browser-sessions"
	MeConsents        = "/me/consents"
)

var ownBrowserCases = []testCase{
	{name: "S10 own browser sessions", run: testOwnBrowserSessions},
	{name: "N08 own consents", run: testOwnConsents},
	{name: "the store fails while a consent is taken back", run: testAccountFaults},
	{name: "O15 clients hear of what people end on the account page", configure: reachLoopback, run: testAccountBackchannel},
	{name: "S12 the browser session ends while its password is changed", run: testEndWhilePasswordChanges},
	{name: "S09 everything ends while a password is changed", run: testRenewWhileAllEnds},
}

// useIn signs the user in at the client in this browser and returns the tokens.
func (b *Browser) useIn(t testing.TB, c Client, u User, scope string) Tokens {
	t.Helper()
	return b.s.Redeem(t, c, b.GetCode(t, c, u, "scope", scope))
}

func testAccountBrowsers(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	b, other, foreign := s.NewBrowser(), s.NewBrowser(), s.NewBrowser()
	other.UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	bound, offline := other.useIn(t, app, s.Alice, "openid"), other.useIn(t, app, s.Alice, "openid offline_access")
	foreign.useIn(t, app, s.Editor, "openid")
	s.Clock.Advance(time.Second)
	b.signInToAccount(t, s.Alice)
	p := b.Open(AccountSessions).expect(t, AccountSessions).says(t, "this browser", "Firefox", "127.0.0.0/24", "app")
	handles := sessionFields(p)
	if len(handles) != 2 || strings.Count(string(p.Body), `class="badge"`) != 1 {
		t.Fatalf("%d browser sessions: %s", len(handles), p.Body)
	}
	theirs := sessionFields(s.openSessions(t, foreign))[0]
	for name, handle := range map[string]string{"another user's": theirs, "none": "", "garbage": "x", "its cookie": b.Cookies["signet"]} {
		a := b.own(AccountSessions+"/end", Form("session", handle).Encode())
		if a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	foreign.Open(Account).expect(t, Account)
	// The current one comes first.
	p = b.own(AccountSessions+"/end", Form("session", handles[1]).Encode()).expect(t, AccountSessions).says(t, "That browser is signed out")
	if left := sessionFields(p); !slices.Equal(left, handles[:1]) {
		t.Errorf("left: %v of %v", left, handles)
	}
	other.Open(Account).expect(t, Login)
	s.expectEnded(t, app, bound)
	s.expectActive(t, app, offline)
	if a := b.own(AccountSessions+"/end", Form("session", handles[1]).Encode()); a.Status != http.StatusNotFound {
		t.Errorf("again: %d", a.Status)
	}
	old := b.Clone()
	b.own(AccountSessions+"/end", Form("session", handles[0]).Encode()).expect(t, Login)
	if len(b.Cookies) != 0 {
		t.Error("the cookie is kept")
	}
	old.Open(Account).expect(t, Login)
}

// openSessions opens the page of sessions.
func (s *Signet) openSessions(t testing.TB, b *Browser) Page {
	t.Helper()
	return b.Open(AccountSessions).expect(t, AccountSessions)
}

// sessionFields are the handles of the browser sessions on the page.
func sessionFields(p Page) (handles []string) {
	for _, f := range pageForm.FindAllStringSubmatch(string(p.Body), -1) {
		if strings.HasSuffix(f[1], AccountSessions+"/end") {
			handles = append(handles, hiddenField.FindStringSubmatch(f[0])[2])
		}
	}
	return handles
}

func testAccountAppSignOut(t *testing.T, s *Signet) {
	app, second := s.AddCodeClient(t, "app"), s.AddCodeClient(t, "second")
	b, other := s.NewBrowser(), s.NewBrowser()
	here, again, others := b.useIn(t, app, s.Alice, "openid"), b.useIn(t, app, s.Alice, "openid offline_access"), b.useIn(t, second, s.Alice, "openid")
	elsewhere, password := other.useIn(t, app, s.Alice, "openid"), s.Login(t, s.Web, s.Alice, "openid")
	foreign := s.Login(t, s.Web, s.Editor, "openid")
	p := s.openSessions(t, b)
	if n := strings.Count(string(p.Body), "/account/apps/sign-out"); n != 4 { // app and second here, app elsewhere, web in no browser
		t.Errorf("%d applications: %s", n, p.Body)
	}
	for _, sid := range []string{sessionOf(t, foreign), "", "x", sessionOf(t, here)[1:]} {
		if a := b.own(AccountApps+"/sign-out", Form("session", sid).Encode()); a.Status != http.StatusNotFound {
			t.Errorf("%.8s: %d", sid, a.Status)
		}
	}
	b.own(AccountApps+"/sign-out", Form("session", sessionOf(t, here)).Encode()).expect(t, AccountSessions).says(t, "signed out of that application")
	s.expectEnded(t, app, here)
	s.expectEnded(t, app, again)                  // the same application in the same browser
	for _, ended := range []Tokens{here, again} { // nothing is left to end, and nothing is audited
		b.own(AccountApps+"/sign-out", Form("session", sessionOf(t, ended)).Encode()).expect(t, AccountSessions)
	}
	if n := s.events(t, audit.EventSessionRevoked); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	s.expectActive(t, second, others)
	s.expectActive(t, app, elsewhere)
	b.SendForm(t, s.openSessions(t, b), AccountApps+"/sign-out", "web").expect(t, AccountSessions)
	s.expectEnded(t, s.Web, password)
	s.expectActive(t, s.Web, foreign)
	b.Open(Account).expect(t, Account) // the browser stays signed in
}

func testAccountEverywhere(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	b, other := s.NewBrowser(), s.NewBrowser()
	all := []Tokens{b.useIn(t, app, s.Alice, "openid"), b.useIn(t, app, s.Alice, "openid offline_access"), other.useIn(t, app, s.Alice, "openid"), s.Login(t, app.withPassword(t, s), s.Alice, "openid")}
	before := b.Cookies["signet"]
	s.Clock.Advance(time.Hour)
	b.SendForm(t, s.openSessions(t, b), AccountSessions+"/end-all", "", "keep", "1").expect(t, AccountSessions).says(t, "signed out everywhere", "this browser")
	for _, tokens := range all {
		s.expectEnded(t, app, tokens)
	}
	other.Open(Account).expect(t, Login)
	if b.Cookies["signet"] == before {
		t.Error("the cookie stays")
	}
	// It is no new authentication, and does not prolong the old one.
	answer := b.Open(s.authorizeURL(app, "max_age", "1800", "prompt", "none")).Answer(t)
	if answer.Get("error") != "login_required" {
		t.Errorf("%v", answer)
	}
	s.Clock.Advance(11 * time.Hour)
	b.Open(Account).expect(t, Account)
	s.Clock.Advance(11 * time.Hour)
	b.Open(Account).expect(t, Account)
	s.Clock.Advance(61 * time.Minute) // 24 h after the login
	b.Open(Account).expect(t, Login)
	b = s.NewBrowser()
	b.signInToAccount(t, s.Alice)
	copied := b.Clone()
	b.own(AccountSessions+"/end-all", "").expect(t, Login)
	copied.Open(Account).expect(t, Login)
	if len(b.Cookies) != 0 {
		t.Error("the cookie is kept")
	}
}

// withPassword lets a client use the password grant too.
func (c Client) withPassword(t testing.TB, s *Signet) Client {
	t.Helper()
	record, err := s.backend.Client(t.Context(), c.ID)
	must(t, err)
	record.Grants = append(record.Grants, issuer.GrantPassword)
	_, err = s.backend.UpdateClient(t.Context(), record)
	must(t, err)
	s.Clock.Advance(10 * time.Second) // nothing is remembered of the client
	return c
}

// Allow signs in at a client that asks for consent, and allows what it asks for.
func (b *Browser) Allow(t testing.TB, c Client, u User, scope string, changes ...string) Tokens {
	t.Helper()
	q, verifier := b.s.AuthRequest(c, append(changes, "scope", scope)...)
	p := b.Open(Authorize + "?" + q.Encode())
	if p.is(Login) {
		p = b.SignIn(t, p, u)
	}
	answer := b.Send(t, p.expect(t, Consent), Form("decision", "allow")).Answer(t)
	b.s.Log.MarkSecret(answer.Get("code"))
	return b.s.Redeem(t, c, Code{answer.Get("code"), verifier, Callback})
}

func testAccountConsent(t *testing.T, s *Signet) {
	app, second := s.AddCodeClient(t, "app", askOnce), s.AddCodeClient(t, "second", askOnce)
	b, foreign := s.NewBrowser(), s.NewBrowser()
	offline, others := b.Allow(t, app, s.Alice, "openid offline_access"), b.Allow(t, second, s.Alice, "openid")
	theirs := foreign.Allow(t, app, s.Editor, "openid")
	p := b.Open(AccountApps).expect(t, AccountApps)
	if n := strings.Count(string(p.Body), "/account/apps/withdraw"); n != 2 {
		t.Fatalf("%d consents: %s", n, p.Body)
	}
	for _, id := range []string{"web", "", "x", s.Alice.ID} {
		if a := b.own(AccountApps+"/withdraw", Form("client_id", id).Encode()); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", id, a.Status)
		}
	}
	b.SendForm(t, p, AccountApps+"/withdraw", "app").expect(t, AccountApps).says(t, "may no longer use your account")
	s.expectEnded(t, app, offline)
	s.expectActive(t, second, others)
	s.expectActive(t, app, theirs)
	b.Open(s.authorizeURL(app)).expect(t, Consent)
	if !b.Open(s.authorizeURL(second, "scope", "openid")).Answer(t).Has("code") {
		t.Error("the other consent is gone")
	}
}

// accountForms are all forms of the account, with fields that would do something.
func accountForms(handle, sid string) map[string]url.Values {
	return map[string]url.Values{
		Account + "/profile": Form("full_name", "Mallory"), AccountPassword: Form("current_password", "x", "new_password", "y"),
		AccountSessions + "/end": Form("session", handle), AccountSessions + "/end-all": {}, AccountApps + "/sign-out": Form("session", sid),
		AccountApps + "/withdraw": Form("client_id", "app"),
	}
}

func testAccountCrossSite(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", askOnce)
	b := s.NewBrowser()
	tokens := b.Allow(t, app, s.Alice, "openid")
	handle := sessionFields(s.openSessions(t, b))[0]
	for path, form := range accountForms(handle, sessionOf(t, tokens)) {
		for _, h := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
			// As if SameSite counted for nothing.
			a := Page{Response: s.PostRaw(path, form.Encode(), Header("Accept", "text/html"), Header(h[0], h[1]), Header("Cookie", "signet="+b.Cookies["signet"])), Path: path}
			a.ExpectErrorPage(t, http.StatusForbidden, "cross_site")
		}
		for _, kind := range []string{"application/json", "multipart/form-data; boundary=x", "text/plain"} {
			s.Send("POST", path, form.Encode(), Header("Content-Type", kind), Header("Sec-Fetch-Site", "same-origin")).ExpectStatus(t, http.StatusUnsupportedMediaType)
		}
		b.own(path, form.Encode()+"&"+strings.Repeat("a=1&", 200)).ExpectStatus(t, http.StatusBadRequest)
	}
	b.Open(Account).expect(t, Account)
	s.expectActive(t, app, tokens)
	if u, _ := s.backend.User(t.Context(), s.Alice.ID); u.FullName == "Mallory" {
		t.Error("another site changes the profile")
	}
}

func testAccountNobody(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	for path, form := range accountForms("x", "y") {
		b.Open(path).expect(t, Login)
		b.own(path, form.Encode()).expect(t, Login)
	}
	for _, path := range []string{Account, AccountSessions, AccountApps, AccountPassword} {
		for _, cookie := range []string{"garbage", strings.Repeat("x", 5000), "1." + strings.Repeat("A", 43)} {
			b.Cookies["signet"] = cookie
			b.Open(path).expect(t, Login)
			if len(b.Cookies) != 0 {
				t.Errorf("%s: a dead cookie is kept", path)
			}
		}
	}
	b.signInToAccount(t, s.Alice)
	s.Store.FailAt(0)
	for path, form := range accountForms("x", "y") {
		b.once("GET", Account, "").ExpectErrorPage(t, http.StatusServiceUnavailable, "unavailable")
		p := b.once("POST", path, form.Encode(), Header("Sec-Fetch-Site", "same-origin"), Header("Content-Type", "application/x-www-form-urlencoded"))
		p.ExpectErrorPage(t, http.StatusServiceUnavailable, "unavailable")
	}
	s.Store.Reset()
	b.Open(Account).expect(t, Account)
}

// testAccountBackchannel: whatever a person ends, the client is told by a logout token.
func testAccountBackchannel(t *testing.T, s *Signet) {
	for name, end := range map[string]func(b *Browser, a signedInApp){
		"application": func(b *Browser, a signedInApp) {
			b.own(AccountApps+"/sign-out", Form("session", a.sid).Encode()).expect(t, AccountSessions)
		},
		"browser": func(b *Browser, _ signedInApp) {
			b.SendForm(t, s.openSessions(t, b), AccountSessions+"/end", "").expect(t, Login)
		},
		"everywhere": func(b *Browser, _ signedInApp) {
			b.own(AccountSessions+"/end-all", "keep=1").expect(t, AccountSessions)
		},
		"consent": func(b *Browser, a signedInApp) {
			b.own(AccountApps+"/withdraw", Form("client_id", a.client.ID).Encode()).expect(t, AccountApps)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rp := newRelyingParty(t)
			u, b := s.AddUser(t, "logout-"+name, "user"), s.NewBrowser()
			c := s.addLogoutClient(t, "logout-"+name, rp, askOnce)
			tokens := b.Allow(t, c, u, "openid")
			a := signedInApp{tokens, c, sessionOf(t, tokens)}
			end(b, a)
			s.deliver(t)
			s.deliver(t)
			rp.expectTold(t, a)
		})
	}
}

// testRenewWhileAllEnds: an operator ends everything between the step that sets the password
// and the new session of the browser, which must not outlive it.
func testRenewWhileAllEnds(t *testing.T, s *Signet) {
	for name, end := range map[string]func() error{
		"everybody": func() error { _, err := s.operator().Sessions().EndAll(t.Context()); return err },
		"the user":  func() error { _, err := s.operator().Users().EndSessions(t.Context(), s.Alice.ID); return err },
	} {
		for _, at := range []string{"RevokeAll", "CreateBrowserSession"} { // both come after the password is set
			b, next := s.NewBrowser(), s.NewSecret("next password")
			b.signInToAccount(t, s.Alice)
			ended := false
			s.Store.Before(func(_ context.Context, _ int, method string) error {
				if method == at && !ended {
					ended = true
					must(t, end())
				}
				return nil
			})
			b.own(AccountPassword, Form("current_password", s.Alice.Password, "new_password", next).Encode())
			s.Store.Reset()
			if !ended {
				t.Fatalf("%s, %s: nothing has ended in between", name, at)
			}
			b.Open(Account).expect(t, Login)
			s.Alice.Password = next
		}
	}
}

// testEndWhilePasswordChanges: whoever is signed out while a form of theirs is under way
// changes nothing any more.
func testEndWhilePasswordChanges(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	b.signInToAccount(t, s.Alice)
	handle, next := sessionFields(s.openSessions(t, b))[0], s.NewSecret("next password")
	for path, form := range map[string]url.Values{
		AccountPassword: Form("current_password", s.Alice.Password, "new_password", next), AccountSessions + "/end-all": Form("keep", "1"),
	} {
		ended := false
		s.Store.Before(func(_ context.Context, _ int, method string) error {
			if (method == "ReserveCounters" || method == "User") && !ended {
				ended = true
				must(t, s.operator().Browsers().EndSession(t.Context(), s.Alice.ID, handle))
			}
			return nil
		})
		b.own(path, form.Encode()).expect(t, Login)
		s.Store.Reset()
		if !ended {
			t.Fatalf("%s: nothing has ended in between", path)
		}
		b.Open(Account).expect(t, Login)
		b.signInToAccount(t, s.Alice) // by the password as it was
		handle = sessionFields(s.openSessions(t, b))[0]
	}
}
