package protocoltest

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Paths of the account page.
const (
	Account         = "/account"
	AccountPassword = "/account/password"
	AccountSessions = "/account/sessions"
	AccountApps     = "/account/apps"
)

// The pages of the account, in a browser without script.
var accountCases = []testCase{
	{name: "L04 signing in to the account without an application", run: testAccountSignIn},
	{name: "L28 a password that must be changed, on the way to the account", run: testAccountMustChange},
	{name: "the profile on the account page", run: testAccountProfile},
	{name: "attributes on the account page", configure: mergedAdmin, run: testAccountAttributes},
	{name: "S09 a new password on the account page", run: testAccountPassword},
	{name: "U04 guesses at one's own password on the account page", configure: strictThrottle, run: testAccountPasswordThrottle},
	{name: "U04 guesses at one's own password by applications of one browser", configure: strictThrottle, run: testAppsPasswordThrottle},
	{name: "S10 S12 browsers on the account page", run: testAccountBrowsers},
	{name: "O11 one application is signed out of on the account page", run: testAccountAppSignOut},
	{name: "signing out everywhere on the account page", run: testAccountEverywhere},
	{name: "N08 taking a consent back on the account page", run: testAccountConsent},
	{name: "L12 forms of other sites at the account page", run: testAccountCrossSite},
	{name: "the account page for nobody, and with the store away", run: testAccountNobody},
	{name: "O05 the button of the account page that signs out", run: testAccountSignOut},
	{name: "a user who is disabled at the account page", run: testAccountDisabled},
}

// signInToAccount signs the user in by the bare login page.
func (b *Browser) signInToAccount(t testing.TB, u User) Page {
	t.Helper()
	return b.SignIn(t, b.Open(Login), u).expect(t, Account)
}

// pageForm finds the forms of a page and where they go; labelOf the label of a button.
var (
	pageForm = regexp.MustCompile(`(?s)<form[^>]*\saction="([^"]*)".*?</form>`)
	labelOf  = regexp.MustCompile(`aria-label="([^"]*)"`)
)

// SendForm sends the form of the page that goes to that path and whose button has a label that
// contains the text, with its hidden fields and those given: names and values in turn.
func (b *Browser) SendForm(t testing.TB, p Page, path, label string, fields ...string) Page {
	t.Helper()
	for _, f := range pageForm.FindAllStringSubmatch(string(p.Body), -1) {
		said := labelOf.FindStringSubmatch(f[0])
		if b.s.below(html.UnescapeString(f[1])) != path || label != "" && (said == nil || !strings.Contains(html.UnescapeString(said[1]), label)) {
			continue
		}
		form := Form(fields...)
		for _, hidden := range hiddenField.FindAllStringSubmatch(f[0], -1) {
			if name := html.UnescapeString(hidden[1]); !form.Has(name) {
				form.Set(name, html.UnescapeString(hidden[2]))
			}
		}
		return b.own(path, form.Encode())
	}
	t.Fatalf("no form to %s labelled %q on %s: %.3000s", path, label, p.Path, p.Body)
	return Page{}
}

// own sends a form of the issuer's own page.
func (b *Browser) own(path, form string) Page {
	return b.visit(http.MethodPost, path, form, Header("Sec-Fetch-Site", "same-origin"), Header("Origin", "null"), Header("Content-Type", "application/x-www-form-urlencoded"))
}

// says expects a page with that text.
func (p Page) says(t testing.TB, texts ...string) Page {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(string(p.Body)), text) {
			t.Errorf("%d at %s does not say %q: %.3000s", p.Status, p.Path, text, p.Body)
		}
	}
	return p
}

func testAccountSignIn(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	b.Open(Account).expect(t, Login) // leads there
	p := b.SignIn(t, b.Open(Account), User{Username: s.Alice.Username, Password: "wrong"})
	if p.Status != http.StatusUnauthorized || !strings.Contains(string(p.Body), `value="alice"`) {
		t.Errorf("a wrong password: %d %s", p.Status, p.Body)
	}
	p = b.Send(t, p, Form("username", s.Alice.Username, "password", s.Alice.Password, "remember", "1")).expect(t, Account).says(t, "alice@example.com")
	if c := b.Changes[len(b.Changes)-1]; c.MaxAge != 30*24*3600 {
		t.Errorf("remembered for %d s", c.MaxAge)
	}
	b.Open(Login).expect(t, Account)
	b.Open(AccountSessions).expect(t, AccountSessions).says(t, "this browser")
	b.Open(Account+"/profile").expect(t, Account)
	b.Open(AccountApps).expect(t, AccountApps)
	if !b.Open(s.authorizeURL(s.AddCodeSPA(t, "app"))).Answer(t).Has("code") {
		t.Error("an application asks again")
	}
	for header, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if p.Header.Get(header) != want {
			t.Errorf("%s %q", header, p.Header.Get(header))
		}
	}
	if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP %s", csp)
	}
	if strings.Contains(string(b.Open(Account+"?done=password_changed").Body), `id="notice"`) {
		t.Error("another site can tell people what they have done")
	}
}

