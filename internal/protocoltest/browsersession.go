package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

var browserSessionCases = []testCase{
	{name: "S02 S03 L08 cookies of other sessions", run: testForeignCookies},
	{name: "S04 S06 single sign-on", run: testSingleSignOn},
	{name: "S07 idle and absolute end", run: testBrowserSessionEnds},
	{name: "S08 staying signed in", run: testRemember},
	{name: "S09 C20 what ends all sessions of a user", run: testBrowserSessionEpochs},
	{name: "S11 another user in the same browser", run: testAnotherUser},
	{name: "L10 L13 wrong credentials and throttling", configure: func(o *Options) { o.Issuer.Throttle = issuer.DefaultThrottle() }, run: testLoginPageThrottle},
	{name: "L28 a password that must be changed", run: testPasswordStep},
	{name: "N01 N02 consent that is remembered", run: testConsentOnce},
	{name: "N03 N06 consent that is denied, or from elsewhere", run: testConsentDenied},
	{name: "N08 consent that is taken back", run: testConsentRevoked},
	{name: "Z28 Z29 E07 hints over a change of keys", run: testHints},
}

// loginPassword is the page for a new password.
const loginPassword = Login + "/password"

// silent is the answer of prompt=none: its error, or "" with a code.
func (b *Browser) silent(t testing.TB, c Client, changes ...string) string {
	t.Helper()
	answer := b.Open(b.s.authorizeURL(c, append([]string{"prompt", "none"}, changes...)...)).Answer(t)
	if code := answer.Get("code"); code != "" {
		b.s.Log.MarkSecret(code)
	}
	return answer.Get("error")
}

func (b *Browser) expectSilent(t testing.TB, what string, c Client, want string, changes ...string) {
	t.Helper()
	if got := b.silent(t, c, changes...); got != want {
		t.Errorf("%s: prompt=none says %q, want %q", what, got, want)
	}
}

func testForeignCookies(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	b.GetCode(t, app, s.Alice)
	name := b.Changes[0].Name
	first := b.Cookies[name]
	b.SignIn(t, b.Open(s.authorizeURL(app, "prompt", "login")), s.Alice).Answer(t)
	if b.Cookies[name] == first {
		t.Error("the cookie of the second login is that of the first")
	}
	page, err := s.Store.ListBrowserSessions(t.Context(), storage.BrowserSessionFilter{UserID: s.Alice.ID}, storage.Page{})
	must(t, err)
	guesses := []string{first, "garbage", "1." + strings.Repeat("A", 43), strings.Repeat("1.", 2000)}
	for _, x := range page.Sessions {
		guesses = append(guesses, x.ID, "1."+x.ID)
	}
	for _, guess := range guesses {
		other := s.NewBrowser()
		other.Cookies[name] = guess
		p := other.Open(s.authorizeURL(app)).expect(t, Login)
		if other.Cookies[name] != "" {
			t.Errorf("the dead cookie %.20q is not cleared", guess)
		}
		other.Cookies[name] = guess
		other.SignIn(t, p, s.Alice).Answer(t)
		other.expectSilent(t, "after the login", app, "")
	}
	b.expectSilent(t, "the right cookie", app, "")
}

func testSingleSignOn(t *testing.T, s *Signet) {
	app, other := s.AddCodeSPA(t, "app"), s.AddCodeSPA(t, "another")
	b := s.NewBrowser()
	b.expectSilent(t, "nobody", app, "login_required")
	first := s.Redeem(t, app, b.GetCode(t, app, s.Alice))
	s.Advance(2 * time.Second)
	second := s.Redeem(t, other, b.GetCode(t, other, s.Alice, "prompt", "none", "max_age", "10000"))
	a, z := claims(t, first.ID), claims(t, second.ID)
	if a["auth_time"] != z["auth_time"] || a["sub"] != z["sub"] || a["sid"] == z["sid"] {
		t.Errorf("%v and %v", a, z)
	}
	b.expectSilent(t, "max_age=1", app, "login_required", "max_age", "1")
	b.Open(s.authorizeURL(app, "max_age", "1")).expect(t, Login)
}

func testBrowserSessionEnds(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	b.GetCode(t, app, s.Alice)
	s.Advance(12*time.Hour - time.Second)
	b.Clone().expectSilent(t, "just before 12 hours", app, "")
	s.Advance(12*time.Hour - time.Second)
	b.Clone().expectSilent(t, "just before 12 hours again", app, "")
	s.Advance(2 * time.Second)
	b.Clone().expectSilent(t, "after 24 hours", app, "login_required")
	b.GetCode(t, app, s.Alice)
	s.Advance(12 * time.Hour)
	b.expectSilent(t, "12 unused hours", app, "login_required")
}

