package protocoltest

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/totp"
	"example.org/signet/storage"
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

func testCodesThrottled(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	b := s.NewBrowser()
	wrong := User{Username: s.Alice.Username, Password: "wrong password"}
	b.SignIn(t, b.Open(Login), wrong)
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	for range limit - 1 {
		p = b.sendCode(t, p, a.wrong()).asksForCode(t)
		if p.Status != http.StatusUnauthorized {
			t.Errorf("a wrong code: %d", p.Status)
		}
	}
	p = b.sendCode(t, p, a.next())
	if p.Status != http.StatusTooManyRequests || p.Header.Get("Retry-After") == "" {
		t.Errorf("the right code past the limit: %d", p.Status)
	}
	if p := b.SignIn(t, b.Open(Login), s.Alice); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right password past the limit: %d", p.Status)
	}
	if s.events(t, audit.EventLoginThrottled) == 0 {
		t.Error("nothing is audited")
	}
	s.Advance(s.options.Issuer.Throttle.PerAccountNetwork.Window + time.Second)
	p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.code()).expect(t, Account)
}

func testPasswordBeforeCode(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	b := s.NewBrowser()
	wrong := User{Username: s.Alice.Username, Password: "wrong password"}
	for range limit - 1 {
		b.SignIn(t, b.Open(Login), wrong)
	}
	var p Page
	for range limit + 1 { // does not count
		p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	}
	b.sendCode(t, p, a.wrong())
	if p := b.SignIn(t, b.Open(Login), s.Alice); p.Status != http.StatusTooManyRequests { // did not forgive
		t.Errorf("past the limit: %d", p.Status)
	}
	s.Advance(s.options.Issuer.Throttle.PerAccountNetwork.Window + time.Second)
	for range limit - 1 {
		b.SignIn(t, b.Open(Login), wrong)
	}
	p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.code()).expect(t, Account) // forgives
	for range limit - 1 {
		if p := s.NewBrowser().SignIn(t, s.NewBrowser().Open(Login), wrong); p.Status != http.StatusUnauthorized {
			t.Errorf("a wrong password after the login: %d", p.Status)
		}
	}
}

func testPendingLogin(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	_, bobs := s.enrolled(t, s.Editor)
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	pending := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).asksForCode(t)
	post := func(query, sealed, code string) Page {
		return b.own(LoginFactor+query, Form("pending", sealed, "code", code).Encode())
	}
	_, query, _ := strings.Cut(pending.action(t), "?")
	sealed := pending.hidden("pending")
	for name, p := range map[string]Page{
		"nothing":         post("?"+query, "", a.next()),
		"cut":             post("?"+query, sealed[:len(sealed)-1], a.code()),
		"a stamp":         post("?"+query, "AgAA", a.code()),
		"another request": post(strings.TrimPrefix(s.authorizeURL(app), Authorize), sealed, a.code()),
		"no request":      post("", sealed, a.code()),
	} {
		if p.asksForPassword(t); len(b.Cookies) != 0 {
			t.Errorf("%s: cookies %v", name, b.Cookies)
		}
	}
	if p := post("?"+query, sealed, bobs.code()); p.Status != http.StatusUnauthorized {
		t.Errorf("the code of another user: %d", p.Status)
	}
	if p := post("?"+query, sealed, ""); p.Status != http.StatusBadRequest {
		t.Errorf("no code: %d", p.Status)
	}
	s.Advance(authorization.PendingTTL)
	post("?"+query, sealed, a.code()).asksForPassword(t)
}

func testPendingLoginEnded(t *testing.T, s *Signet) {
	for name, end := range map[string]func(id string) error{
		"disabled":              func(id string) error { return secondError(s.operator().Users().Disable(t.Context(), id)) },
		"signed out everywhere": func(id string) error { return secondError(s.operator().Users().EndSessions(t.Context(), id)) },
		"deleted":               func(id string) error { return s.operator().Users().Delete(t.Context(), id) },
	} {
		user := s.AddUser(t, strings.ReplaceAll(name, " ", "-"))
		_, a := s.enrolled(t, user)
		b := s.NewBrowser()
		p := b.SignIn(t, b.Open(Login), user).asksForCode(t)
		must(t, end(user.ID))
		b.sendCode(t, p, a.next()).asksForPassword(t)
		if len(b.Cookies) != 0 {
			t.Errorf("%s: signed in", name)
		}
	}
}

