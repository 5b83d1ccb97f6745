package protocoltest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

var logCases = []testCase{
	{name: "one event a request", run: testEvents},
	{name: "L05 query strings", run: testLoggedQuery},
	{name: "L06 log injection", configure: trustLoopback, run: testLogInjection},
	{name: "a refused client is named with the cause", run: testRefusedClientLog},
	{name: "L02 secrets in the wrong field", run: testMisplacedSecrets},
	{name: "L01 the search finds what it should", run: testLeakSearch},
	{name: "the audit log names request and address", run: testAuditNames},
	{name: "metrics", run: testMetrics},
	{name: "metrics keep a throttled client and a failing store apart", configure: strictThrottle, run: testTokenOutcomes},
}

func testEvents(t *testing.T, s *Signet) {
	event := func(request func()) map[string]any {
		s.Log.Reset()
		request()
		events := s.Log.Events(t)
		if len(events) != 1 {
			t.Fatalf("%d events, want 1: %v", len(events), events)
		}
		return events[0]
	}
	var a Response
	got := event(func() { a = s.TryLogin(s.Web, s.Alice, "openid") })
	for name, want := range map[string]any{
		"level": "info", "message": "request", "method": "POST", "route": Token, "status": 200.0, "client_id": s.Web.ID, "grant": "password",
		"request_id": a.Header.Get("X-Request-Id"), "address": "127.0.0.1", "bytes": float64(len(a.Body)), "error": nil, "cause": nil, "duration_ms": 0.0,
	} {
		if got[name] != want {
			t.Errorf("login, %s: %v, want %v", name, got[name], want)
		}
	}
	got = event(func() { s.expectRefreshRejected(t, s.Web, "wrong") })
	if got["status"] != 400.0 || got["error"] != "invalid_grant" || got["grant"] != "refresh_token" || got["client_id"] != s.Web.ID || got["level"] != "info" {
		t.Errorf("refused: %v", got)
	}
	first := s.Login(t, s.Web, s.Alice, "openid")
	s.Refresh(t, s.Web, first.Refresh)
	if got = event(func() { s.Refresh(t, s.Web, first.Refresh) }); got["event"] != "refresh.replayed" {
		t.Errorf("replayed: %v", got)
	}
	s.Advance(time.Minute)
	if got = event(func() { s.expectRefreshRejected(t, s.Web, first.Refresh) }); got["event"] != "refresh.reused" {
		t.Errorf("reused: %v", got)
	}
	s.Store.FailAt(1)
	got = event(func() { s.TryLogin(s.Web, s.Alice, "") })
	s.Store.Reset()
	if got["level"] != "error" || got["status"] != 503.0 || got["cause"] == nil || !strings.Contains(got["cause"].(string), errConnectionReset.Error()) {
		t.Errorf("failed: %v", got)
	}
	if got = event(func() { s.Get("/livez") }); got["level"] != "debug" {
		t.Errorf("health: %v", got)
	}
	if got = event(func() { s.Get("/nothing/" + strings.Repeat("x", 5000)) }); got["route"] != "unknown" || got["status"] != 404.0 {
		t.Errorf("unknown path: %v", got)
	}
	s.Log.Reset()
	for _, path := range []string{JWKS, Discovery, Metadata} {
		s.Get(path)
	}
	if lines := s.Log.Lines(); len(lines) != 0 {
		t.Errorf("documents are logged: %v", lines)
	}
}

