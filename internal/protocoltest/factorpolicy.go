package protocoltest

import (
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// LoginEnrol is the page that sets up a second factor on the way to a client.
const LoginEnrol = "/login/enrol"

// Policies of roles and clients that demand a second factor.
var factorPolicyCases = []testCase{
	{name: "a role demands a second factor at once", run: testRoleDemandsFactor},
	{name: "a client demands a second factor", run: testClientDemandsFactor},
	{name: "a user puts the second factor off within the time", configure: enrolWithinAWeek, run: testEnrolLater},
	{name: "enrolling on the way with wrong, foreign and old forms", run: testEnrolForms},
	{name: "enrolling with a cookie alone", run: testEnrolNeedsFreshLogin},
	{name: "an administrator with a factor is always asked for it", run: testAdministratorsFactor},
	{name: "the password grant where a policy demands a second factor", run: testGrantWithPolicy},
	{name: "a client marked for the password grant without a second factor", run: testGrantWithoutMFA},
	{name: "policies by the API", configure: mergedAdmin, run: testPoliciesByAPI},
	{name: "the store away while a factor is set up on the way", run: testEnrolUnknownOutcome},
}

func enrolWithinAWeek(o *Options) { o.Issuer.EnrolWithin = 7 * 24 * time.Hour }

// demand makes a role demand a second factor.
func (s *Signet) demand(t testing.TB, role string) {
	t.Helper()
	mfa := admin.AuthenticationMFA
	_, err := s.operator().Roles().Update(t.Context(), role, admin.RoleChange{Authentication: &mfa})
	must(t, err)
	s.Service.InvalidateRoles()
}

func mfaClient(c *storage.Client) { c.Authentication = admin.AuthenticationMFA }

// strictApp is a client that demands a second factor.
func (s *Signet) strictApp(t *testing.T, id string) Client {
	t.Helper()
	c := s.AddCodeSPA(t, id)
	s.changeClient(t, c, mfaClient)
	return c
}

// enrolOnTheWay sets up an app on the page of StepEnrol, and returns it with the page of the
// recovery codes.
func (b *Browser) enrolOnTheWay(t testing.TB, p Page) (*app, Page) {
	t.Helper()
	a := &app{s: b.s, seed: seedOf(t, p.expect(t, LoginEnrol))}
	p = b.Send(t, p, Form("enrolment", p.hidden("enrolment"), "code", a.next()))
	for _, found := range codeOnPage.FindAllSubmatch(p.Body, -1) {
		a.codes = append(a.codes, string(found[1]))
		b.s.Log.MarkSecret(string(found[1]))
	}
	if p.Status != http.StatusOK || len(a.codes) != 10 {
		t.Fatalf("%d recovery codes: %d %.300s", len(a.codes), p.Status, p.Body)
	}
	return a, p
}

// goOn follows the link of the page with the recovery codes.
func (b *Browser) goOn(t testing.TB, p Page) Page {
	t.Helper()
	_, link, found := strings.Cut(string(p.Body), `id="codes-done" href="`)
	link, _, _ = strings.Cut(link, `"`)
	if !found {
		t.Fatalf("no link: %s", p.Body)
	}
	return b.visit(http.MethodGet, b.s.below(html.UnescapeString(link)), "", Header("Sec-Fetch-Site", "same-origin"))
}

// tokensOf redeems the code of an answer.
func (s *Signet) tokensOf(t testing.TB, c Client, p Page, verifier string) Tokens {
	t.Helper()
	answer := p.Answer(t)
	s.Log.MarkSecret(answer.Get("code"))
	return s.Redeem(t, c, Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: Callback})
}

