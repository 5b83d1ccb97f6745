package protocoltest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

var faultCases = []testCase{
	{name: "T30 I07 I12 each call fails", configure: throttled, run: testEachCallFails},
	{name: "T30 I07 I12 each answer is lost", configure: throttled, run: testEachResponseLost},
	{name: "X11 each call hangs", configure: throttled, run: testEachCallHangs},
	{name: "X11 the deadline of a request ends it", run: testRealDeadline},
	{name: "R26 R27 a refresh survives any fault", run: testRefreshFaults},
	{name: "U07 a failing counter is no free try", configure: throttled, run: testCounterFails},
	{name: "X10 the store goes and comes back", run: testOutage},
	{name: "K10 the view of the keys is too old", run: testStaleKeys},
}

// expectUnavailable requires outcome unknown: 503 with Retry-After.
func (a Response) expectUnavailable(t testing.TB) Response {
	t.Helper()
	a.ExpectError(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	return a.expectRetryAfter(t)
}

func (a Response) expectRetryAfter(t testing.TB) Response {
	t.Helper()
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After: %q", a.Header.Get("Retry-After"))
	}
	return a
}

// blockAll blocks every call until release is closed.
func blockAll(inside chan<- struct{}, release <-chan struct{}) func(context.Context, int, string) error {
	return func(ctx context.Context, _ int, _ string) error {
		select {
		case inside <- struct{}{}:
		default:
		}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}
}

// panics raises the value, or a runtime error for nil.
func panics(v any) func(context.Context, int, string) error {
	return func(context.Context, int, string) error {
		if v == nil {
			var none []string
			_ = none[len(none)]
		}
		panic(v)
	}
}

// throttled enables throttling, with limits that leave room for a retry after the caches expire.
func throttled(o *Options) {
	o.Issuer.Throttle, o.Issuer.RefreshGrace = issuer.DefaultThrottle(), 5*time.Minute
}

func shortTimeouts(o *Options) {
	o.Endpoints.StoreTimeout, o.Endpoints.LoginTimeout = 150*time.Millisecond, 150*time.Millisecond
}

// storeRequest is one kind of request that calls the store.
type storeRequest struct {
	name string
	// prepare returns the request, ready to be sent to any instance.
	prepare func(t testing.TB, s *Signet) func(s *Signet) Response
	check   func(t testing.TB, a Response)
}

func expectTokens(t testing.TB, a Response) { a.Tokens(t) }

func expectStatus(status int, body string) func(testing.TB, Response) {
	return func(t testing.TB, a Response) {
		if a.ExpectStatus(t, status); body != "" && string(a.Body) != body {
			t.Errorf("%s, want %s", a.Body, body)
		}
	}
}