// testRefusedClientLog refuses clients for every cause: the log holds the presented id and
// the cause, the client gets one answer for all.
func testRefusedClientLog(t *testing.T, s *Signet) {
	yes := true
	_, err := s.operator().Clients().Update(context.Background(), s.Other.ID, admin.ClientChange{Disabled: &yes})
	must(t, err)
	wrong, opaque := s.NewSecret("wrong"), s.NewSecret("in-the-wrong-field")
	var first *Response
	for _, c := range []struct {
		id, secret string
		logged     any
		cause      string
	}{
		{"nobody", wrong, nil, "unknown client"},
		{opaque, wrong, nil, "unknown client"},
		{s.Web.ID, wrong, s.Web.ID, "wrong secret"},
		{s.Other.ID, s.Other.Secret, s.Other.ID, "the client is disabled"},
		{s.SPA.ID, wrong, s.SPA.ID, "public client sent a secret"},
		{s.Web.ID, "", s.Web.ID, "no secret sent"},
		{"", "", nil, "no client id sent"},
	} {
		s.Log.Reset()
		f := s.Alice.LoginForm("")
		f.Set("client_id", c.id)
		f.Set("client_secret", c.secret)
		a := s.Post(Token, f).expectInvalidClient(t)
		if first == nil {
			first = &a
		}
		if !a.Equal(*first) {
			t.Errorf("%s: the answer differs: %+v", c.cause, a)
		}
		got := s.Log.Events(t)[0]
		if got["presented_client_id"] != c.logged || got["cause"] != c.cause || got["client_id"] != nil {
			t.Errorf("%s: logged %v", c.cause, got)
		}
	}
}

func testLoggedQuery(t *testing.T, s *Signet) {
	marker := s.NewSecret("in-the-query")
	for _, path := range []string{Token, Introspect, UserInfo, Authorize, JWKS, "/livez", "/nothing"} {
		for _, name := range []string{"password", "access_token", "code", "x"} {
			s.Get(path + "?" + name + "=" + url.QueryEscape(marker))
			s.Post(path+"?"+name+"="+url.QueryEscape(marker), Form("a", "b"))
		}
	}
	if all := strings.Join(s.Log.Lines(), "\n"); strings.Contains(all, "?") || len(s.Log.leaks(all)) > 0 {
		t.Errorf("a query string is logged: %s", all)
	}
}

// testLogInjection sends what would break a log line into everything that is
// logged; that each event is one JSON line is what reading them checks.
func testLogInjection(t *testing.T, s *Signet) {
	for _, v := range []string{
		"a\x1b[31mred", `","level":"info","forged":"yes`, "\u2028\u2029\u202e", strings.Repeat("x", 20000), "{}\\", "\xff\xfe",
	} {
		s.Post(Token, Form("grant_type", v, "client_id", v, "username", v, "scope", v))
		s.Post(Token, Form("grant_type", "password", "username", v, "password", v), Basic(s.Web))
		s.Post(Introspect, Form("token", v), Basic(Client{v, v}))
		s.Send("GET", "/"+url.PathEscape(v), "")
		s.Get(UserInfo, Header("User-Agent", strings.ToValidUTF8(strings.ReplaceAll(v, "\x1b", ""), "")), Header("X-Forwarded-For", strings.ReplaceAll(v, "\x1b", "")))
	}
	s.raw(t, "A"+strings.Repeat("B", 1000)+" / HTTP/1.1\r\nHost: x\r\n\r\n")
	for n, e := range s.Log.Events(t) {
		line := s.Log.Lines()[n]
		if len(line) > 600 || e["forged"] != nil || strings.ContainsAny(line, "\x1b\u2028\u202e") {
			t.Errorf("a line of %d bytes: %.300s", len(line), line)
		}
		if m := e["method"]; m != "GET" && m != "POST" && m != "other" {
			t.Errorf("method %v", m)
		}
	}
}

// testMisplacedSecrets types secrets where they do not belong; the search at the end
// of the test looks for them.
func testMisplacedSecrets(t *testing.T, s *Signet) {
	for _, name := range []string{"username", "client_id", "scope", "grant_type", "resource", "token_type_hint"} {
		marker := s.NewSecret("misplaced")
		f := s.Alice.LoginForm("")
		f.Set(name, marker)
		s.Post(Token, f)
		s.Post(Token, f, Basic(s.Web))
		s.Post(Revoke, f, Basic(s.Web))
	}
	marker := s.NewSecret("as-client-id")
	s.Post(Token, s.Alice.LoginForm(""), Basic(Client{marker, marker}))
	s.Get("/" + marker)
	s.Send("GET", UserInfo, "", Bearer(marker), Header("X-Request-Id", marker), Header("Origin", "https://"+marker))
	s.Store.FailAt(2)
	s.TryLogin(s.Web, User{Username: marker, Password: marker}, "")
	s.Store.Reset()
}

