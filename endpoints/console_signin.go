package endpoints

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
)

// Paths of the sign-in at the console.
const (
	pathConsoleLogin    = "/console/login"
	pathConsoleCallback = "/console/callback"
	pathConsoleLogout   = "/console/logout"
)

// ConsoleSignIn is [issuer.Console].
type ConsoleSignIn interface {
	Begin(page string, maxAge int64) (to, cookie string, err error)
	Finish(ctx context.Context, answer issuer.ConsoleAnswer) (cookie, page string, err error)
	Identify(ctx context.Context, cookie string) (p *issuer.Principal, renewed string, err error)
	End(ctx context.Context, cookie string, info issuer.RequestInfo) error
}

var _ ConsoleSignIn = (*issuer.Console)(nil)

// consoleSignIn lets administrators in who have signed in by the code flow.
type consoleSignIn struct {
	flow    ConsoleSignIn
	base    string     // the path of the issuer's URL
	issuer  string     // the issuer's URL
	url     string     // of the console
	session cookieRule // names the session
	attempt cookieRule // carries the attempt
}

var _ consoleAccess = consoleSignIn{}

func newConsoleSignIn(cfg Config, site *pageSite) consoleSignIn {
	u, err := url.Parse(cfg.ConsoleURL)
	if err != nil {
		panic("the console's URL: " + err.Error()) // validated before
	}
	rule := newCookieRule(&url.URL{Scheme: u.Scheme, Host: u.Host})
	session, attempt := rule, rule
	session.name += "_console"
	attempt.name += "_console_login"
	return consoleSignIn{flow: cfg.Console, base: site.base, issuer: cfg.Issuer, url: cfg.ConsoleURL, session: session, attempt: attempt}
}

// value returns the value of a cookie, "" for none.
func (c cookieRule) value(r *http.Request) string {
	cookie, err := r.Cookie(c.name)
	if err != nil || len(cookie.Value) > authorization.MaxConsoleCookie {
		return ""
	}
	return cookie.Value
}

// cookie returns the cookie with a value, which lasts until the browser is closed; "" clears it.
// SameSite=Lax lets the redirect from the sign-in carry it, and forms of other sites not.
func (c cookieRule) cookie(value string) *http.Cookie {
	cookie := &http.Cookie{Name: c.name, Value: value, Path: c.path, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

func (s consoleSignIn) visitor(ctx context.Context, r *http.Request, _ *event) (*issuer.Principal, *http.Cookie, error) {
	value := s.session.value(r)
	if value == "" {
		return nil, nil, nil
	}
	p, renewed, err := s.flow.Identify(ctx, value)
	switch {
	case isEnded(err):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case renewed == "":
		return p, nil, nil
	}
	return p, s.session.cookie(renewed), nil
}

func (s consoleSignIn) signIn(page string, fresh bool) string {
	query := url.Values{"to": {page}}
	if fresh {
		query.Set("fresh", "1")
	}
	return s.base + pathConsoleLogin + "?" + query.Encode()
}

func (s consoleSignIn) signOut() string { return s.base + pathConsoleLogout }

// mountConsoleSignIn mounts what leads to the sign-in, back from it, and out.
func (m *routeBuilder) mountConsoleSignIn(c *consolePages) {
	s, ok := c.access.(consoleSignIn)
	if !ok {
		return
	}
	both := append(slices.Clone(readMethods), http.MethodPost)
	m.route(route{path: pathConsoleLogin, methods: readMethods, errorFormat: pageErrors, endpoint: consoleLogin{s, c}})
	m.route(route{path: pathConsoleSetup, methods: both, errorFormat: pageErrors, endpoint: consoleSetup{s, c}})
	m.route(route{path: pathConsoleCallback, methods: readMethods, errorFormat: pageErrors, endpoint: consoleReturn{s, c}})
	m.route(route{path: pathConsoleLogout, methods: both, errorFormat: pageErrors, endpoint: consoleLogout{s, c}})
}

// consoleLogin begins a sign-in.
type consoleLogin struct {
	consoleSignIn
	*consolePages
}

func (l consoleLogin) handle(r *http.Request, _ *event) (any, error) {
	awaits, err := l.awaitsSetup(r.Context())
	if err != nil {
		return nil, err
	}
	if awaits {
		return pageReply{location: l.base + pathConsoleSetup}, nil
	}
	page := r.URL.Query().Get("to")
	if !pages.IsLocalPath(page) || !strings.HasPrefix(page, l.base+pathConsole) || len(page) > 2000 {
		page = l.base + pathConsole
	}
	maxAge := int64(-1)
	if r.URL.Query().Get("fresh") != "" {
		maxAge = int64(consoleFresh.Seconds()) - 60 // some of it is left for the form
	}
	to, cookie, err := l.flow.Begin(page, maxAge)
	if err != nil {
		return nil, err
	}
	return pageReply{location: to, others: []*http.Cookie{l.attempt.cookie(cookie)}}, nil
}

// consoleReturn takes the authorization response.
type consoleReturn struct {
	consoleSignIn
	*consolePages
}

func (c consoleReturn) handle(r *http.Request, e *event) (any, error) {
	query := r.URL.Query()
	for name, values := range query {
		if len(values) > 1 {
			return nil, errDuplicateParameter
		} else if !validText(values[0], false) || !validText(name, false) {
			return nil, errCharacters
		}
	}
	if code := query.Get("error"); code != "" {
		return c.refused(r, code)
	}
	ctx, release, err := c.limiter.acquire(r.Context(), c.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	cookie, page, err := c.flow.Finish(ctx, issuer.ConsoleAnswer{
		Cookie: c.attempt.value(r), State: query.Get("state"), AuthCode: issuer.Secret(query.Get("code")), Issuer: query.Get("iss"), Info: e.source(),
	})
	var refused *issuer.Error
	switch {
	case errors.Is(err, issuer.ErrConsoleAttempt), errors.As(err, &refused) && refused.Code == issuer.InvalidGrant, isEnded(err):
		return c.refused(r, "expired")
	case err != nil:
		return nil, err
	}
	return pageReply{location: page, others: []*http.Cookie{c.session.cookie(cookie), c.attempt.cookie("")}}, nil
}

// refused says that the sign-in led nowhere, and offers to begin anew. It does not begin by itself: a
// browser that keeps no cookies would go round for ever.
func (c consoleReturn) refused(r *http.Request, code string) (any, error) {
	key := "shell.sign_in_expired"
	if code == "access_denied" {
		key = "shell.sign_in_denied"
	}
	v := &consoleVisit{lang: c.site.language(r, "")}
	return c.render(v, console.Page{
		Name: "sign_in_failed", Title: console.T("shell.sign_in_failed"), Problem: console.T(key), Bare: true,
		Blocks: []console.Block{console.Actions{{Text: console.T("shell.sign_in_again"), URL: c.signIn(c.base+pathConsole, false)}}},
	})
}

// consoleLogout ends the session at the console, and leads to the page that signs out of the issuer.
type consoleLogout struct {
	consoleSignIn
	*consolePages
}

func (c consoleLogout) handle(r *http.Request, e *event) (any, error) {
	if r.Method != http.MethodPost {
		return pageReply{location: c.base + pathConsole}, nil
	}
	if err := c.checkOrigin(r); err != nil {
		return nil, err
	}
	ctx, release, err := c.limiter.acquire(r.Context(), c.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := c.flow.End(ctx, c.session.value(r), e.source()); err != nil {
		return nil, err
	}
	return pageReply{location: c.issuer + pathLogout, others: []*http.Cookie{c.session.cookie("")}}, nil
}