// storeRequests are all requests that call the store, in each outcome.
var storeRequests = []storeRequest{
	{"login", func(testing.TB, *Signet) func(*Signet) Response {
		return func(s *Signet) Response { return s.TryLogin(s.Web, s.Alice, "") }
	}, expectTokens},
	{"wrong login", func(testing.TB, *Signet) func(*Signet) Response {
		return func(s *Signet) Response {
			return s.TryLogin(s.Web, User{Username: "nobody", Password: "wrong password"}, "")
		}
	}, expectStatus(http.StatusBadRequest, "")},
	{"refresh", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Response { return s.TryRefresh(s.Web, tokens.Refresh) }
	}, expectTokens},
	{"refresh again", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.Login(t, s.Web, s.Alice, "")
		s.Refresh(t, s.Web, tokens.Refresh)
		return func(s *Signet) Response { return s.TryRefresh(s.Web, tokens.Refresh) }
	}, expectTokens},
	{"narrower refresh", func(t testing.TB, s *Signet) func(*Signet) Response {
		f := RefreshForm(s.Login(t, s.Web, s.Alice, "").Refresh)
		f.Set("scope", "items:read")
		return func(s *Signet) Response { return s.PostAs(s.Web, Token, f) }
	}, expectTokens},
	{"client credentials", func(testing.TB, *Signet) func(*Signet) Response {
		return func(s *Signet) Response { return s.PostAs(s.Machine, Token, Form("grant_type", "client_credentials")) }
	}, expectTokens},
	{"introspection", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Response { return s.Introspect(s.ResourceServer, tokens.Access) }
	}, expectStatus(http.StatusOK, "")},
	{"introspection of a client's token", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.ClientToken(t, s.Machine)
		return func(s *Signet) Response { return s.Introspect(s.ResourceServer, tokens.Access) }
	}, expectStatus(http.StatusOK, "")},
	{"introspection of a refresh token", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Response { return s.Introspect(s.Web, tokens.Refresh) }
	}, expectStatus(http.StatusOK, "")},
	{"userinfo", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.Login(t, s.Web, s.Alice, "openid")
		return func(s *Signet) Response { return s.UserInfo(tokens.Access) }
	}, expectStatus(http.StatusOK, "")},
	{"revocation", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Response { return s.PostAs(s.Web, Revoke, Form("token", tokens.Refresh)) }
	}, expectStatus(http.StatusOK, "{}")},
	{"revocation of a client's token", func(t testing.TB, s *Signet) func(*Signet) Response {
		tokens := s.ClientToken(t, s.Machine)
		return func(s *Signet) Response { return s.PostAs(s.Machine, Revoke, Form("token", tokens.Access)) }
	}, expectStatus(http.StatusOK, "{}")},
}

// maxCalls is more than any request makes.
const maxCalls = 30

// faultAtEachCall sends a request once for every call that it makes of a cold store,
// with a fault at that call, until there is no such call. What the request needs
// is prepared at an instance that has no faults.
func faultAtEachCall(t *testing.T, healthy, s *Signet, requests []storeRequest, fault func(n int)) {
	for _, w := range requests {
		reached := true
		for n := 1; reached; n++ {
			if n > maxCalls {
				t.Fatalf("%s makes more than %d calls", w.name, maxCalls)
			}
			healthy.Advance(0) // its keys are to be as fresh as the clock
			var a Response
			a, reached = sendWithFault(s, w.prepare(t, healthy), fault, n)
			t.Run(fmt.Sprintf("%s, call %d", w.name, n), func(t *testing.T) {
				if reached {
					a.expectUnavailable(t)
				} else {
					w.check(t, a)
				}
			})
		}
	}
}

// sendWithFault sends a request to a Signet whose caches have forgotten all, and
// tells whether it came as far as the fault.
func sendWithFault(s *Signet, send func(*Signet) Response, fault func(n int), n int) (a Response, reached bool) {
	s.Advance(time.Minute)
	fault(n)
	a = send(s)
	reached = len(s.Store.Calls()) >= n
	s.Store.Reset()
	return a, reached
}

func testEachCallFails(t *testing.T, s *Signet) {
	faultAtEachCall(t, s, s, storeRequests, s.Store.FailAt)
}

func testEachResponseLost(t *testing.T, s *Signet) {
	faultAtEachCall(t, s, s, storeRequests, s.Store.LoseResponseAt)
}

// testEachCallHangs lets the deadline of the request pass while the n-th call
// waits for the store.
func testEachCallHangs(t *testing.T, s *Signet) {
	faultAtEachCall(t, s, s, storeRequests, s.Store.HangAt)
	if calls := s.Store.WithoutDeadline(); len(calls) > 0 {
		t.Errorf("calls without a deadline: %v", calls)
	}
}

// testRealDeadline waits for the timers themselves.
func testRealDeadline(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "")
	hasty := s.StartInstance(t, shortTimeouts)
	for _, send := range []func() Response{
		func() Response { return hasty.TryLogin(s.Web, s.Alice, "") },
		func() Response { return hasty.TryRefresh(s.Web, tokens.Refresh) },
	} {
		hasty.Store.Before(func(ctx context.Context, _ int, method string) error {
			<-ctx.Done()
			return storage.Unavailable(method, ctx.Err())
		})
		send().expectUnavailable(t)
		hasty.Store.Reset()
	}
}

