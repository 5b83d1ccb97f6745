package protocoltest

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

var httpCases = []testCase{
	{name: "A01 paths that are almost right", run: testPaths},
	{name: "H05 hosts and proxies do not name the issuer", run: testHosts},
	{name: "H02 headers without end", run: testHeaders},
	{name: "two lengths of one body", run: testTwoLengths},
	{name: "request ids", run: testRequestIDs},
	{name: "U13 client address behind proxies", configure: trustLoopback, run: testForwardedFor},
	{name: "X11 more requests than slots", configure: func(o *Options) { o.Endpoints.MaxInFlight = 2 }, run: testTooManyRequests},
	{name: "a panic is answered", run: testPanic},
}

func testPaths(t *testing.T, s *Signet) {
	for _, path := range []string{
		"//", "//oauth2/token", "/oauth2//token", "/oauth2/token/", "/oauth2/./token", "/x/../oauth2/token", "/oauth2/%74oken", "/%6fauth2/token", "/oauth2%2ftoken",
		"/OAuth2/Token", "/oauth2/token;x=1", "/oauth2/token%00", "/oauth2/token%20", "/oauth2/token.json", "/oauth2", "/oauth2/", "/token", "/oauth/token",
		"/.well-known/%6awks.json", "//.well-known/jwks.json", "/.well-known/jwks.json/", "/.well-known/", "/api/v1/users", "/debug/pprof/", "/metrics", "/..", "/oauth2/..%2ftoken",
	} {
		for _, method := range []string{"GET", "POST"} {
			a := s.Send(method, path, "", Basic(s.Web))
			t.Run(method+" "+path, func(t *testing.T) { a.ExpectError(t, http.StatusNotFound, "not_found") })
		}
	}
	a, _ := s.Raw(t, strings.NewReader("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"))
	a.ExpectError(t, http.StatusNotFound, "not_found")
}