func testRemember(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.Open(s.authorizeURL(app)).expect(t, Login)
	b.Send(t, p, Form("username", s.Alice.Username, "password", s.Alice.Password, "remember", "1")).Answer(t)
	if got := b.Changes[len(b.Changes)-1].MaxAge; got != 30*86400 {
		t.Errorf("Max-Age %d", got)
	}
	s.Advance(13 * 24 * time.Hour)
	b.expectSilent(t, "13 days later", app, "")
	s.Advance(13 * 24 * time.Hour)
	b.expectSilent(t, "26 days later", app, "")
	s.Advance(4*24*time.Hour + time.Second)
	b.expectSilent(t, "30 days later", app, "login_required")
}

func testBrowserSessionEpochs(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	users := s.operator().Users()
	for name, end := range map[string]func() error{
		"password set": func() error {
			_, err := users.SetPassword(t.Context(), s.Alice.ID, admin.NewPassword{Password: issuer.Secret(s.Alice.Password)})
			return err
		},
		"signed out everywhere": func() error {
			_, err := users.EndSessions(t.Context(), s.Alice.ID)
			return err
		},
		"all sessions ended": func() error {
			_, err := s.operator().Sessions().EndAll(t.Context())
			return err
		},
		"disabled for a moment": func() error {
			if _, err := users.Disable(t.Context(), s.Alice.ID); err != nil {
				return err
			}
			_, err := users.Enable(t.Context(), s.Alice.ID)
			return err
		},
	} {
		b := s.NewBrowser()
		code := b.GetCode(t, app, s.Alice)
		must(t, end())
		b.expectSilent(t, name, app, "login_required")
		s.TryRedeem(app, code).expectInvalidGrant(t)
	}
}

func testAnotherUser(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	elsewhere, b := s.NewBrowser(), s.NewBrowser()
	elsewhere.GetCode(t, app, s.Alice)
	bound := s.Redeem(t, app, b.GetCode(t, app, s.Alice))
	offline := s.Redeem(t, app, b.GetCode(t, app, s.Alice, "scope", "openid offline_access"))
	p := b.Open(s.authorizeURL(app, "prompt", "login")).expect(t, Login)
	if !strings.Contains(string(p.Body), s.Alice.Username) {
		t.Error("the page does not say who is signed in")
	}
	old := b.Clone()
	b.SignIn(t, p, s.Editor).Answer(t)
	old.expectSilent(t, "the first user's cookie", app, "login_required")
	elsewhere.expectSilent(t, "the first user elsewhere", app, "")
	b.expectSilent(t, "the second user", app, "")
	s.expectEnded(t, app, bound)
	s.expectActive(t, app, offline)
}

func testLoginPageThrottle(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.Open(s.authorizeURL(app)).expect(t, Login)
	for _, login := range [][2]string{{"nobody", "wrong password"}, {s.Alice.Username, "wrong password"}} {
		a := b.Send(t, p, Form("username", login[0], "password", login[1])).ExpectStatus(t, http.StatusUnauthorized)
		if strings.Contains(string(a.Body), login[1]) || len(a.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s: the page has the password, or sets a cookie", login[0])
		}
	}
	for range 9 {
		b.Send(t, p, Form("username", s.Alice.Username, "password", "wrong password")).ExpectStatus(t, http.StatusUnauthorized)
	}
	a := b.Send(t, p, Form("username", s.Alice.Username, "password", s.Alice.Password)).ExpectStatus(t, http.StatusTooManyRequests)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.Advance(16 * time.Minute)
	b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).Answer(t)
}

func testPasswordStep(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	before := s.Login(t, s.Web, s.Alice, "")
	u, err := s.Store.User(t.Context(), s.Alice.ID)
	must(t, err)
	u.MustChangePassword = true
	_, err = s.Store.UpdateUser(t.Context(), u)
	must(t, err)
	s.TryLogin(s.Web, s.Alice, "").expectInvalidGrant(t)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).expect(t, loginPassword)
	b.Open(s.authorizeURL(app)).expect(t, loginPassword)
	b.expectSilent(t, "before", app, "interaction_required")
	fresh := s.NewSecret("a longer passphrase")
	b.Send(t, p, Form("new_password", "short", "new_password_again", "short")).ExpectStatus(t, http.StatusBadRequest)
	b.Send(t, p, Form("new_password", fresh, "new_password_again", fresh)).Answer(t)
	b.expectSilent(t, "after", app, "")
	s.expectEnded(t, s.Web, before)
	s.Alice.Password = fresh
	s.Login(t, s.Web, s.Alice, "")
}