func testRoleDemandsFactor(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	before := s.NewBrowser()
	before.signInToAccount(t, s.Editor)
	s.demand(t, "editor")
	if e := before.Open(s.authorizeURL(app, "prompt", "none")).Answer(t); e.Get("error") != authorization.InteractionRequired {
		t.Errorf("prompt=none: %v", e)
	}
	b := s.NewBrowser()
	q, verifier := s.AuthRequest(app)
	p := b.SignIn(t, b.Open(Authorize+"?"+q.Encode()), s.Editor).expect(t, LoginEnrol)
	if strings.Contains(string(p.Body), `value="later"`) {
		t.Error("it can be put off")
	}
	b.Send(t, p, Form("decision", "later")).expect(t, LoginEnrol)
	cookie := b.Cookies["signet"]
	a, codes := b.enrolOnTheWay(t, b.Open(p.Path))
	if b.Cookies["signet"] == cookie {
		t.Error("the cookie is the same after the factor was proven")
	}
	tokens := s.tokensOf(t, app, b.goOn(t, codes), verifier)
	if c := claims(t, tokens.ID); c["acr"] != authorization.ACR2FA || !equalTexts(c["amr"], "pwd", "otp", "mfa") {
		t.Errorf("acr %v, amr %v", c["acr"], c["amr"])
	}
	if s.events(t, audit.EventFactorEnrolled) != 1 {
		t.Error("the enrolment is not audited once")
	}
	// A session from before is asked for the code, and others for nothing.
	p = before.Open(s.authorizeURL(app)).expect(t, LoginFactor)
	if !before.sendCode(t, p, a.next()).Answer(t).Has("code") {
		t.Error("no code after the step-up")
	}
	c := s.NewBrowser()
	if !c.SignIn(t, c.Open(s.authorizeURL(app)), s.Alice).Answer(t).Has("code") {
		t.Error("a user without the role is asked")
	}
}

func testClientDemandsFactor(t *testing.T, s *Signet) {
	strict, lax := s.strictApp(t, "strict"), s.AddCodeSPA(t, "lax")
	b := s.NewBrowser()
	if !b.SignIn(t, b.Open(s.authorizeURL(lax)), s.Alice).Answer(t).Has("code") {
		t.Error("the lax client demands a factor")
	}
	q, verifier := s.AuthRequest(strict)
	_, codes := b.enrolOnTheWay(t, b.Open(Authorize+"?"+q.Encode()))
	tokens := s.tokensOf(t, strict, b.goOn(t, codes), verifier)
	if acr := claims(t, tokens.Access)["acr"]; acr != authorization.ACR2FA {
		t.Errorf("acr %v", acr)
	}
	if !b.Open(s.authorizeURL(lax)).Answer(t).Has("code") || !b.Open(s.authorizeURL(strict)).Answer(t).Has("code") {
		t.Error("the browser is asked again")
	}
}

func testEnrolLater(t *testing.T, s *Signet) {
	s.demand(t, "user")
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).expect(t, LoginEnrol).says(t, "Not now")
	if !b.Send(t, p, Form("decision", "later")).Answer(t).Has("code") {
		t.Error("it cannot be put off")
	}
	if !b.Open(s.authorizeURL(app, "prompt", "none")).Answer(t).Has("code") {
		t.Error("prompt=none is refused within the time")
	}
	b.Open(s.authorizeURL(app)).expect(t, LoginEnrol) // the next request asks again
	if e := b.Open(s.authorizeURL(app, "claims", essential2FA, "prompt", "none")).Answer(t); e.Get("error") != authorization.InteractionRequired {
		t.Errorf("what a client demands is put off: %v", e)
	}
	s.Advance(6 * 24 * time.Hour)
	c := s.NewBrowser()
	c.SignIn(t, c.Open(s.authorizeURL(app)), s.Alice).expect(t, LoginEnrol).says(t, "Not now")
	s.Advance(25 * time.Hour) // counted from the first time, not from the last
	c = s.NewBrowser()
	p = c.SignIn(t, c.Open(s.authorizeURL(app)), s.Alice).expect(t, LoginEnrol)
	if strings.Contains(string(p.Body), "Not now") {
		t.Error("it can be put off after the time")
	}
	c.Send(t, p, Form("decision", "later")).expect(t, LoginEnrol)
	_, codes := c.enrolOnTheWay(t, p)
	if !c.goOn(t, codes).Answer(t).Has("code") {
		t.Error("no code after the enrolment")
	}
}

