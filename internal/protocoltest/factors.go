package protocoltest

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/totp"
)

// Paths of the second factors.
const (
	LoginFactor    = "/login/second-factor"
	MeFactors      = "/me/factors"
	AccountFactors = "/account/factors"
)

// Second factors, in a browser without script.
var factorCases = []testCase{
	{name: "enrolling an authenticator app on the account page", run: testEnrolApp},
	{name: "a sign-in with a code, at an application", run: testSignInWithCode},
	{name: "a sign-in with a recovery code", run: testSignInWithRecoveryCode},
	{name: "a code that is used twice", run: testFactorCodeReplay},
	{name: "one code in fifty parallel forms", run: testFactorCodeRace},
	{name: "U04 wrong codes count on the counter of the password", configure: strictThrottle, run: testCodesThrottled},
	{name: "a right password neither counts nor forgives before the code", configure: strictThrottle, run: testPasswordBeforeCode},
	{name: "a pending login of another request, user or time", run: testPendingLogin},
	{name: "what ends sessions ends a pending login", run: testPendingLoginEnded},
	{name: "U07 the store away while a code is checked", configure: strictThrottle, run: testCodeUnknownOutcome},
	{name: "a stop anywhere in a sign-in with a code", configure: strictThrottle, run: testCodeStopsAnywhere},
	{name: "a clock that is set back after a code", run: testCodeClockSetBack},
	{name: "U15 the password grant for a user with a second factor", run: testGrantWithFactor},
	{name: "removing an authenticator app, and new recovery codes", run: testRemoveApp},
	{name: "a session from before the second factor removes nothing", run: testWeakSessionRemovesNothing},
	{name: "a step-up by acr_values and by an essential acr", run: testStepUp},
	{name: "the second factors by the API", run: testFactorsAPI},
	{name: "U04 guesses at the password beside a change of the factors", configure: strictThrottle, run: testFactorPasswordsThrottled},
	{name: "L12 forms of other sites at the second factor", run: testFactorCrossSite},
}

// app is an authenticator app with recovery codes.
type app struct {
	s     *Signet
	seed  []byte
	codes []string
}

// code is what the app shows.
func (a *app) code() string { return totp.Code(a.seed, totp.Step(a.s.Clock.Now())) }

// next moves the clock to the next code, and returns it.
func (a *app) next() string {
	a.s.Advance(totp.Period)
	return a.code()
}

// wrong is a code that the app has not shown lately and will not show soon.
func (a *app) wrong() string {
	for _, c := range []string{"000000", "111111", "222222", "333333"} {
		step := totp.Step(a.s.Clock.Now())
		if c != totp.Code(a.seed, step) && c != totp.Code(a.seed, step-1) && c != totp.Code(a.seed, step+1) {
			return c
		}
	}
	return "444444"
}

var (
	secretOnPage = regexp.MustCompile(`id="totp-secret">([A-Z2-7 ]+)<`)
	codeOnPage   = regexp.MustCompile(`<li><code>([0-9A-Z-]+)</code>`)
)

// enrol sets up an app on the account page of somebody who has just signed in.
func (b *Browser) enrol(t testing.TB) *app {
	t.Helper()
	p := b.SendForm(t, b.Open(AccountFactors).expect(t, AccountFactors), AccountFactors+"/add", "")
	a := &app{s: b.s, seed: seedOf(t, p)}
	p = b.SendForm(t, p, AccountFactors+"/confirm", "", "code", a.next())
	for _, found := range codeOnPage.FindAllSubmatch(p.Body, -1) {
		a.codes = append(a.codes, string(found[1]))
		b.s.Log.MarkSecret(string(found[1]))
	}
	if p.Status != http.StatusOK || len(a.codes) != 10 {
		t.Fatalf("%d recovery codes: %d %s", len(a.codes), p.Status, p.Body)
	}
	return a
}

func seedOf(t testing.TB, p Page) []byte {
	t.Helper()
	found := secretOnPage.FindSubmatch(p.Body)
	if found == nil {
		t.Fatalf("no secret on %s: %d %s", p.Path, p.Status, p.Body)
	}
	link := `id="totp-link" href="otpauth://totp/`
	if _, uri, ok := strings.Cut(string(p.Body), link); !ok || !strings.Contains(uri[:strings.Index(uri, `"`)], "secret="+strings.ReplaceAll(string(found[1]), " ", "")) {
		t.Errorf("no link of the secret to an app on this device: %s", p.Body)
	}
	seed, err := totp.Decode(string(found[1]))
	must(t, err)
	return seed
}