func (s *Signet) askForConsent(t *testing.T, id, policy string) Client {
	t.Helper()
	c := s.AddCodeSPA(t, id)
	s.changeClient(t, c, func(x *storage.Client) { x.Consent = policy })
	return c
}

func testConsentOnce(t *testing.T, s *Signet) {
	app := s.askForConsent(t, "app", "once")
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).expect(t, Consent)
	b.expectSilent(t, "before", app, "consent_required")
	b.Send(t, p, Form("decision", "allow")).Answer(t)
	b.expectSilent(t, "after", app, "")
	b.expectSilent(t, "fewer scopes", app, "", "scope", "openid")
	b.expectSilent(t, "another scope", app, "consent_required", "scope", "openid profile offline_access")
	p = b.Open(s.authorizeURL(app, "prompt", "consent")).expect(t, Consent)
	b.Send(t, p, Form("decision", "allow")).Answer(t)
	b.Open(p.Path).expect(t, Consent)
}

func testConsentDenied(t *testing.T, s *Signet) {
	app := s.askForConsent(t, "app", "once")
	b, other := s.NewBrowser(), s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).expect(t, Consent)
	other.SignIn(t, other.Open(s.authorizeURL(app)), s.Alice).expect(t, Consent)
	other.Send(t, p, Form("decision", "allow")).expect(t, Consent)
	s.NewBrowser().Send(t, p, Form("decision", "allow")).expect(t, Login)
	if a := b.Send(t, p, Form("decision", "deny")).Answer(t); a.Get("error") != "access_denied" || a.Get("state") == "" {
		t.Errorf("%v", a)
	}
	b.expectSilent(t, "afterwards", app, "consent_required")
	consents, err := s.Store.ListConsents(t.Context(), storage.ConsentFilter{}, storage.Page{})
	must(t, err)
	if len(consents.Consents) > 0 || s.sessions(t, s.Alice.ID) > 0 {
		t.Errorf("%d consents, %d sessions", len(consents.Consents), s.sessions(t, s.Alice.ID))
	}
}

func testConsentRevoked(t *testing.T, s *Signet) {
	app := s.askForConsent(t, "app", "once")
	b := s.NewBrowser()
	q, verifier := s.AuthRequest(app, "scope", "openid offline_access")
	p := b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), s.Alice).expect(t, Consent)
	code := b.Send(t, p, Form("decision", "allow")).Answer(t).Get("code")
	tokens := s.Redeem(t, app, Code{code, verifier, Callback})
	must(t, s.Service.OwnBrowsers().RevokeConsent(t.Context(), s.Alice.ID, app.ID, issuer.RequestInfo{Actor: s.Alice.ID}))
	s.expectEnded(t, app, tokens)
	b.expectSilent(t, "afterwards", app, "consent_required")
}

func testHints(t *testing.T, s *Signet) {
	app, other := s.AddCodeSPA(t, "app"), s.AddCodeSPA(t, "another")
	b := s.NewBrowser()
	hint := s.Redeem(t, app, b.GetCode(t, app, s.Alice)).ID
	_, err := s.Keys.Rotate(t.Context(), keys.Change{Force: true})
	must(t, err)
	s.Advance(time.Hour)
	b.expectSilent(t, "an expired hint of the key before", app, "", "id_token_hint", hint)
	b.expectSilent(t, "of another client", other, "invalid_request", "id_token_hint", hint)
	b.expectSilent(t, "altered", app, "invalid_request", "id_token_hint", hint[:len(hint)-4]+"AAAA")
	b.SignIn(t, b.Open(s.authorizeURL(app, "prompt", "login")), s.Editor).Answer(t)
	b.expectSilent(t, "another user is signed in", app, "login_required", "id_token_hint", hint)
	p := b.Open(s.authorizeURL(app, "id_token_hint", hint)).expect(t, Login)
	if a := b.SignIn(t, p, s.Editor).Answer(t); a.Get("error") != "login_required" || a.Get("code") != "" {
		t.Errorf("%v", a)
	}
	if a := b.SignIn(t, p, s.Alice).Answer(t); a.Get("code") == "" {
		t.Errorf("%v", a)
	}
}
