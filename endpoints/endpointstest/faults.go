package endpointstest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

var faultScenes = []scene{
	{name: "T30 I07 I12 each call fails", adjust: throttled, play: playEachFails},
	{name: "T30 I07 I12 each answer is lost", adjust: throttled, play: playEachLost},
	{name: "X11 each call hangs", adjust: throttled, play: playEachHangs},
	{name: "R26 R27 a refresh survives any fault", play: playRefreshFaults},
	{name: "U07 a failing counter is no free try", adjust: throttled, play: playCounterFails},
	{name: "X10 the store goes and comes back", play: playOutage},
	{name: "K10 the view of the keys is too old", play: playStaleKeys},
}

// unavailable demands *don't know*: 503 and when to come back.
func (a Answer) unavailable(t testing.TB) Answer {
	t.Helper()
	a.Refused(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	return a.retryAfter(t)
}

func (a Answer) retryAfter(t testing.TB) Answer {
	t.Helper()
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After: %q", a.Header.Get("Retry-After"))
	}
	return a
}

// holdAll stops every call until release is closed.
func holdAll(inside chan<- struct{}, release <-chan struct{}) func(context.Context, int, string) error {
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

// panicking raises the value, or a runtime error for nil.
func panicking(v any) func(context.Context, int, string) error {
	return func(context.Context, int, string) error {
		if v == nil {
			var none []string
			_ = none[len(none)]
		}
		panic(v)
	}
}

// throttled counts tries, and leaves time for a retry after the caches forget.
func throttled(o *Options) {
	o.Issuer.Throttle, o.Issuer.RefreshGrace = issuer.DefaultThrottle(), 5*time.Minute
}

func impatient(o *Options) {
	o.Endpoints.StoreTimeout, o.Endpoints.LoginTimeout = 150*time.Millisecond, 150*time.Millisecond
}

// work is one kind of request that asks the store.
type work struct {
	name string
	// prepare returns the request, ready to be sent to any instance.
	prepare func(t testing.TB, s *Signet) func(s *Signet) Answer
	done    func(t testing.TB, a Answer)
}

func succeeded(t testing.TB, a Answer) { a.Tokens(t) }

func told(status int, body string) func(testing.TB, Answer) {
	return func(t testing.TB, a Answer) {
		if a.Expect(t, status); body != "" && string(a.Body) != body {
			t.Errorf("%s, want %s", a.Body, body)
		}
	}
}

// works are all that ask the store, each in the ways that it can go.
var works = []work{
	{"login", func(testing.TB, *Signet) func(*Signet) Answer {
		return func(s *Signet) Answer { return s.TryLogin(s.Web, s.Alice, "") }
	}, succeeded},
	{"wrong login", func(testing.TB, *Signet) func(*Signet) Answer {
		return func(s *Signet) Answer {
			return s.TryLogin(s.Web, Person{Username: "nobody", Password: "wrong password"}, "")
		}
	}, told(http.StatusBadRequest, "")},
	{"refresh", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Answer { return s.TryRefresh(s.Web, tokens.Refresh) }
	}, succeeded},
	{"refresh again", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.Login(t, s.Web, s.Alice, "")
		s.Refresh(t, s.Web, tokens.Refresh)
		return func(s *Signet) Answer { return s.TryRefresh(s.Web, tokens.Refresh) }
	}, succeeded},
	{"narrower refresh", func(t testing.TB, s *Signet) func(*Signet) Answer {
		f := RefreshForm(s.Login(t, s.Web, s.Alice, "").Refresh)
		f.Set("scope", "items:read")
		return func(s *Signet) Answer { return s.PostAs(s.Web, Token, f) }
	}, succeeded},
	{"client credentials", func(testing.TB, *Signet) func(*Signet) Answer {
		return func(s *Signet) Answer { return s.PostAs(s.Machine, Token, Form("grant_type", "client_credentials")) }
	}, succeeded},
	{"introspection", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Answer { return s.Introspect(s.Guard, tokens.Access) }
	}, told(http.StatusOK, "")},
	{"introspection of a client's token", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.ClientToken(t, s.Machine)
		return func(s *Signet) Answer { return s.Introspect(s.Guard, tokens.Access) }
	}, told(http.StatusOK, "")},
	{"introspection of a refresh token", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Answer { return s.Introspect(s.Web, tokens.Refresh) }
	}, told(http.StatusOK, "")},
	{"userinfo", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.Login(t, s.Web, s.Alice, "openid")
		return func(s *Signet) Answer { return s.UserInfo(tokens.Access) }
	}, told(http.StatusOK, "")},
	{"revocation", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.Login(t, s.Web, s.Alice, "")
		return func(s *Signet) Answer { return s.PostAs(s.Web, Revoke, Form("token", tokens.Refresh)) }
	}, told(http.StatusOK, "{}")},
	{"revocation of a client's token", func(t testing.TB, s *Signet) func(*Signet) Answer {
		tokens := s.ClientToken(t, s.Machine)
		return func(s *Signet) Answer { return s.PostAs(s.Machine, Revoke, Form("token", tokens.Access)) }
	}, told(http.StatusOK, "{}")},
}

// maxCalls is more than any request makes.
const maxCalls = 30

