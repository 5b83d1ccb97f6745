package protocoltest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
)

var corsCases = []testCase{
	{name: "H08 public documents", run: testPublicOrigins},
	{name: "H08 registered origins", run: testRegisteredOrigins},
	{name: "H08 unregistered origins", run: testUnregisteredOrigins},
	{name: "H08 an origin registered and withdrawn", run: testChangingOrigins},
	{name: "H08 the store does not answer", run: testOriginsUnknown},
	{name: "H08 preflights of strangers by the thousand", run: testOriginFlood},
	{name: "H08 preflights while all slots are taken", configure: func(o *Options) { o.Endpoints.MaxInFlight = 1 }, run: testOriginsCrowded},
	{name: "H08 origins of apps and extensions", run: testAppOrigins},
	{name: "H08 request headers that an origin asks for", run: testRequestHeaders},
}

// preflight asks as a browser does before it sends a request.
func (q *requester) preflight(path, origin, method string) Response {
	return q.Send(http.MethodOptions, path, "", Header("Origin", origin), Header("Access-Control-Request-Method", method),
		Header("Access-Control-Request-Headers", "authorization"))
}

func testPublicOrigins(t *testing.T, s *Signet) {
	for _, path := range []string{JWKS, Discovery, Metadata, OpenAPI} {
		for _, origin := range []string{Origin, "https://evil.example.com", "null"} {
			a := s.Get(path, Header("Origin", origin), Header("Cookie", "a=b")).ExpectStatus(t, http.StatusOK)
			if a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s from %s: %v", path, origin, a.Header)
			}
			a = s.preflight(path, origin, "GET").ExpectStatus(t, http.StatusNoContent)
			if a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Access-Control-Allow-Methods") != "GET, HEAD" {
				t.Errorf("%s preflight from %s: %v", path, origin, a.Header)
			}
		}
	}
}

func testRegisteredOrigins(t *testing.T, s *Signet) {
	for path, methods := range map[string]string{Token: "POST", Revoke: "POST", UserInfo: "GET, HEAD, POST"} {
		a := s.preflight(path, Origin, "POST").ExpectStatus(t, http.StatusNoContent)
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": Origin, "Access-Control-Allow-Methods": methods, "Vary": "Origin",
			"Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, X-Requested-With", "Access-Control-Allow-Credentials": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s preflight, %s: %q, want %q", path, name, got, want)
			}
		}
		if len(a.Body) != 0 {
			t.Errorf("%s preflight has a body", path)
		}
		// An answer that refuses is readable too.
		a = s.Send(http.MethodPost, path, "", Header("Origin", Origin))
		if a.Header.Get("Access-Control-Allow-Origin") != Origin || a.Header.Get("Vary") != "Origin" || !strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
			t.Errorf("%s: %v", path, a.Header)
		}
	}
	s.PostAs(s.SPA, Token, s.Alice.LoginForm(""), Header("Origin", Origin)).Tokens(t)
}

func testUnregisteredOrigins(t *testing.T, s *Signet) {
	for _, origin := range []string{
		"https://evil.example.com", "null", Origin + ".evil.example", "https://evil" + strings.TrimPrefix(Origin, "https://"), Origin + ":8443",
		strings.Replace(Origin, "https", "http", 1), Origin + "/", strings.ToUpper(Origin), "*", "https://*", "", Origin + " " + Origin, Origin + "\u00e9",
	} {
		for _, path := range []string{Token, Revoke, UserInfo} {
			for _, a := range []Response{s.preflight(path, origin, "POST").ExpectStatus(t, http.StatusNoContent), s.Send(http.MethodPost, path, "", Header("Origin", origin))} {
				if got := a.Header.Get("Access-Control-Allow-Origin"); got != "" || a.Header.Get("Access-Control-Allow-Methods") != "" {
					t.Errorf("%s from %q: allowed for %q", path, origin, got)
				}
				if a.Header.Get("Vary") != "Origin" {
					t.Errorf("%s from %q: no Vary", path, origin)
				}
			}
		}
	}
	for _, path := range []string{Introspect, Authorize} {
		s.preflight(path, Origin, "POST").ExpectStatus(t, http.StatusMethodNotAllowed)
		a := s.Send(http.MethodPost, path, "", Header("Origin", Origin))
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s", path, name)
			}
		}
	}
	two := func(r *http.Request) { r.Header["Origin"] = []string{Origin, "https://evil.example.com"} }
	if a := s.Post(Token, Form(), two); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("two origins at once are allowed")
	}
}

func testChangingOrigins(t *testing.T, s *Signet) {
	const late = "https://late.example.com"
	allowed := func() bool {
		return s.preflight(Token, late, "POST").ExpectStatus(t, http.StatusNoContent).Header.Get("Access-Control-Allow-Origin") == late
	}
	if allowed() {
		t.Error("allowed before it is registered")
	}
	set := func(origins ...string) {
		_, err := s.operator().Clients().Update(context.Background(), s.SPA.ID, admin.ClientChange{Origins: &origins})
		must(t, err)
	}
	set(late)
	if !allowed() {
		t.Error("not allowed when registered")
	}
	set()
	s.Clock.Advance(6 * time.Second) // CacheFor is 5 s
	if allowed() {
		t.Error("allowed when withdrawn")
	}
}

