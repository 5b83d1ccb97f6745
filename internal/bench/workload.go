package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
)

// task is the part of a workload that one worker does.
type task interface {
	// do sends one request, which is measured.
	do(ctx context.Context) error
}

// preparer is a task that needs something for each of its requests.
type preparer interface {
	task
	// batch is how many requests to prepare at a time. Those of all workers together must keep
	// the server busy for far longer than the ten milliseconds in which its processor time is
	// counted.
	batch() int
	// prepare makes what the next n requests need. It is not measured.
	prepare(ctx context.Context, n int) error
}

// ender is a task that has something to do when its workload is over.
type ender interface {
	task
	end()
}

// workload is one kind of request.
type workload struct {
	name  string
	about string
	start startFunc

	// beside starts what runs at the same time on the connections, or is nil. The workload
	// itself has besideWorkers connections then, and is measured alone before.
	beside startFunc
}

// startFunc returns the task of a worker; nil leaves the worker idle, but never the first.
type startFunc func(ctx context.Context, r *run, worker int) (task, error)

// besideWorkers is how many connections a workload has that runs beside another one.
const besideWorkers = 2

// workloads are all, in the order in which they run: authorize leaves codes that nobody redeems, which
// make redemptions dearer, so it comes after those.
var workloads = []workload{
	{name: "client_credentials", about: "an access token for the client itself", start: startClientCredentials},
	{name: "refresh", about: "a refresh, each worker its own session", start: startRefresh},
	{name: "refresh-id-token", about: "the same at a client that gets an ID token, too", start: startRefreshIDToken},
	{name: "introspection", about: "introspection of one access token again and again", start: startIntrospection},
	{name: "introspection-fresh", about: "introspection of each access token once", start: startFreshIntrospection},
	{name: "login", about: "the password grant", start: startLogin},
	{name: "code", about: "redemption of a code for an access and a refresh token", start: startCode("")},
	{name: "code-id-token", about: "the same with an ID token", start: startCode("openid")},
	{name: "authorize", about: "a code for a browser that is signed in, with PKCE", start: startAuthorize},
	{name: "jwks", about: "the published keys", start: startDocument(func(e endpoints) string { return e.JWKS })},
	{name: "discovery", about: "the discovery document", start: startDocument(func(e endpoints) string { return e.discovery })},
	{name: "user-search", about: "a page of the users by a prefix, in the admin API", start: startUserSearch},
	{name: "jwks+login", about: "the published keys beside logins", start: startDocument(func(e endpoints) string { return e.JWKS }), beside: startLogin},
	{name: "introspection+user-search", about: "introspection of one token beside searches of users", start: startIntrospection, beside: startUserSearch},
}

// Describe returns the name of each workload and what it measures.
func Describe() [][2]string {
	all := make([][2]string, len(workloads))
	for n, w := range workloads {
		all[n] = [2]string{w.name, w.about}
	}
	return all
}

// Names returns the names of all workloads, in the order in which they run.
func Names() []string {
	names := make([]string, len(workloads))
	for n, w := range workloads {
		names[n] = w.name
	}
	return names
}

// skipError says why a workload cannot run with the account.
type skipError struct{ reason string }

func (e *skipError) Error() string { return e.reason }

var (
	errNoClient   = &skipError{"no client with a secret is given"}
	errNoUser     = &skipError{"no user is given"}
	errNoAdmin    = &skipError{"no administrator is given"}
	errNoIDToken  = &skipError{"no client that gets ID tokens at a refresh is given"}
	errNoRedirect = &skipError{"no redirect URI is given"}
)

// skip turns the refusal of a grant into a skipError: the client may not use it.
func skip(err error) error {
	var s *StatusError
	if errors.As(err, &s) && (s.Code == "unauthorized_client" || s.Code == "unsupported_grant_type") {
		return &skipError{"the client may not use this grant"}
	}
	return err
}

// taskFunc is a task without state.
type taskFunc func(ctx context.Context) error

func (f taskFunc) do(ctx context.Context) error { return f(ctx) }

func startDocument(of func(endpoints) string) startFunc {
	return func(_ context.Context, r *run, _ int) (task, error) {
		return taskFunc(func(ctx context.Context) error {
			_, err := get(ctx, r.client, of(r.at))
			return err
		}), nil
	}
}

func startClientCredentials(ctx context.Context, r *run, _ int) (task, error) {
	if r.account.ClientID == "" {
		return nil, errNoClient
	}
	send := func(ctx context.Context) error {
		_, err := r.post(ctx, r.at.Token, "grant_type=client_credentials")
		return err
	}
	return taskFunc(send), skip(send(ctx))
}

// loginsAtOnce bounds the logins of one user at a time: the issuer counts them as attempts until
// they have succeeded, and allows ten.
const loginsAtOnce = 8

func startLogin(ctx context.Context, r *run, worker int) (task, error) {
	switch {
	case r.account.ClientID == "":
		return nil, errNoClient
	case len(r.account.Users) == 0:
		return nil, errNoUser
	case worker >= loginsAtOnce*len(r.account.Users):
		return nil, nil
	}
	form := r.passwordForm(r.account.user(worker))
	login := func(ctx context.Context) error {
		t, err := r.token(ctx, form)
		if err == nil {
			r.sessions.addOf(r.oauth, t)
		}
		return err
	}
	if worker > 0 {
		return taskFunc(login), nil
	}
	return taskFunc(login), skip(login(ctx)) // a wrong password is counted once
}