// eachCall plays a work once for every call that it makes of a cold store,
// with a fault at that call, until there is no such call. What the work takes
// is prepared at an instance that has no faults.
func eachCall(t *testing.T, calm, s *Signet, works []work, fault func(n int)) {
	for _, w := range works {
		reached := true
		for n := 1; reached; n++ {
			if n > maxCalls {
				t.Fatalf("%s makes more than %d calls", w.name, maxCalls)
			}
			calm.Advance(0) // its keys are to be as fresh as the clock
			var a Answer
			a, reached = s.withFault(w.prepare(t, calm), fault, n)
			t.Run(fmt.Sprintf("%s, call %d", w.name, n), func(t *testing.T) {
				if reached {
					a.unavailable(t)
				} else {
					w.done(t, a)
				}
			})
		}
	}
}

// withFault sends a request to a Signet whose caches have forgotten all, and
// tells whether it came as far as the fault.
func (s *Signet) withFault(send func(*Signet) Answer, fault func(n int), n int) (a Answer, reached bool) {
	s.Advance(time.Minute)
	fault(n)
	a = send(s)
	reached = len(s.Store.Calls()) >= n
	s.Store.Forget()
	return a, reached
}

func playEachFails(t *testing.T, s *Signet) {
	eachCall(t, s, s, works, s.Store.FailAt)
}

func playEachLost(t *testing.T, s *Signet) {
	eachCall(t, s, s, works, s.Store.LoseAt)
}

// playEachHangs waits for a real deadline, which on a slow machine may also be
// over without any hanging call: such an answer is no answer.
func playEachHangs(t *testing.T, s *Signet) {
	works := slices.Clone(works)
	for i, w := range works {
		works[i].done = func(t testing.TB, a Answer) {
			if a.Status == http.StatusServiceUnavailable {
				t.Skip("the machine is too slow to tell")
			}
			w.done(t, a)
		}
	}
	hasty := s.Sibling(t, impatient)
	eachCall(t, s, hasty, works, hasty.Store.HangAt)
}

// playRefreshFaults: whatever fails, before or after it was done, the same
// token works afterwards, and there is one chain.
func playRefreshFaults(t *testing.T, s *Signet) {
	for name, fault := range map[string]func(int){"fails": s.Store.FailAt, "is lost": s.Store.LoseAt} {
		for n := 1; n <= maxCalls; n++ {
			tokens := s.Login(t, s.Web, s.Alice, "openid")
			a, reached := s.withFault(func(s *Signet) Answer { return s.TryRefresh(s.Web, tokens.Refresh) }, fault, n)
			if !reached {
				a.Tokens(t)
				break
			}
			t.Run(fmt.Sprintf("call %d %s", n, name), func(t *testing.T) {
				a.unavailable(t)
				s.alive(t, s.Web, s.Refresh(t, s.Web, tokens.Refresh))
			})
		}
	}
	if n := s.events(t, issuer.EventRefreshReused); n != 0 {
		t.Errorf("%d sessions lost to a fault", n)
	}
}

// failing makes every call of one method fail.
func failing(name string) func(context.Context, int, string) error {
	return func(_ context.Context, _ int, method string) error {
		if method == name {
			return storage.Unavailable(method, errCut)
		}
		return nil
	}
}

func playCounterFails(t *testing.T, s *Signet) {
	s.Store.Before(failing("IncrementCounter"))
	before := s.Passwords.Evaluations()
	s.TryLogin(s.Web, s.Alice, "").unavailable(t)
	if n := s.Passwords.Evaluations() - before; n != 0 {
		t.Errorf("%d hash evaluations for a try that could not be counted", n)
	}
}

func playOutage(t *testing.T, s *Signet) {
	session, dead := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Alice, "openid")
	s.Revoke(t, s.Web, dead.Refresh)
	s.await(t, "/readyz", http.StatusOK)
	s.Clock.Advance(6 * time.Second)
	s.Store.FailAt(0)
	s.await(t, "/readyz", http.StatusServiceUnavailable)
	for range 3 {
		for _, a := range []Answer{
			s.TryLogin(s.Web, s.Alice, ""), s.TryRefresh(s.Web, session.Refresh), s.TryRefresh(s.Web, dead.Refresh), s.TryLogin(Client{"nobody", "x"}, s.Alice, ""),
			s.Introspect(s.Guard, session.Access), s.Introspect(s.Guard, dead.Access), s.Introspect(Client{s.Guard.ID, "wrong"}, session.Access),
			s.UserInfo(session.Access), s.UserInfo(dead.Access), s.PostAs(s.Web, Revoke, Form("token", session.Access)),
		} {
			a.unavailable(t)
		}
		s.Get(JWKS).Expect(t, http.StatusOK)
		s.Get(Discovery).Expect(t, http.StatusOK)
		s.Get("/livez").Expect(t, http.StatusOK)
		s.Get("/readyz").Expect(t, http.StatusServiceUnavailable)
	}
	s.Store.Forget()
	s.Clock.Advance(time.Second)
	s.await(t, "/readyz", http.StatusOK)
	s.alive(t, s.Web, session)
	s.refused(t, s.Web, dead.Refresh)
}

func playStaleKeys(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.await(t, "/readyz", http.StatusOK)
	s.Clock.Advance(2 * time.Hour) // and nobody read the keys meanwhile
	for _, a := range []Answer{s.TryRefresh(s.Web, tokens.Refresh), s.PostAs(s.Machine, Token, Form("grant_type", "client_credentials"))} {
		a.unavailable(t)
	}
	s.Get("/readyz").Expect(t, http.StatusServiceUnavailable)
	s.Get(JWKS).Expect(t, http.StatusOK)
	s.Advance(0)
	s.await(t, "/readyz", http.StatusOK)
	s.Refresh(t, s.Web, s.Refresh(t, s.Web, tokens.Refresh).Refresh)
}