func testEnrolForms(t *testing.T, s *Signet) {
	app := s.strictApp(t, "app")
	b, other := s.NewBrowser(), s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).expect(t, LoginEnrol)
	foreign := other.SignIn(t, other.Open(s.authorizeURL(app)), s.Editor).expect(t, LoginEnrol)
	a, theirs := seedOf(t, p), seedOf(t, foreign)
	device := &struct{ alice, erin appOf }{appOf{s, a}, appOf{s, theirs}}
	wrong := b.Send(t, p, Form("enrolment", p.hidden("enrolment"), "code", device.alice.app().wrong()))
	if wrong.Status != http.StatusUnauthorized || string(seedOf(t, wrong)) != string(a) {
		t.Errorf("a wrong code: %d, another seed", wrong.Status)
	}
	for name, form := range map[string][2]string{
		"of another user": {foreign.hidden("enrolment"), device.erin.app().code()}, "none": {"", device.alice.app().code()}, "cut": {p.hidden("enrolment")[1:], device.alice.app().code()},
	} {
		if got := b.Send(t, p, Form("enrolment", form[0], "code", form[1])); !strings.Contains(string(got.Body), "took too long") || string(seedOf(t, got)) == string(a) {
			t.Errorf("%s: %d %.200s", name, got.Status, got.Body)
		}
	}
	b.Post(LoginEnrol, Form("enrolment", p.hidden("enrolment"), "code", device.alice.app().code())).ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	s.Advance(31 * time.Minute)
	b.Send(t, p, Form("enrolment", p.hidden("enrolment"), "code", device.alice.app().code())).says(t, "took too long")
	if _, err := s.backend.UserFactors(t.Context(), s.Alice.ID); err == nil {
		t.Error("something is stored")
	}
	// Two tabs: the second finds it done.
	second := b.Clone()
	q := b.Open(p.Path).expect(t, LoginEnrol)
	_, codes := b.enrolOnTheWay(t, q)
	if !b.goOn(t, codes).Answer(t).Has("code") {
		t.Error("no code")
	}
	second.Cookies = b.Cookies
	if !second.Send(t, q, Form("enrolment", q.hidden("enrolment"), "code", "000000")).Answer(t).Has("code") {
		t.Error("the other tab does not go on")
	}
}

// U04, U15: whoever has got hold of a cookie sets up no factor of their own, by any request: they
// would go on alone, and shut the user out.
func testEnrolNeedsFreshLogin(t *testing.T, s *Signet) {
	strict, lax := s.strictApp(t, "strict"), s.AddCodeSPA(t, "lax")
	thief := s.NewBrowser()
	thief.SignIn(t, thief.Open(s.authorizeURL(lax)), s.Alice).Answer(t)
	p := thief.Open(s.authorizeURL(strict)).expect(t, LoginEnrol)
	form := Form("enrolment", p.hidden("enrolment"), "code", (&app{s: s, seed: seedOf(t, p)}).next())
	s.Advance(11 * time.Minute)
	thief.Open(s.authorizeURL(strict)).expect(t, Login)
	thief.Open(s.authorizeURL(lax, "claims", essential2FA)).expect(t, Login)
	thief.Send(t, p, form).expect(t, Login)
	if _, err := s.backend.UserFactors(t.Context(), s.Alice.ID); err == nil {
		t.Error("a factor was set up")
	}
	p = thief.SignIn(t, thief.Open(s.authorizeURL(strict)), s.Alice).expect(t, LoginEnrol)
	s.Advance(20 * time.Minute) // the login for this request counts for an hour
	_, codes := thief.enrolOnTheWay(t, p)
	if !thief.goOn(t, codes).Answer(t).Has("code") {
		t.Error("no code")
	}
}

// appOf makes an app of a seed.
type appOf struct {
	s    *Signet
	seed []byte
}

func (a appOf) app() *app { return &app{s: a.s, seed: a.seed} }