// enrolled signs a user in to the account and sets up an app.
func (s *Signet) enrolled(t testing.TB, u User) (*Browser, *app) {
	t.Helper()
	b := s.NewBrowser()
	b.signInToAccount(t, u)
	return b, b.enrol(t)
}

// asksForCode expects the page of the second factor.
func (p Page) asksForCode(t testing.TB) Page {
	t.Helper()
	if !strings.Contains(string(p.Body), `autocomplete="one-time-code"`) || !strings.Contains(p.action(t), LoginFactor) {
		t.Fatalf("%d at %s does not ask for a code: %.600s", p.Status, p.Path, p.Body)
	}
	return p
}

// asksForPassword expects the login page that says that a sign-in took too long.
func (p Page) asksForPassword(t testing.TB) Page {
	t.Helper()
	if p.Status != http.StatusOK || !strings.Contains(string(p.Body), `autocomplete="current-password"`) {
		t.Fatalf("%d at %s does not ask for the password: %.600s", p.Status, p.Path, p.Body)
	}
	return p.says(t, "took too long")
}

// sendCode sends the form of the second factor.
func (b *Browser) sendCode(t testing.TB, p Page, code string) Page {
	t.Helper()
	return b.Send(t, p, Form("pending", p.hidden("pending"), "code", code))
}

func (p Page) hidden(name string) string {
	for _, f := range hiddenField.FindAllSubmatch(p.Body, -1) {
		if html.UnescapeString(string(f[1])) == name {
			return html.UnescapeString(string(f[2]))
		}
	}
	return ""
}

func testEnrolApp(t *testing.T, s *Signet) {
	b := s.NewBrowser()
	b.signInToAccount(t, s.Alice)
	p := b.Open(AccountFactors).expect(t, AccountFactors).says(t, "Set up an app")
	p = b.SendForm(t, p, AccountFactors+"/add", "")
	a := &app{s: s, seed: seedOf(t, p)}
	if !strings.Contains(string(p.Body), "<svg") || strings.Contains(p.hidden("enrolment"), totp.Encode(a.seed)) {
		t.Errorf("the page of the enrolment: %s", p.Body)
	}
	again := b.SendForm(t, p, AccountFactors+"/confirm", "", "code", a.wrong())
	if again.Status != http.StatusUnauthorized || string(seedOf(t, again)) != string(a.seed) {
		t.Errorf("a wrong code: %d %s", again.Status, again.Body)
	}
	if _, err := s.backend.UserFactors(t.Context(), s.Alice.ID); err == nil {
		t.Error("a factor is stored before its first code")
	}
	other := s.NewBrowser()
	other.signInToAccount(t, s.Editor)
	if p := other.own(AccountFactors+"/confirm", Form("enrolment", p.hidden("enrolment"), "code", a.code()).Encode()); !strings.Contains(string(p.Body), "took too long") {
		t.Errorf("the enrolment of another user: %d %s", p.Status, p.Body)
	}
	cookie := b.Cookies
	done := b.SendForm(t, p, AccountFactors+"/confirm", "", "code", a.code())
	if done.Status != http.StatusOK || len(codeOnPage.FindAll(done.Body, -1)) != 10 {
		t.Fatalf("no recovery codes: %d %s", done.Status, done.Body)
	}
	if len(cookie) == 0 {
		t.Error("no cookie")
	}
	if p := b.SendForm(t, p, AccountFactors+"/confirm", "", "code", a.next()); p.Status != http.StatusConflict {
		t.Errorf("a second app: %d", p.Status)
	}
	b.Open(AccountFactors).expect(t, AccountFactors).says(t, "Codes left: <bdi>10</bdi>", "Remove the app")
	if n := s.events(t, audit.EventFactorEnrolled); n != 1 {
		t.Errorf("%d events of the enrolment, want 1", n)
	}
}