// An outcome that is not known is no wrong code, and counts on no counter.
func testCodeUnknownOutcome(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	b := s.NewBrowser()
	var p Page
	for _, call := range []string{"UserInEpoch", "UserFactors", "PutUserFactors", "RecordLogins"} {
		p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
		for range 4 { // more than the limit of wrong codes
			s.Store.Before(failing(call))
			got := b.sendCode(t, p, a.next())
			s.Store.Reset()
			if got.Status != http.StatusServiceUnavailable || len(b.Cookies) != 0 {
				t.Errorf("%s: %d, cookies %v", call, got.Status, b.Cookies)
			}
		}
	}
	p = b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.next()).expect(t, Account)
}

// Whatever call of the store fails, or is made and its answer lost, as by a stop in between: nobody
// is signed in, nothing counts, and the next code works.
func testCodeStopsAnywhere(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	for name, fail := range map[string]func(int){"fails": s.Store.FailAt, "loses its answer": s.Store.LoseResponseAt} {
		stops := 0
		for n := 1; n < 40; n++ {
			b := s.NewBrowser()
			p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
			code := a.next()
			fail(n)
			got := b.sendCode(t, p, code)
			s.Store.Reset()
			if got.Path == Account { // the sign-in is done: the call is one of the page that it leads to
				break
			}
			if stops++; got.Status != http.StatusServiceUnavailable || len(b.Cookies) != 0 {
				t.Errorf("call %d %s: %d at %s, cookies %v", n, name, got.Status, got.Path, b.Cookies)
			}
		}
		if stops < 3 {
			t.Errorf("%d stops where a call %s", stops, name)
		}
	}
	b := s.NewBrowser()
	b.sendCode(t, b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t), a.next()).expect(t, Account)
}

// failing makes every call of one method fail.
func failing(call string) func(context.Context, int, string) error {
	return func(_ context.Context, _ int, method string) error {
		if method == call {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	}
}

// Steps that were used stay used, whatever the clock says; a recovery code is the way in.
func testCodeClockSetBack(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	b.sendCode(t, p, a.next()).expect(t, Account)
	s.Clock.Advance(-5 * time.Minute)
	c := s.NewBrowser()
	p = c.SignIn(t, c.Open(Login), s.Alice).asksForCode(t)
	c.sendCode(t, p, a.code()).says(t, "has been used")
	c.Send(t, p, Form("pending", p.hidden("pending"), "recovery_code", a.codes[0])).expect(t, Account)
}

// The grant cannot ask for a code, so it answers as to a wrong password.
func testGrantWithFactor(t *testing.T, s *Signet) {
	wrong := s.TryLogin(s.Web, User{Username: s.Alice.Username, Password: "wrong password"}, "")
	_, a := s.enrolled(t, s.Alice)
	refused := s.TryLogin(s.Web, s.Alice, "")
	if refused.Status != wrong.Status || string(refused.Body) != string(wrong.Body) {
		t.Errorf("%d %s, want %d %s", refused.Status, refused.Body, wrong.Status, wrong.Body)
	}
	for name := range wrong.Header {
		if name != "Date" && name != "X-Request-Id" && refused.Header.Get(name) != wrong.Header.Get(name) {
			t.Errorf("header %s: %q, want %q", name, refused.Header.Get(name), wrong.Header.Get(name))
		}
	}
	if !strings.Contains(auditLog(s), "which this grant cannot ask for") {
		t.Error("the reason is not audited")
	}
	b := s.NewBrowser()
	b.sendCode(t, b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t), a.next()).expect(t, Account)
}

func testRemoveApp(t *testing.T, s *Signet) {
	b, a := s.enrolled(t, s.Alice)
	p := b.SendForm(t, b.Open(AccountFactors), AccountFactors+"/codes", "")
	if n := len(codeOnPage.FindAll(p.Body, -1)); n != 10 || strings.Contains(string(p.Body), a.codes[0]) {
		t.Errorf("%d new codes: %s", n, p.Body)
	}
	s.Advance(11 * time.Minute)
	p = b.Open(AccountFactors).expect(t, AccountFactors).says(t, "asks for your password")
	for password, want := range map[string]int{"": http.StatusBadRequest, "wrong password": http.StatusBadRequest} {
		if p := b.SendForm(t, p, AccountFactors+"/remove", "", "current_password", password); p.Status != want {
			t.Errorf("password %q: %d, want %d", password, p.Status, want)
		}
	}
	b.SendForm(t, p, AccountFactors+"/remove", "", "current_password", s.Alice.Password).expect(t, AccountFactors).says(t, "is removed", "Set up an app")
	if s.events(t, audit.EventFactorRemoved) != 1 || s.events(t, audit.EventRecoveryCodesRenewed) != 1 {
		t.Error("the events of the changes")
	}
	c := s.NewBrowser()
	c.SignIn(t, c.Open(Login), s.Alice).expect(t, Account)
	if p := b.own(AccountFactors+"/remove", Form("current_password", s.Alice.Password).Encode()); p.Status != http.StatusConflict {
		t.Errorf("removing it again: %d", p.Status)
	}
}