// testRefreshFaults: whichever store call fails, before or after it took effect, the same
// token works on a retry, and there is one successor.
func testRefreshFaults(t *testing.T, s *Signet) {
	for name, fault := range map[string]func(int){"fails": s.Store.FailAt, "is lost": s.Store.LoseResponseAt} {
		for n := 1; n <= maxCalls; n++ {
			tokens := s.Login(t, s.Web, s.Alice, "openid")
			a, reached := sendWithFault(s, func(s *Signet) Response { return s.TryRefresh(s.Web, tokens.Refresh) }, fault, n)
			if !reached {
				a.Tokens(t)
				break
			}
			t.Run(fmt.Sprintf("call %d %s", n, name), func(t *testing.T) {
				a.expectUnavailable(t)
				s.expectActive(t, s.Web, s.Refresh(t, s.Web, tokens.Refresh))
			})
		}
	}
	if n := s.events(t, audit.EventRefreshReused); n != 0 {
		t.Errorf("%d sessions lost to a fault", n)
	}
}

// failMethod makes every call of one method fail.
func failMethod(name string) func(context.Context, int, string) error {
	return func(_ context.Context, _ int, method string) error {
		if method == name {
			return storage.Unavailable(method, errConnectionReset)
		}
		return nil
	}
}

func testCounterFails(t *testing.T, s *Signet) {
	s.Store.Before(failMethod("ReserveCounters"))
	before := s.Passwords.Evaluations()
	s.TryLogin(s.Web, s.Alice, "").expectUnavailable(t)
	if n := s.Passwords.Evaluations() - before; n != 0 {
		t.Errorf("%d hash evaluations for a try that could not be counted", n)
	}
}

func testOutage(t *testing.T, s *Signet) {
	session, dead := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Alice, "openid")
	s.Revoke(t, s.Web, dead.Refresh)
	expectEventually(t, s, "/readyz", http.StatusOK)
	s.Clock.Advance(6 * time.Second)
	s.Store.FailAt(0)
	expectEventually(t, s, "/readyz", http.StatusServiceUnavailable)
	for range 3 {
		for _, a := range []Response{
			s.TryLogin(s.Web, s.Alice, ""), s.TryRefresh(s.Web, session.Refresh), s.TryRefresh(s.Web, dead.Refresh), s.TryLogin(Client{"nobody", "x"}, s.Alice, ""),
			s.Introspect(s.ResourceServer, session.Access), s.Introspect(s.ResourceServer, dead.Access), s.Introspect(Client{s.ResourceServer.ID, "wrong"}, session.Access),
			s.UserInfo(session.Access), s.UserInfo(dead.Access), s.PostAs(s.Web, Revoke, Form("token", session.Access)),
		} {
			a.expectUnavailable(t)
		}
		s.Get(JWKS).ExpectStatus(t, http.StatusOK)
		s.Get(Discovery).ExpectStatus(t, http.StatusOK)
		s.Get("/livez").ExpectStatus(t, http.StatusOK)
		s.Get("/readyz").ExpectStatus(t, http.StatusServiceUnavailable)
	}
	s.Store.Reset()
	s.Clock.Advance(time.Second)
	expectEventually(t, s, "/readyz", http.StatusOK)
	s.expectActive(t, s.Web, session)
	s.expectRefreshRejected(t, s.Web, dead.Refresh)
}

func testStaleKeys(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	expectEventually(t, s, "/readyz", http.StatusOK)
	s.Clock.Advance(2 * time.Hour) // and nobody read the keys meanwhile
	for _, a := range []Response{s.TryRefresh(s.Web, tokens.Refresh), s.PostAs(s.Machine, Token, Form("grant_type", "client_credentials"))} {
		a.expectUnavailable(t)
	}
	s.Get("/readyz").ExpectStatus(t, http.StatusServiceUnavailable)
	s.Get(JWKS).ExpectStatus(t, http.StatusOK)
	s.Advance(0)
	expectEventually(t, s, "/readyz", http.StatusOK)
	s.Refresh(t, s.Web, s.Refresh(t, s.Web, tokens.Refresh).Refresh)
}