func testSignInWithCode(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	q, verifier := s.AuthRequest(app)
	p := b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), s.Alice).asksForCode(t)
	if len(b.Cookies) != 0 {
		t.Errorf("cookies before the code: %v", b.Cookies)
	}
	if strings.Contains(p.action(t), "pending") {
		t.Errorf("the pending login is in the URL: %s", p.action(t))
	}
	p = b.sendCode(t, p, a.wrong()).asksForCode(t)
	if p.Status != http.StatusUnauthorized {
		t.Errorf("a wrong code: %d", p.Status)
	}
	b.Open(LoginFactor+"?"+q.Encode()).expect(t, Login) // loaded anew there is no login to complete
	succeeded := s.events(t, audit.EventLoginSucceeded)
	answer := b.sendCode(t, p, a.next()).Answer(t)
	if s.events(t, audit.EventLoginSucceeded) != succeeded+1 || s.events(t, audit.EventSecondFactorFailed) != 1 {
		t.Error("the events of the login")
	}
	s.Log.MarkSecret(answer.Get("code"))
	tokens := s.Redeem(t, app, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")})
	now := s.Clock.Now().Unix()
	for _, token := range []string{tokens.Access, tokens.ID} {
		c := claims(t, token)
		if c["acr"] != authorization.ACR2FA || !equalTexts(c["amr"], "pwd", "otp", "mfa") || c["auth_time"] != float64(now) {
			t.Errorf("acr %v, amr %v, auth_time %v", c["acr"], c["amr"], c["auth_time"])
		}
	}
	// Another application of the same browser asks for nothing.
	if !b.Open(s.authorizeURL(s.AddCodeSPA(t, "second"))).Answer(t).Has("code") {
		t.Error("the second application asks again")
	}
}

func equalTexts(list any, want ...string) bool {
	values, _ := list.([]any)
	if len(values) != len(want) {
		return false
	}
	for n, v := range values {
		if v != want[n] {
			return false
		}
	}
	return true
}

func testSignInWithRecoveryCode(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.Send(t, p, Form("pending", p.hidden("pending"), "recovery_code", strings.ToLower(a.codes[3]))).expect(t, Account)
	b.Open(AccountFactors).says(t, "Codes left: <bdi>9</bdi>")
	p = b.Clone().SignIn(t, s.NewBrowser().Open(Login), s.Alice).asksForCode(t)
	if p := b.Send(t, p, Form("pending", p.hidden("pending"), "recovery_code", a.codes[3])); p.Status != http.StatusUnauthorized {
		t.Errorf("a recovery code again: %d", p.Status)
	}
	if n := s.events(t, audit.EventRecoveryCodeUsed); n != 1 {
		t.Errorf("%d events of the recovery code, want 1", n)
	}
}

func testFactorCodeReplay(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	first, second := s.NewBrowser(), s.NewBrowser()
	p, q := first.SignIn(t, first.Open(Login), s.Alice).asksForCode(t), second.SignIn(t, second.Open(Login), s.Alice).asksForCode(t)
	code := a.next()
	first.sendCode(t, p, code).expect(t, Account)
	again := second.sendCode(t, q, code).asksForCode(t).says(t, "has been used")
	if again.Status != http.StatusUnauthorized || len(second.Cookies) != 0 {
		t.Errorf("the code again: %d, cookies %v", again.Status, second.Cookies)
	}
	s.Advance(totp.Period)
	second.sendCode(t, again, code).says(t, "has been used") // of the step before
	s.Advance(totp.Period)
	second.sendCode(t, again, code).says(t, "not right")
	second.sendCode(t, again, a.code()).expect(t, Account)
}

func testFactorCodeRace(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	pages, browsers := make([]Page, 50), make([]*Browser, 50)
	for n := range pages {
		browsers[n] = s.NewBrowser()
	}
	p := browsers[0].SignIn(t, browsers[0].Open(Login), s.Alice).asksForCode(t)
	code, before := a.next(), s.events(t, audit.EventLoginSucceeded)
	all := make([]func(), len(pages))
	for n := range all {
		all[n] = func() { pages[n] = browsers[n].sendCode(t, p, code) }
	}
	runConcurrently(all...)
	in := 0
	for n, p := range pages {
		switch {
		case p.is(Account):
			in++
		case p.Status != http.StatusUnauthorized && p.Status != http.StatusTooManyRequests || len(browsers[n].Cookies) != 0:
			t.Errorf("a form that lost: %d at %s", p.Status, p.Path)
		}
	}
	if in != 1 || s.events(t, audit.EventLoginSucceeded) != before+1 {
		t.Errorf("%d are signed in by one code, want 1", in)
	}
}