func startRefresh(ctx context.Context, r *run, worker int) (task, error) {
	g, err := r.ring(ctx, worker)
	return taskFunc(func(ctx context.Context) error { return g.turn().refresh(ctx, r.oauth) }), err
}

func startRefreshIDToken(ctx context.Context, r *run, worker int) (task, error) {
	account := r.account
	switch {
	case account.IDToken.ID == "":
		return nil, errNoIDToken
	case len(account.Users) == 0:
		return nil, errNoUser
	}
	account.ClientID, account.ClientSecret, account.Scope = account.IDToken.ID, account.IDToken.Secret, joinScope("openid", account.Scope)
	as := &oauth{client: r.client, at: r.at, account: account}
	t, err := as.token(ctx, as.passwordForm(account.user(worker)))
	if err != nil {
		return nil, fmt.Errorf("log in: %w", skip(err))
	}
	r.sessions.addOf(as, t)
	s := &session{tokens: t}
	return taskFunc(func(ctx context.Context) error { return s.refresh(ctx, as) }), nil
}

func startIntrospection(ctx context.Context, r *run, worker int) (task, error) {
	g, err := r.ring(ctx, worker)
	if err != nil {
		return nil, err
	}
	for _, s := range g.all { // tokens that live on for as long as possible
		if err := s.refresh(ctx, r.oauth); err != nil {
			return nil, err
		}
	}
	return taskFunc(func(ctx context.Context) error { return r.introspect(ctx, introspectForm(g.turn().tokens.Access)) }), nil
}

func introspectForm(token string) string { return "token=" + url.QueryEscape(token) }

func (r *run) introspect(ctx context.Context, form string) error {
	a, err := r.post(ctx, r.at.Introspection, form)
	if err == nil && !bytes.Contains(a.body, []byte(`"active":true`)) {
		return errors.New("the introspected token is not active") // which costs less
	}
	return err
}

// freshIntrospection introspects tokens that the issuer has not seen before.
type freshIntrospection struct {
	r     *run
	ring  *sessionRing
	forms []string
}

func startFreshIntrospection(ctx context.Context, r *run, worker int) (task, error) {
	g, err := r.ring(ctx, worker)
	return &freshIntrospection{r: r, ring: g}, err
}

func (t *freshIntrospection) batch() int { return 128 }

func (t *freshIntrospection) prepare(ctx context.Context, n int) error {
	t.forms = nil
	for range n {
		s := t.ring.turn()
		if err := s.refresh(ctx, t.r.oauth); err != nil {
			return err
		}
		t.forms = append(t.forms, introspectForm(s.tokens.Access))
	}
	return nil
}

func (t *freshIntrospection) do(ctx context.Context) error {
	form := t.forms[0]
	t.forms = t.forms[1:]
	return t.r.introspect(ctx, form)
}

func startAuthorize(ctx context.Context, r *run, worker int) (task, error) {
	b, err := r.browser(ctx, worker)
	if err != nil {
		return nil, err
	}
	return taskFunc(func(ctx context.Context) error {
		_, err := b.authorize(ctx, r.newAuthRequest(r.account.Scope))
		return err
	}), nil
}

// codeTask redeems codes.
type codeTask struct {
	r       *run
	browser *browser
	scope   string
	forms   []string
	begun   sessions // by the batch
}

// startCode returns a workload of codes for the account's scope with that one.
func startCode(scope string) startFunc {
	return func(ctx context.Context, r *run, worker int) (task, error) {
		b, err := r.browser(ctx, worker)
		return &codeTask{r: r, browser: b, scope: joinScope(scope, r.account.Scope)}, err
	}
}

func joinScope(a, b string) string {
	if a != "" && b != "" {
		return a + " " + b
	}
	return a + b
}

// batch keeps the codes and sessions of one user at the client few, also where one user is all
// that there is: they make a redemption dearer.
func (t *codeTask) batch() int { return 16 }

// prepare ends the sessions of the batch before, and gets codes.
func (t *codeTask) prepare(ctx context.Context, n int) error {
	if left := t.begun.revoke(ctx, 1); left > 0 {
		return errors.New("the sessions of the codes before could not be ended")
	}
	t.forms = nil
	for range n {
		request := t.r.newAuthRequest(t.scope)
		code, err := t.browser.authorize(ctx, request)
		if err != nil {
			return fmt.Errorf("get a code: %w", err)
		}
		t.forms = append(t.forms, t.r.codeForm(code, request))
	}
	return nil
}

func (t *codeTask) do(ctx context.Context) error {
	form := t.forms[0]
	t.forms = t.forms[1:]
	got, err := t.r.token(ctx, form)
	if err != nil {
		return err
	}
	t.begun.addOf(t.r.oauth, got)
	return nil
}

// end leaves the sessions of the last batch to the end of the run.
func (t *codeTask) end() { t.r.sessions.takeOver(&t.begun) }

func (o *oauth) codeForm(code string, r authRequest) string {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {o.account.RedirectURI}, "code_verifier": {r.verifier},
	}.Encode()
}