// Who has the password and an old session, but not the app, gets rid of no factor.
func testWeakSessionRemovesNothing(t *testing.T, s *Signet) {
	old := s.NewBrowser()
	old.signInToAccount(t, s.Alice)
	s.enrolled(t, s.Alice)
	for _, path := range []string{"/remove", "/codes"} {
		p := old.own(AccountFactors+path, Form("current_password", s.Alice.Password).Encode())
		if p.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
	f, err := s.backend.UserFactors(t.Context(), s.Alice.ID)
	if err != nil || f.TOTP == nil || f.Version != 1 {
		t.Errorf("the factors are %+v, %v", f, err)
	}
}

const essential2FA = `{"id_token":{"acr":{"essential":true,"values":["urn:signet:2fa"]}}}`

func testStepUp(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	steps := [][]string{{"claims", essential2FA}, {"acr_values", "urn:signet:phr urn:signet:2fa"}, {"acr_values", "2"}}
	old := make([]*Browser, len(steps))
	for n := range old {
		old[n] = s.NewBrowser()
		old[n].signInToAccount(t, s.Alice) // before there is a second factor
	}
	old[0].Open(s.authorizeURL(app, "claims", essential2FA)).expect(t, LoginEnrol) // who has none can set one up
	if !old[0].Open(s.authorizeURL(app, "acr_values", "urn:signet:2fa")).Answer(t).Has("code") {
		t.Error("acr_values without a factor is an error")
	}
	_, a := s.enrolled(t, s.Alice)
	if !old[0].Open(s.authorizeURL(app)).Answer(t).Has("code") {
		t.Error("a session is asked for what nobody wants")
	}
	if e := old[0].Open(s.authorizeURL(app, "claims", essential2FA, "prompt", "none")).Answer(t); e.Get("error") != authorization.InteractionRequired {
		t.Errorf("prompt=none: %v", e)
	}
	if !old[0].Open(s.authorizeURL(app, "acr_values", "2", "prompt", "none")).Answer(t).Has("code") {
		t.Error("acr_values with prompt=none is an error")
	}
	for n, b := range old {
		q, verifier := s.AuthRequest(app, steps[n]...)
		p := b.Open(Authorize+"?"+q.Encode()).expect(t, LoginFactor).asksForCode(t)
		stranger := s.NewBrowser()
		stranger.sendCode(t, p, a.next()).asksForPassword(t) // the session is not there
		answer := b.sendCode(t, p, a.next()).Answer(t)
		s.Log.MarkSecret(answer.Get("code"))
		tokens := s.Redeem(t, app, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")})
		if c := claims(t, tokens.ID); c["acr"] != authorization.ACR2FA || c["auth_time"] != float64(s.Clock.Now().Unix()) {
			t.Errorf("%v: acr %v, auth_time %v", steps[n], c["acr"], c["auth_time"])
		}
		if !b.Open(s.authorizeURL(app, steps[n]...)).Answer(t).Has("code") {
			t.Errorf("%v: asked again", steps[n])
		}
	}
}

func testFactorsAPI(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	get := func() Object { return s.JSON("GET", MeFactors, nil, token).ExpectStatus(t, http.StatusOK).Object(t) }
	post := func(path string, body Object) Response { return s.JSON("POST", MeFactors+path, body, token) }
	if f := get(); f["totp"] != nil || f["recovery_codes_left"] != float64(0) {
		t.Errorf("no factors: %v", f)
	}
	post("/totp/remove", Object{}).ExpectProblem(t, http.StatusNotFound, "not_found")
	post("/recovery-codes", Object{}).ExpectProblem(t, http.StatusNotFound, "not_found")
	begun := post("/totp", Object{}).ExpectStatus(t, http.StatusOK).Object(t)
	seed, err := totp.Decode(begun["secret"].(string))
	must(t, err)
	a := &app{s: s, seed: seed}
	post("/totp/confirm", Object{"enrolment": begun["enrolment"], "code": a.wrong()}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "code")
	post("/totp/confirm", Object{"enrolment": "x", "code": a.code()}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "enrolment")
	codes := post("/totp/confirm", Object{"enrolment": begun["enrolment"], "code": a.code()}).ExpectStatus(t, http.StatusOK).Object(t)["recovery_codes"].([]any)
	if f := get(); len(codes) != 10 || f["totp"] == nil || f["recovery_codes_left"] != float64(10) {
		t.Errorf("%d codes, %v", len(codes), f)
	}
	post("/totp", Object{}).ExpectStatus(t, http.StatusUnauthorized)
	refused := post("/totp/remove", Object{"current_password": s.Alice.Password}).ExpectStatus(t, http.StatusUnauthorized)
	if c := refused.Header.Get("WWW-Authenticate"); !strings.Contains(c, `error="insufficient_user_authentication"`) || !strings.Contains(c, `acr_values="urn:signet:2fa"`) {
		t.Errorf("WWW-Authenticate %s", c)
	}
	// A token of a sign-in with the app may.
	token = s.tokenByApp(t, a, s.Alice)
	post("/totp", Object{}).ExpectProblem(t, http.StatusConflict, "duplicate", "totp")
	post("/totp/confirm", Object{"enrolment": begun["enrolment"], "code": a.next()}).ExpectProblem(t, http.StatusConflict, "duplicate", "totp")
	if again := post("/recovery-codes", Object{}).ExpectStatus(t, http.StatusOK).Object(t)["recovery_codes"].([]any); len(again) != 10 {
		t.Errorf("%d new codes", len(again))
	}
	s.Advance(11 * time.Minute)
	post("/totp/remove", Object{}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "current_password")
	post("/totp/remove", Object{"current_password": "wrong password"}).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "current_password")
	post("/totp/remove", Object{"current_password": s.Alice.Password}).ExpectStatus(t, http.StatusNoContent)
	if f := get(); f["totp"] != nil || f["recovery_codes_left"] != float64(0) {
		t.Errorf("after the removal: %v", f)
	}
}

// tokenByApp signs a user in to the client desk with the app, and returns the token.
func (s *Signet) tokenByApp(t *testing.T, a *app, u User) RequestOption {
	t.Helper()
	desk := s.AddCodeClient(t, "desk", func(c *storage.Client) { c.Audiences, c.Scopes = nil, append(c.Scopes, "signet:account") })
	b := s.NewBrowser()
	q, verifier := s.AuthRequest(desk, "scope", "openid signet:account")
	answer := b.sendCode(t, b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), u).asksForCode(t), a.next()).Answer(t)
	s.Log.MarkSecret(answer.Get("code"))
	return Bearer(s.Redeem(t, desk, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")}).Access)
}

// Guesses at the password beside a change of the factors are counted by session.
func testFactorPasswordsThrottled(t *testing.T, s *Signet) {
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	erin := Bearer(s.Login(t, s.Portal(t), s.Editor, portalScope).Access)
	alice := s.tokenByApp(t, s.giveApp(t, s.Alice), s.Alice)
	s.Advance(11 * time.Minute)
	guess := Object{"current_password": "wrong password"}
	for _, c := range []struct {
		path  string
		token RequestOption
	}{{"/totp", erin}, {"/totp/remove", alice}, {"/recovery-codes", alice}} {
		for range limit {
			if a := s.JSON("POST", MeFactors+c.path, guess, c.token); a.Status == http.StatusTooManyRequests {
				break
			}
		}
		s.JSON("POST", MeFactors+c.path, guess, c.token).ExpectStatus(t, http.StatusTooManyRequests)
	}
	s.JSON("POST", MeFactors+"/totp/remove", Object{"current_password": s.Alice.Password}, alice).ExpectStatus(t, http.StatusTooManyRequests)
	if f, err := s.backend.UserFactors(t.Context(), s.Alice.ID); err != nil || f.TOTP == nil {
		t.Errorf("the factors are %+v, %v", f, err)
	}
}

func testFactorCrossSite(t *testing.T, s *Signet) {
	_, a := s.enrolled(t, s.Alice)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t)
	foreign := b.Post(LoginFactor, Form("pending", p.hidden("pending"), "code", a.next()))
	foreign.ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	b.sendCode(t, p, a.code()).expect(t, Account)
}