func testHosts(t *testing.T, s *Signet) {
	want := s.Get(Discovery)
	evil := "evil.example.com"
	for name, a := range map[string]Response{
		"Host":              s.Get(Discovery, func(r *http.Request) { r.Host = evil }),
		"X-Forwarded-Host":  s.Get(Discovery, Header("X-Forwarded-Host", evil), Header("X-Forwarded-Proto", "https"), Header("X-Forwarded-Prefix", "/evil")),
		"Forwarded":         s.Get(Discovery, Header("Forwarded", "for=1.2.3.4;host="+evil+";proto=https")),
		"X-Original-URL":    s.Get(Discovery, Header("X-Original-URL", "/oauth2/token"), Header("X-Rewrite-URL", "/oauth2/token")),
		"absolute-form URI": s.raw(t, "GET http://"+evil+Discovery+" HTTP/1.1\r\nHost: "+evil+"\r\n\r\n"),
	} {
		if !a.Equal(want) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	tokens := s.Post(Token, s.Alice.LoginForm(""), Basic(s.Web), func(r *http.Request) { r.Host = evil }).Tokens(t)
	if iss := claims(t, tokens.Access)["iss"]; iss != s.Issuer {
		t.Errorf("iss %v", iss)
	}
	if a := s.raw(t, "GET "+Discovery+" HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"); a.Status != http.StatusBadRequest {
		t.Errorf("two Hosts: %d", a.Status)
	}
}

func (q *requester) raw(t *testing.T, request string) Response {
	t.Helper()
	a, _ := q.Raw(t, strings.NewReader(request))
	return a
}

func testHeaders(t *testing.T, s *Signet) {
	for name, head := range map[string]string{
		"1 MiB header": s.Head("GET", JWKS, "X: "+strings.Repeat("x", 1<<20)), "10 000 headers": s.Head("GET", JWKS, strings.Split(strings.Repeat("X: y\n", 10000)+"X: y", "\n")...),
		"10 000 cookies": s.Head("GET", JWKS, "Cookie: "+strings.Repeat("a=b; ", 10000)), "1 MiB URL": s.Head("GET", JWKS+"?"+strings.Repeat("x", 1<<20)),
	} {
		a, closed := s.Raw(t, strings.NewReader(head))
		if a.Status != http.StatusRequestHeaderFieldsTooLarge || !closed {
			t.Errorf("%s: %d, closed %t", name, a.Status, closed)
		}
	}
}

// testTwoLengths: a proxy that goes by Content-Length and a server that goes by
// Transfer-Encoding disagree about where the next request begins.
func testTwoLengths(t *testing.T, s *Signet) {
	const form = "Content-Type: application/x-www-form-urlencoded"
	hidden := s.Head("GET", UserInfo)
	for name, head := range map[string]string{
		"length first":    s.Head("POST", Token, form, "Content-Length: 5", "Transfer-Encoding: chunked"),
		"encoding first":  s.Head("POST", Token, "Transfer-Encoding: chunked", form, "Content-Length: 5"),
		"in other case":   s.Head("POST", Token, "CONTENT-LENGTH: 5", "transfer-encoding: Chunked"),
		"lines end in LF": strings.ReplaceAll(s.Head("POST", Token, "Content-Length: 5", "Transfer-Encoding: chunked"), "\r\n", "\n"),
		"length 0":        s.Head("POST", Token, form, "Transfer-Encoding: chunked", "Content-Length: 0"),
		"HTTP/1.0":        strings.Replace(s.Head("POST", Token, "Transfer-Encoding: chunked", "Connection: keep-alive"), "HTTP/1.1", "HTTP/1.0", 1),
		"the second": s.Head("GET", JWKS, "X: y") + s.Head("POST", Token, form, "Content-Length: 7") + "a=b&c=d" +
			s.Head("POST", Token, form, "Transfer-Encoding: chunked") + "3\r\na=b\r\n0\r\n\r\n" + s.Head("POST", Token, "Transfer-Encoding: chunked", "Content-Length: 5"),
		// Lengths that net/http reads, and that are not followed: what comes behind them would go unchecked.
		"length on the next line": s.Head("POST", Token, form, "Content-Length:\r\n 5"),
		"length behind blanks":    s.Head("POST", Token, form, "Content-Length: "+strings.Repeat(" ", 60)+"5"),
		"length of many zeros":    s.Head("POST", Token, form, "Content-Length: "+strings.Repeat("0", 60)+"5"),
	} {
		for _, pieces := range []int{1 << 20, 7, 1} {
			all := s.rawAll(t, head+"0\r\n\r\n"+hidden, pieces)
			last := all[len(all)-1]
			if last.Status != http.StatusBadRequest || last.Header.Get("Connection") != "close" {
				t.Errorf("%s, %d bytes at a time: %d %v", name, pieces, last.Status, last.Header)
			}
			if want := 1 + 3*strings.Count(name, "second"); len(all) != want {
				t.Errorf("%s, %d bytes at a time: %d answers, want %d: the last %s", name, pieces, len(all), want, last.Body)
			}
		}
	}
	body := "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	fine := s.Head("POST", Token, form, fmt.Sprintf("Content-Length: %d", len(body))) + body +
		s.Head("POST", Token, form, "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n0\r\nContent-Length: 5\r\n\r\n", len(body), body) +
		s.Head("GET", JWKS, "X-Content-Length: 5", "Transfer-Encoding-X: y", "X: Transfer-Encoding: chunked", "Connection: close")
	if all := s.rawAll(t, fine, 1<<20); len(all) != 3 || all[2].Status != http.StatusOK {
		t.Errorf("requests of one length each: %d answers, the last %d", len(all), all[len(all)-1].Status)
	}
}

func testRequestIDs(t *testing.T, s *Signet) {
	seen := map[string]bool{}
	for _, a := range []Response{
		s.Get("/livez"), s.Get("/nothing"), s.Get(UserInfo), s.Post(Token, Form()), s.TryLogin(s.Web, s.Alice, ""), s.Post(Token, Form(), Header("X-Request-Id", "mine")),
	} {
		id := a.Header.Get("X-Request-Id")
		if len(id) != 32 || seen[id] || strings.Trim(id, "0123456789abcdef") != "" {
			t.Errorf("request id %q", id)
		}
		seen[id] = true
	}
}

func trustLoopback(o *Options) {
	o.Endpoints.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
}

// testForwardedFor comes from a trusted proxy; that others are not believed is
// what testRequestIDs and the default show.
func testForwardedFor(t *testing.T, s *Signet) {
	for _, c := range []struct {
		headers []string
		want    string
	}{
		{nil, "127.0.0.1"}, {[]string{"203.0.113.7"}, "203.0.113.7"}, {[]string{"6.6.6.6, 203.0.113.7"}, "203.0.113.7"},
		{[]string{"6.6.6.6, 203.0.113.7, 10.1.2.3"}, "203.0.113.7"}, {[]string{"6.6.6.6", "203.0.113.7", "10.1.2.3"}, "203.0.113.7"},
		{[]string{"203.0.113.7:4711"}, "203.0.113.7"}, {[]string{"2001:db8::1"}, "2001:db8::1"}, {[]string{"[2001:db8::1]:99"}, "2001:db8::1"},
		{[]string{"fe80::1%eth0"}, "fe80::1"}, {[]string{"::ffff:203.0.113.7"}, "203.0.113.7"}, {[]string{"10.0.0.1"}, "10.0.0.1"},
		{[]string{"nonsense"}, "127.0.0.1"}, {[]string{"203.0.113.7, nonsense"}, "127.0.0.1"}, {[]string{"nonsense, 10.0.0.9"}, "10.0.0.9"}, {[]string{""}, "127.0.0.1"},
		{[]string{strings.Repeat("6.6.6.6,", 2000) + "203.0.113.7"}, "203.0.113.7"},
	} {
		s.Log.Reset()
		s.Get(UserInfo, func(r *http.Request) { r.Header["X-Forwarded-For"] = c.headers },
			Header("Forwarded", "for=6.6.6.6"), Header("X-Real-IP", "6.6.6.6"), Header("True-Client-IP", "6.6.6.6"))
		if got := s.Log.Events(t)[0]["address"]; got != c.want {
			t.Errorf("%.60v: address %v, want %s", c.headers, got, c.want)
		}
	}
	for id, taken := range map[string]bool{
		"abc-DEF_1.2": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "a b": false, "a\"b": false, "": false, "{}": false, "é": false,
	} {
		if got := s.Get("/livez", Header("X-Request-Id", id)).Header.Get("X-Request-Id"); (got == id) != taken || got == "" {
			t.Errorf("id %q: answered %q", id, got)
		}
	}
	two := func(r *http.Request) { r.Header["X-Request-Id"] = []string{"one", "two"} }
	if got := s.Get("/livez", two).Header.Get("X-Request-Id"); len(got) != 32 {
		t.Errorf("two ids: answered %q", got)
	}
}

func testTooManyRequests(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	inside, release := make(chan struct{}, 2), make(chan struct{})
	s.Store.Before(blockAll(inside, release))
	var waiting sync.WaitGroup
	held := make([]Response, 2)
	for n := range held {
		waiting.Go(func() { held[n] = s.Introspect(s.ResourceServer, tokens.Access) })
	}
	<-inside
	<-inside
	for _, a := range []Response{s.TryLogin(s.Web, s.Alice, ""), s.Introspect(s.ResourceServer, tokens.Access), s.PostAs(s.Web, Revoke, Form("token", tokens.Access)), s.UserInfo(tokens.Access)} {
		a.expectUnavailable(t)
	}
	s.Get(JWKS).ExpectStatus(t, http.StatusOK)
	s.Get("/livez").ExpectStatus(t, http.StatusOK)
	close(release)
	waiting.Wait()
	for _, a := range held {
		if a.Object(t)["active"] != true {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	s.Store.Reset()
	s.expectActive(t, s.Web, tokens)
}

func testPanic(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	for name, raise := range map[string]any{"runtime error": nil, "text": "panic over " + tokens.Access, "error": http.ErrAbortHandler} {
		s.Log.Reset()
		s.Store.Before(panics(raise))
		a := s.TryRefresh(s.Web, tokens.Refresh).ExpectError(t, http.StatusInternalServerError, "server_error")
		s.Store.Reset()
		events := s.Log.Events(t)
		if len(events) != 1 || events[0]["level"] != "error" || events[0]["request_id"] != a.Header.Get("X-Request-Id") || events[0]["panic"] == nil {
			t.Fatalf("%s: events %v", name, events)
		}
		if stack, _ := events[0]["stack"].(string); !strings.Contains(stack, "protocoltest") {
			t.Errorf("%s: stack %q", name, stack)
		}
	}
	s.Refresh(t, s.Web, tokens.Refresh) // the slot was released, too
}