func testAdministratorsFactor(t *testing.T, s *Signet) {
	root, app := s.AddUser(t, "root", "admin"), s.AddCodeSPA(t, "app")
	old := s.NewBrowser()
	old.signInToAccount(t, root)
	if !old.Open(s.authorizeURL(app)).Answer(t).Has("code") {
		t.Error("an administrator without a factor is asked for one")
	}
	_, a := s.enrolled(t, root)
	p := old.Open(s.authorizeURL(app)).expect(t, LoginFactor)
	if !old.sendCode(t, p, a.next()).Answer(t).Has("code") {
		t.Error("no code")
	}
}

func testGrantWithPolicy(t *testing.T, s *Signet) {
	wrong := s.TryLogin(s.Web, User{Username: s.Alice.Username, Password: "wrong password"}, "")
	s.demand(t, "editor")
	if a := s.TryLogin(s.Web, s.Editor, ""); a.Status != wrong.Status || string(a.Body) != string(wrong.Body) {
		t.Errorf("%d %s, want %d %s", a.Status, a.Body, wrong.Status, wrong.Body)
	}
	s.Login(t, s.Web, s.Alice, "")
	s.changeClient(t, s.Web, mfaClient)
	if a := s.TryLogin(s.Web, s.Alice, ""); a.Status != wrong.Status || string(a.Body) != string(wrong.Body) {
		t.Errorf("at a client that demands it: %d %s", a.Status, a.Body)
	}
}

func testGrantWithoutMFA(t *testing.T, s *Signet) {
	s.demand(t, "editor")
	s.enrolled(t, s.Alice)
	s.changeClient(t, s.Web, func(c *storage.Client) { c.PasswordGrantWithoutMFA = true })
	for _, u := range []User{s.Alice, s.Editor} {
		if c := claims(t, s.Login(t, s.Web, u, "").Access); c["acr"] != authorization.ACR1FA {
			t.Errorf("acr %v", c["acr"])
		}
		if s.TryLogin(s.Other, u, "").Status != http.StatusBadRequest {
			t.Error("another client gets tokens too")
		}
	}
}

func testPoliciesByAPI(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	role := s.JSON("POST", Roles, Object{"name": "guarded", "require_authentication": "mfa"}, f.superAdmin).ExpectStatus(t, http.StatusCreated).Object(t)
	expectMembers(t, role, Object{"require_authentication": "mfa"})
	for _, value := range []string{"none", "mfa"} {
		s.JSON("PATCH", Roles+"/guarded", Object{"require_authentication": value}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	}
	s.JSON("PATCH", Roles+"/guarded", Object{"require_authentication": "3fa"}, f.superAdmin).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "require_authentication")
	s.JSON("PATCH", Clients+"/web", Object{"require_authentication": "often"}, f.superAdmin).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", "require_authentication")
	o := s.JSON("GET", Roles+"/user", nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Object(t)
	expectMembers(t, o, Object{"require_authentication": "none"})
}

func testEnrolUnknownOutcome(t *testing.T, s *Signet) {
	app := s.strictApp(t, "app")
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice).expect(t, LoginEnrol)
	a := appOf{s, seedOf(t, p)}.app()
	form := Form("enrolment", p.hidden("enrolment"), "code", a.code())
	calls := 0
	s.Store.Before(nil)
	for n := 1; n < 30; n++ {
		s.Store.FailAt(n)
		got := b.Send(t, p, form)
		calls = len(s.Store.Calls())
		s.Store.Reset()
		if got.Status != http.StatusServiceUnavailable {
			break // all calls were made
		}
	}
	// Whatever was done, the next visit goes on: with the factor, or by setting it up.
	q := b.Open(s.authorizeURL(app))
	switch {
	case q.is(LoginFactor):
		q = b.sendCode(t, q, a.next())
	case q.is(LoginEnrol):
		_, codes := b.enrolOnTheWay(t, q)
		q = b.goOn(t, codes)
	}
	if !q.Answer(t).Has("code") || calls == 0 {
		t.Errorf("after the faults: %d at %s", q.Status, q.Path)
	}
}
