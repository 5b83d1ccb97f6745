package issuer_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

const (
	appURI       = "https://app.example.org/cb"
	appChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636 appendix B
)

// browser is one browser with its cookie.
type browser struct {
	*fixture
	signIn *issuer.SignIn
	info   issuer.RequestInfo
	cookie issuer.Secret
	maxAge time.Duration
}

func (f *fixture) newSignIn() *issuer.SignIn { return f.Issuer.SignIn(f.admins) }

func (f *fixture) browser(s *issuer.SignIn) *browser {
	info := f.info
	info.Actor, info.UserAgent = "", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	return &browser{fixture: f, signIn: s, info: info}
}

// withApp adds the client app, and its fields as adjust sets them.
func (f *fixture) withApp(adjust ...func(*storage.Client)) *fixture {
	f.t.Helper()
	c := storage.Client{
		ID: "app", Name: "App", Public: true, Grants: []string{"authorization_code", issuer.GrantRefreshToken},
		Scopes: []string{"openid", "profile", "email", "items:read", "items:write"}, Audiences: []string{apiURL, apiURL + "/other"},
		RedirectURIs: []string{appURI}, CreatedAt: storage.Time(f.clock.Now()), UpdatedAt: storage.Time(f.clock.Now()),
	}
	for _, a := range adjust {
		a(&c)
	}
	must(f.t, f.store.CreateClient(f.ctx, c))
	return f
}

func newSignInFixture(t testing.TB, adjust ...func(*storage.Client)) (*fixture, *browser) {
	f := newFixture(t).withAlice().withApp(adjust...)
	return f, f.browser(f.newSignIn())
}

// request is the query of an authorization request of app. Pairs of more replace what is there;
// an empty value takes it away.
func request(more ...string) string {
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {appURI}, "response_type": {"code"}, "scope": {"openid items:read"}, "state": {"s1"},
		"code_challenge": {appChallenge}, "code_challenge_method": {"S256"},
	}
	for n := 0; n+1 < len(more); n += 2 {
		q.Set(more[n], more[n+1])
		if more[n+1] == "" {
			q.Del(more[n])
		}
	}
	return q.Encode()
}

// keep does with the cookie what the browser does.
func (b *browser) keep(o issuer.Outcome) {
	if o.Cookie == nil {
		return
	}
	b.cookie, b.maxAge = o.Cookie.Value, o.Cookie.MaxAge
	if o.Cookie.Clear != (o.Cookie.Value == "") {
		b.t.Errorf("a cookie is set or cleared, not both: %v", o.Cookie.Clear)
	}
}

// signOut ends the browser session, as its user does.
func (b *browser) signOut(u *issuer.BrowserUser) error {
	info := b.info
	info.Actor = u.User.ID
	return b.OwnBrowsers().EndSession(b.ctx, u.User.ID, issuer.BrowserSessionHandle(u.Session), info)
}

func (b *browser) interaction(query string) issuer.Interaction {
	return issuer.Interaction{Query: query, Cookie: b.cookie, Info: b.info}
}

func (b *browser) authorize(query string) issuer.Outcome {
	b.t.Helper()
	o, err := b.signIn.Authorize(b.ctx, b.interaction(query))
	must(b.t, err)
	b.keep(o)
	return o
}

func (b *browser) logInAs(query, username string, pw issuer.Secret) issuer.Outcome {
	b.t.Helper()
	o, err := b.signIn.LogIn(b.ctx, b.interaction(query), issuer.Login{Username: username, Password: pw})
	must(b.t, err)
	b.keep(o)
	return o
}

func (b *browser) logIn(query string) issuer.Outcome {
	b.t.Helper()
	return b.logInAs(query, "alice", alicePass)
}

func (b *browser) consent(query string, allow bool) issuer.Outcome {
	b.t.Helper()
	o, err := b.signIn.Consent(b.ctx, b.interaction(query), allow)
	must(b.t, err)
	b.keep(o)
	return o
}

// page fails unless that page is due, and returns the query of its form.
func page(t testing.TB, what string, o issuer.Outcome, kind authorization.StepKind) string {
	t.Helper()
	if o.Step.Kind != kind || o.Response != nil {
		t.Fatalf("%s: got step %s %s, want %s", what, o.Step.Kind, o.Step.Code, kind)
	}
	return o.Query
}

// answer returns a parameter of the response; "" where there is none.
func answer(o issuer.Outcome, name string) string {
	if o.Response == nil {
		return ""
	}
	n := slices.IndexFunc(o.Response.Params, func(p authorization.Param) bool { return p.Name == name })
	if n < 0 {
		return ""
	}
	return o.Response.Params[n].Value
}

func wantCodeOf(t testing.TB, what string, o issuer.Outcome) {
	t.Helper()
	if o.Step.Kind != authorization.StepRespond || !strings.HasPrefix(answer(o, "code"), "sgc_") {
		t.Fatalf("%s: got step %s %s, problem %q, want a code", what, o.Step.Kind, o.Step.Code, o.Problem)
	}
}

func wantError(t testing.TB, what string, o issuer.Outcome, code string) {
	t.Helper()
	if o.Step.Kind != authorization.StepRespondError || answer(o, "error") != code || answer(o, "code") != "" {
		t.Fatalf("%s: got step %s, error %q, want %s", what, o.Step.Kind, answer(o, "error"), code)
	}
}

// pending returns the sessions of codes that are not redeemed, the newest last.
func (f *fixture) pending(username string) []storage.Session {
	f.t.Helper()
	page, err := f.store.ListSessions(f.ctx, storage.SessionFilter{UserID: f.userID(username)}, storage.Page{})
	must(f.t, err)
	pending := slices.DeleteFunc(page.Sessions, func(s storage.Session) bool { return s.Generation != storage.PendingGeneration })
	slices.SortFunc(pending, func(a, b storage.Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return pending
}

// browserSessions returns the records of the user.
func (f *fixture) browserSessions(username string) []storage.BrowserSession {
	f.t.Helper()
	page, err := f.store.ListBrowserSessions(f.ctx, storage.BrowserSessionFilter{UserID: f.userID(username)}, storage.Page{})
	must(f.t, err)
	return page.Sessions
}

func (f *fixture) updateUser(username string, change func(*storage.User)) {
	f.t.Helper()
	u, err := f.store.Store.User(f.ctx, f.userID(username))
	must(f.t, err)
	change(&u)
	_, err = f.store.UpdateUser(f.ctx, u)
	must(f.t, err)
}

func (f *fixture) withBob() *fixture {
	f.t.Helper()
	u, err := f.store.Store.User(f.ctx, f.userID("alice"))
	must(f.t, err)
	u.ID, u.Username, u.Email = "bob-id", "bob", ""
	must(f.t, f.store.CreateUser(f.ctx, u))
	return f
}