func testOriginsUnknown(t *testing.T, s *Signet) {
	s.preflight(Token, Origin, "POST").ExpectStatus(t, http.StatusNoContent)
	s.Clock.Advance(time.Minute)
	s.Store.FailAt(0)
	a := s.preflight(Token, Origin, "POST").ExpectStatus(t, http.StatusNoContent)
	if a.Header.Get("Access-Control-Allow-Origin") != Origin {
		t.Error("a known origin is forgotten in an outage")
	}
	s.preflight(Token, "https://other.example.com", "POST").expectUnavailable(t)
	s.Post(Token, s.Alice.LoginForm(""), Basic(s.Web), Header("Origin", "https://other.example.com")).expectUnavailable(t)
}

// testRequestHeaders: no cookie is involved, so an allowed origin may send
// whatever header it asks for.
func testRequestHeaders(t *testing.T, s *Signet) {
	ask := func(path, origin, headers string) string {
		a := s.Send(http.MethodOptions, path, "", Header("Origin", origin), Header("Access-Control-Request-Method", "POST"),
			Header("Access-Control-Request-Headers", headers)).ExpectStatus(t, http.StatusNoContent)
		return a.Header.Get("Access-Control-Allow-Headers")
	}
	const always = "Authorization, Content-Type, If-Match, X-Requested-With"
	for asked, want := range map[string]string{
		"":              always,
		"authorization": always,
		"authorization,baggage,sentry-trace,traceparent": always + ", baggage, sentry-trace, traceparent",
		"DPoP , mcp-protocol-version, dpop":              always + ", dpop, mcp-protocol-version",
		"x-a, bad header":                                always,
		"x-a, é":                                         always,
		"*":                                              always,
		strings.Repeat("x-long-name,", 200) + "x-last": always,
	} {
		if got := ask(Token, Origin, asked); got != want {
			t.Errorf("asked for %.60q: %q, want %q", asked, got, want)
		}
	}
	if got := ask(Token, "https://evil.example.com", "traceparent"); got != "" {
		t.Errorf("an unregistered origin is allowed %q", got)
	}
	for _, path := range []string{JWKS, Discovery} {
		if got := ask(path, "https://evil.example.com", "traceparent"); got != always+", traceparent" {
			t.Errorf("%s: %q", path, got)
		}
	}
}

// testOriginFlood: preflights of strangers cost one reading of the origins an
// interval, however many there are and at however many clients.
func testOriginFlood(t *testing.T, s *Signet) {
	s.preflight(Token, Origin, "POST").ExpectStatus(t, http.StatusNoContent)
	s.Store.Reset()
	flood := func() {
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				origin := fmt.Sprintf("https://%d.evil.example", n)
				if a := s.preflight(Token, origin, "POST"); a.Status != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s: %d, allowed for %q", origin, a.Status, a.Header.Get("Access-Control-Allow-Origin"))
				}
				s.Send(http.MethodPost, Token, "", Header("Origin", origin))
			})
		}
		all.Wait()
	}
	flood()
	if calls := s.Store.Calls(); len(calls) != 0 {
		t.Errorf("within the interval the store was asked: %v", calls)
	}
	s.Clock.Advance(6 * time.Second) // CacheFor is 5 s
	flood()
	if calls := s.Store.Calls(); !slices.Equal(calls, []string{"ClientOrigins"}) {
		t.Errorf("after the interval the store was asked: %v", calls)
	}
	// A store that fails is not asked again for each of them either.
	s.Clock.Advance(6 * time.Second)
	s.Store.FailAt(0)
	for range 20 {
		s.preflight(Token, "https://evil.example", "POST").expectUnavailable(t)
		if a := s.preflight(Token, Origin, "POST"); a.Header.Get("Access-Control-Allow-Origin") != Origin {
			t.Fatal("a known origin is forgotten in an outage")
		}
	}
	if calls := s.Store.Calls(); !slices.Equal(calls, []string{"ClientOrigins"}) {
		t.Errorf("while it fails the store was asked: %v", calls)
	}
	s.Store.Reset()
	s.Clock.Advance(time.Second)
	s.preflight(Token, "https://evil.example", "POST").ExpectStatus(t, http.StatusNoContent)
}

// testOriginsCrowded: reading the origins takes a slot of the limiter.
func testOriginsCrowded(t *testing.T, s *Signet) {
	s.preflight(Token, Origin, "POST").ExpectStatus(t, http.StatusNoContent)
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	inside, release := make(chan struct{}, 1), make(chan struct{})
	s.Store.Before(blockAll(inside, release))
	var held sync.WaitGroup
	held.Go(func() { s.Introspect(s.ResourceServer, tokens.Access) })
	<-inside
	s.Clock.Advance(6 * time.Second)
	s.preflight(Token, "https://evil.example", "POST").expectUnavailable(t)
	if a := s.preflight(Token, Origin, "POST"); a.Header.Get("Access-Control-Allow-Origin") != Origin {
		t.Error("a known origin is refused while the slots are taken")
	}
	close(release)
	held.Wait()
}

// testAppOrigins: pages in apps and in extensions have origins of their own.
func testAppOrigins(t *testing.T, s *Signet) {
	origins := []string{"capacitor://localhost", "tauri://localhost", "chrome-extension://aapbbdbdomjkkjkaonfhkkikfgjllcleb", "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc"}
	for _, origin := range origins {
		if a := s.preflight(Token, origin, "POST"); a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is allowed before it is registered", origin)
		}
	}
	app := s.AddPublicClient(t, "app", admin.ClientChange{Grants: &[]string{"password"}, Scopes: &[]string{"openid"}, Origins: &origins})
	for _, origin := range origins {
		if a := s.preflight(Token, origin, "POST"); a.Header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s is refused", origin)
		}
	}
	s.PostAs(app, Token, s.Alice.LoginForm(""), Header("Origin", origins[0])).Tokens(t)
}