// testLeakSearch makes sure that the search could find something at all.
func testLeakSearch(t *testing.T, s *Signet) {
	secret := s.NewSecret("findable")
	for _, form := range secretFragments(secret) {
		if found := s.Log.leaks("text " + form + " text"); len(found) == 0 {
			t.Errorf("%q is not found", form)
		}
	}
	token := s.Login(t, s.Web, s.Alice, "openid").Access
	signature := token[strings.LastIndexByte(token, '.')+1:]
	if len(s.Log.leaks(signature)) == 0 || len(s.Log.leaks(`{"a":"nothing here"}`)) != 0 {
		t.Error("the search does not work")
	}
	for _, w := range []string{s.Web.Secret, s.Alice.Password} {
		if len(s.Log.leaks(w)) == 0 {
			t.Errorf("a secret of the fixtures is not registered")
		}
	}
}

func testAuditNames(t *testing.T, s *Signet) {
	a := s.TryLogin(s.Web, s.Alice, "openid")
	page, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{Type: audit.EventLoginSucceeded}, storage.Page{})
	must(t, err)
	if len(page.Events) != 1 || page.Events[0].RequestID != a.Header.Get("X-Request-Id") || page.Events[0].Address != "127.0.0.1" {
		t.Errorf("events %+v", page.Events)
	}
}

// testTokenOutcomes: both 429 and 503 have the code temporarily_unavailable.
func testTokenOutcomes(t *testing.T, s *Signet) {
	for tries := 0; s.TryLogin(s.Web, User{Username: s.Alice.Username, Password: "wrong password"}, "").Status != http.StatusTooManyRequests; tries++ {
		if tries == 1000 {
			t.Fatal("nobody is throttled")
		}
	}
	s.Store.FailAt(0)
	s.TryRefresh(s.Other, "sgr_x")
	s.TryLogin(s.Other, s.Editor, "").expectUnavailable(t)
	s.Store.Reset()
	text := s.metrics()
	for _, want := range []string{
		`signet_token_requests_total{grant="password",outcome="throttled"} 1`, `signet_token_requests_total{grant="password",outcome="unavailable"} 1`,
		`signet_token_requests_total{grant="password",outcome="invalid_grant"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
}

func testMetrics(t *testing.T, s *Signet) {
	s.Login(t, s.Web, s.Alice, "openid")
	s.expectRefreshRejected(t, s.Web, "wrong")
	s.Post(Token, Form("grant_type", "made-up-"+strings.Repeat("x", 100)), Basic(s.Web))
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.Refresh(t, s.Web, s.Refresh(t, s.Web, tokens.Refresh).Refresh)
	s.expectRefreshRejected(t, s.Web, tokens.Refresh)
	tokens = s.Login(t, s.Web, s.Alice, "openid")
	s.Refresh(t, s.Web, tokens.Refresh)
	s.Refresh(t, s.Web, tokens.Refresh)
	s.Get(JWKS)
	s.Get("/nothing/" + strings.Repeat("y", 50))
	s.raw(t, "MADEUP /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
	text := s.metrics()
	for _, want := range []string{
		`signet_http_requests_total{route="/oauth2/token",status="200"} 7`, `signet_http_requests_total{route="/.well-known/jwks.json",status="200"} 1`,
		`signet_http_requests_total{route="unknown",status="404"} 2`, `signet_token_requests_total{grant="password",outcome="issued"} 3`,
		`signet_token_requests_total{grant="refresh_token",outcome="invalid_grant"} 2`, `signet_token_requests_total{grant="other",outcome="unsupported_grant_type"} 1`,
		`signet_http_request_duration_seconds_count{route="/oauth2/token"} 10`, `signet_token_events_total{event="refresh.reused"} 1`, `signet_token_events_total{event="refresh.replayed"} 1`, `signet_requests_in_flight 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, user := range []string{"made-up", "MADEUP", "yyyy"} {
		if strings.Contains(text, user) {
			t.Errorf("what a request said is a label: %s", user)
		}
	}
	if a := s.Get("/metrics"); a.Status != http.StatusNotFound {
		t.Errorf("/metrics is public: %d", a.Status)
	}
}