func testAccountMustChange(t *testing.T, s *Signet) {
	u, err := s.backend.User(t.Context(), s.Alice.ID)
	must(t, err)
	u.MustChangePassword = true
	_, err = s.backend.UpdateUser(t.Context(), u)
	must(t, err)
	b, next := s.NewBrowser(), s.NewSecret("next password")
	p := b.SignIn(t, b.Open(Login), s.Alice).expect(t, Login+"/password")
	for _, path := range []string{Account, AccountPassword, AccountSessions} {
		b.Open(path).expect(t, Login+"/password") // no page of the account before
	}
	b.own("/account/profile", "full_name=x").expect(t, Login+"/password")
	b.Send(t, p, Form("new_password", next, "new_password_again", next)).expect(t, Account)
	s.NewBrowser().signInToAccount(t, User{Username: "alice", Password: next})
}

func testAccountProfile(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	p := b.signInToAccount(t, s.Alice)
	send := func(p Page, email, name, phone string) Page {
		return b.SendForm(t, p, Account+"/profile", "", "email", email, "full_name", name, "phone", phone)
	}
	saved := send(p, "new@example.com", "A. <b>Liddell</b>", "+49 1").expect(t, Account).says(t, "Your changes are saved", "new@example.com")
	if strings.Contains(string(saved.Body), "<b>Liddell") || saved.Path != Account+"?done=saved" {
		t.Errorf("at %s: %s", saved.Path, saved.Body)
	}
	for problem, a := range map[string]Page{
		"email": send(saved, "no address", "kept as typed", ""), "in use": send(saved, "erin@example.com", "kept as typed", ""),
		"conflict": send(p, "third@example.com", "kept as typed", ""), "name": send(saved, "new@example.com", "kept as typed\x7f", "2"),
	} {
		status := map[string]int{"in use": http.StatusConflict, "conflict": http.StatusConflict}[problem]
		if status == 0 {
			status = http.StatusBadRequest
		}
		if a.Status != status || !strings.Contains(string(a.Body), `id="problem"`) || !strings.Contains(string(a.Body), "kept as typed") {
			t.Errorf("%s: %d %s", problem, a.Status, a.Body)
		}
	}
	u, err := s.backend.User(t.Context(), s.Alice.ID)
	must(t, err)
	if u.Email != "new@example.com" || u.EmailVerified || u.Phone != "+49 1" || u.FullName != "A. <b>Liddell</b>" {
		t.Errorf("stored: %+v", u)
	}
	b.own("/account/profile", "username=mallory&roles=admin&email_verified=1&full_name=Alice").expect(t, Account)
	if u, _ = s.backend.User(t.Context(), s.Alice.ID); u.Username != "alice" || len(u.Roles) != 1 || u.EmailVerified {
		t.Errorf("fields that are not on the page: %+v", u)
	}
	if n := s.events(t, audit.EventUserUpdated); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func testAccountPassword(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	b, other := s.NewBrowser(), s.NewBrowser()
	b.signInToAccount(t, s.Alice)
	elsewhere := s.Redeem(t, app, other.GetCode(t, app, s.Alice))
	phone := s.Login(t, s.Web, s.Alice, "openid")
	next := s.NewSecret("the next password")
	change := func(old, new, again string) Page {
		return b.SendForm(t, b.Open(AccountPassword).expect(t, AccountPassword), AccountPassword, "", "current_password", old, "new_password", new, "new_password_again", again)
	}
	for problem, p := range map[string]Page{
		"The current password is not right": change(s.NewSecret("a wrong guess"), next, next), "not the same": change(s.Alice.Password, next, next+"x"),
		"too short": change(s.Alice.Password, "short", "short"), "easy to guess": change(s.Alice.Password, "password123", "password123"),
		"Fill in all fields": change("", next, next), "the one you have already": change(s.Alice.Password, s.Alice.Password, s.Alice.Password),
	} {
		if p.says(t, problem); p.Status != http.StatusBadRequest || strings.Contains(string(p.Body), next) {
			t.Errorf("%s: %d %s", problem, p.Status, p.Body)
		}
	}
	before := b.Cookies["signet"]
	s.Clock.Advance(time.Minute)
	change(s.Alice.Password, next, next).expect(t, AccountPassword).says(t, "Your password is changed")
	if b.Cookies["signet"] == before {
		t.Error("S02 the cookie stays after the password was given")
	}
	b.Open(Account).expect(t, Account)
	other.Open(Account).expect(t, Login)
	stolen := s.NewBrowser()
	stolen.Cookies["signet"] = before
	stolen.Open(Account).expect(t, Login)
	s.expectEnded(t, app, elsewhere)
	s.expectEnded(t, s.Web, phone)
	s.TryLogin(s.Web, s.Alice, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
	s.Login(t, s.Web, User{Username: "alice", Password: next}, "")
	if !b.Open(s.authorizeURL(app, "prompt", "none")).Answer(t).Has("code") {
		t.Error("this browser is not signed in any more")
	}
}

func testAccountPasswordThrottle(t *testing.T, s *Signet) {
	b, other := s.NewBrowser(), s.NewBrowser()
	b.signInToAccount(t, s.Alice)
	other.signInToAccount(t, s.Alice)
	guess, next := s.NewSecret("a wrong password"), s.NewSecret("a new password")
	try := func(b *Browser, old string) Page {
		return b.own(AccountPassword, Form("current_password", old, "new_password", next).Encode())
	}
	for range s.options.Issuer.Throttle.PerAccountNetwork.Attempts {
		if p := try(b, guess); p.Status != http.StatusBadRequest {
			t.Fatalf("%d %s", p.Status, p.Body)
		}
	}
	before := s.Passwords.Evaluations()
	for _, old := range []string{guess, s.Alice.Password} {
		if p := try(b, old); p.Status != http.StatusTooManyRequests || p.Header.Get("Retry-After") == "" {
			t.Errorf("%d %s", p.Status, p.Body)
		}
	}
	if n := s.Passwords.Evaluations() - before; n != 0 {
		t.Errorf("%d hash evaluations while throttled", n)
	}
	b.Open(Account).expect(t, Account)
	try(other, s.Alice.Password).expect(t, AccountPassword)
}

// testAppsPasswordThrottle: a browser that is signed in begins as many sessions of applications
// as it likes, without the password. They share the guesses of the browser.
func testAppsPasswordThrottle(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", func(c *storage.Client) { c.Scopes, c.Audiences = []string{"openid", issuer.ScopeAccount}, nil })
	b, guess := s.NewBrowser(), s.NewSecret("a wrong password")
	change := func(token Tokens, old string) Response {
		return s.JSON("POST", MePassword, Object{"current_password": old, "new_password": s.NewSecret("new password")}, Bearer(token.Access))
	}
	for range s.options.Issuer.Throttle.PerAccountNetwork.Attempts {
		change(b.useIn(t, app, s.Alice, "openid signet:account"), guess).ExpectProblem(t, 422, "invalid_field", "current_password")
	}
	before := s.Passwords.Evaluations()
	for _, old := range []string{guess, s.Alice.Password} {
		change(b.useIn(t, app, s.Alice, "openid signet:account"), old).ExpectProblem(t, http.StatusTooManyRequests, "temporarily_unavailable").expectRetryAfter(t)
	}
	if p := b.own(AccountPassword, Form("current_password", guess, "new_password", s.NewSecret("next password")).Encode()); p.Status != http.StatusTooManyRequests {
		t.Errorf("on the account page: %d", p.Status)
	}
	if n := s.Passwords.Evaluations() - before; n != 0 {
		t.Errorf("%d hash evaluations while throttled", n)
	}
	other := s.NewBrowser().useIn(t, app, s.Alice, "openid signet:account")
	change(other, s.Alice.Password).ExpectStatus(t, http.StatusNoContent)
}

func testAccountDisabled(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	b.signInToAccount(t, s.Alice)
	_, err := s.operator().Users().Disable(context.Background(), s.Alice.ID)
	must(t, err)
	b.Open(Account).expect(t, Login)
	b.own("/account/profile", "full_name=x").expect(t, Login)
	if u, _ := s.backend.User(t.Context(), s.Alice.ID); u.FullName == "x" {
		t.Error("a disabled user changes the profile")
	}
	_, err = s.operator().Users().Enable(context.Background(), s.Alice.ID)
	must(t, err)
	b.Open(Account).expect(t, Login)
}

func testAccountSignOut(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	b := s.NewBrowser()
	tokens := b.useIn(t, app, s.Alice, "openid")
	p := b.SendForm(t, b.Open(Account).expect(t, Account), Logout, "", "decision", "sign-out")
	if p.Status != http.StatusOK || len(b.Cookies) != 0 {
		t.Errorf("%d at %s, cookies %d: %s", p.Status, p.Path, len(b.Cookies), p.Body)
	}
	s.expectEnded(t, app, tokens)
	b.Open(Account).expect(t, Login)
}

// askOnce makes a client ask people for their consent.
func askOnce(c *storage.Client) { c.Consent = "once" }
