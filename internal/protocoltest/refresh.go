package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

var refreshCases = []testCase{
	{name: "R01 a chain of 100", run: testChain},
	{name: "R02 an old token after the window", run: testReuseLate},
	{name: "R02 an old token whose successor was used", run: testReuseEarly},
	{name: "R03 the answer was lost", run: testLostResponse},
	{name: "R04 the predecessor of a used successor", run: testPredecessor},
	{name: "R05 the border of the window", run: testWindow},
	{name: "R05 no window", configure: zeroGrace, run: testStrict},
	{name: "R08 each older one of 20", run: testEachOlder},
	{name: "R09 after a restart and with the clock set back", run: testRestart},
	{name: "R10 two instances", run: testTwoInstances},
	{name: "R22 idle and absolute lifetime", run: testLifetimes},
	{name: "R24 tokens that are almost right", run: testAlmost},
	{name: "R25 other secrets as refresh tokens", run: testOtherKinds},
	{name: "an ID token on refresh where the client asks for it", run: testIDTokenOnRefresh},
}

func zeroGrace(o *Options) { o.Issuer.RefreshGrace = 0 }

// expectRefreshRejected expects that a refresh token is rejected.
func (q *requester) expectRefreshRejected(t testing.TB, c Client, token string) {
	t.Helper()
	q.TryRefresh(c, token).ExpectError(t, http.StatusBadRequest, "invalid_grant")
}

// expectEnded expects that no token of the session is accepted any more (R02).
func (s *Signet) expectEnded(t testing.TB, c Client, all ...Tokens) {
	t.Helper()
	for n, tokens := range all {
		s.expectRefreshRejected(t, c, tokens.Refresh)
		for _, token := range []string{tokens.Access, tokens.Refresh} {
			if s.Active(t, s.ResourceServer, token) || c.Secret != "" && s.Active(t, c, token) {
				t.Errorf("a token of generation %d is active", n)
			}
		}
		s.UserInfo(tokens.Access).expectInvalidToken(t)
	}
}

// expectActive expects that the session goes on with the newest of its tokens, and
// returns the next.
func (s *Signet) expectActive(t testing.TB, c Client, newest Tokens) Tokens {
	t.Helper()
	if !s.Active(t, s.ResourceServer, newest.Access) || c.Secret != "" && !s.Active(t, c, newest.Refresh) {
		t.Fatal("the newest tokens are not active")
	}
	return s.Refresh(t, c, newest.Refresh)
}

// events counts the audit events of a type.
func (s *Signet) events(t testing.TB, kind string) int {
	t.Helper()
	page, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{Type: kind}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	return len(page.Events)
}

func testChain(t *testing.T, s *Signet) {
	chain := []Tokens{s.Login(t, s.Web, s.Alice, "")}
	seen := map[string]bool{chain[0].Refresh: true}
	for range 100 {
		next := s.Refresh(t, s.Web, chain[len(chain)-1].Refresh)
		if seen[next.Refresh] {
			t.Fatal("a refresh token came twice")
		}
		if !s.Active(t, s.ResourceServer, next.Access) {
			t.Fatal("the newest access token is not active")
		}
		seen[next.Refresh] = true
		chain = append(chain, next)
	}
	living := 0
	for _, tokens := range chain {
		if s.Active(t, s.Web, tokens.Refresh) {
			living++
		}
	}
	if living != 1 {
		t.Errorf("%d living refresh tokens, want 1", living)
	}
	s.expectActive(t, s.Web, chain[100])
	page, err := s.backend.ListSessions(context.Background(), storage.SessionFilter{}, storage.Page{})
	must(t, err)
	if len(page.Sessions) != 1 || page.Sessions[0].Generation != 101 {
		t.Errorf("sessions %+v, want one at generation 101", page.Sessions)
	}
}

func testReuseLate(t *testing.T, s *Signet) {
	for _, c := range []Client{s.Web, s.SPA} {
		before := s.events(t, audit.EventRefreshReused)
		first := s.Login(t, c, s.Alice, "openid")
		second := s.Refresh(t, c, first.Refresh)
		s.Advance(time.Minute)
		s.expectRefreshRejected(t, c, first.Refresh)
		s.expectEnded(t, c, first, second)
		if n := s.events(t, audit.EventRefreshReused) - before; n != 1 {
			t.Errorf("%d security events, want 1", n)
		}
	}
}

func testReuseEarly(t *testing.T, s *Signet) {
	first := s.Login(t, s.Web, s.Alice, "openid")
	second := s.Refresh(t, s.Web, first.Refresh)
	third := s.Refresh(t, s.Web, second.Refresh)
	s.expectRefreshRejected(t, s.Web, first.Refresh)
	s.expectEnded(t, s.Web, first, second, third)
}

func testLostResponse(t *testing.T, s *Signet) {
	first := s.Login(t, s.Web, s.Alice, "openid")
	second := s.Refresh(t, s.Web, first.Refresh)
	for range 5 {
		again := s.Refresh(t, s.Web, first.Refresh)
		if again.Refresh != second.Refresh {
			t.Fatal("a repeated refresh gives another refresh token")
		}
		if again.Access == second.Access || !s.Active(t, s.ResourceServer, again.Access) {
			t.Error("a repeated refresh gives no fresh access token")
		}
	}
	if s.events(t, audit.EventRefreshReused) != 0 {
		t.Error("a retry counts as reuse")
	}
	s.expectActive(t, s.Web, second)
}

func testPredecessor(t *testing.T, s *Signet) {
	first := s.Login(t, s.Web, s.Alice, "openid")
	second := s.Refresh(t, s.Web, first.Refresh)
	s.Refresh(t, s.Web, first.Refresh) // a retry, which is fine
	third := s.Refresh(t, s.Web, second.Refresh)
	s.Advance(time.Second)
	s.expectRefreshRejected(t, s.Web, first.Refresh)
	s.expectEnded(t, s.Web, first, second, third)
}

func testWindow(t *testing.T, s *Signet) {
	for _, c := range []struct {
		after time.Duration
		fine  bool
	}{{0, true}, {29 * time.Second, true}, {30 * time.Second, true}, {30*time.Second + time.Millisecond, false}, {31 * time.Second, false}} {
		first := s.Login(t, s.Web, s.Alice, "openid")
		s.Advance(time.Hour / 2)
		second := s.Refresh(t, s.Web, first.Refresh)
		s.Clock.Advance(c.after)
		if c.fine {
			s.Refresh(t, s.Web, first.Refresh)
			s.expectActive(t, s.Web, second)
			continue
		}
		s.expectRefreshRejected(t, s.Web, first.Refresh)
		s.expectEnded(t, s.Web, first, second)
	}
}

func testStrict(t *testing.T, s *Signet) {
	first := s.Login(t, s.Web, s.Alice, "openid")
	second := s.Refresh(t, s.Web, first.Refresh)
	s.expectRefreshRejected(t, s.Web, first.Refresh)
	s.expectEnded(t, s.Web, first, second)
}

func testEachOlder(t *testing.T, s *Signet) {
	const rotations = 20
	for older := range rotations - 1 {
		chain := []Tokens{s.Login(t, s.Web, s.Alice, "openid")}
		for n := range rotations {
			chain = append(chain, s.Refresh(t, s.Web, chain[n].Refresh))
			s.Clock.Advance(time.Second / rotations)
		}
		s.expectRefreshRejected(t, s.Web, chain[older].Refresh)
		s.expectEnded(t, s.Web, chain[rotations])
	}
}

func testRestart(t *testing.T, s *Signet) {
	first := s.Login(t, s.Web, s.Alice, "openid")
	second := s.Refresh(t, s.Web, first.Refresh)
	third := s.Refresh(t, s.Web, second.Refresh)
	restarted := s.StartInstance(t)
	restarted.expectRefreshRejected(t, s.Web, first.Refresh)
	restarted.expectEnded(t, s.Web, first, second, third)

	first = s.Login(t, s.Web, s.Alice, "openid")
	second = s.Refresh(t, s.Web, first.Refresh)
	third = s.Refresh(t, s.Web, second.Refresh)
	s.Clock.Advance(-10 * time.Second)
	s.expectRefreshRejected(t, s.Web, first.Refresh)
	s.expectEnded(t, s.Web, first, second, third)
}

func testTwoInstances(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	first := a.Login(t, a.Web, a.Alice, "openid")
	second := a.Refresh(t, a.Web, first.Refresh)
	if again := b.Refresh(t, a.Web, first.Refresh); again.Refresh != second.Refresh {
		t.Error("the other instance gives another successor")
	}
	third := b.expectActive(t, a.Web, second)
	b.expectRefreshRejected(t, a.Web, first.Refresh)
	for _, instance := range []*Signet{a, b} {
		instance.expectEnded(t, a.Web, first, second, third)
	}
}

func testLifetimes(t *testing.T, s *Signet) { // idle 24 h, absolute 72 h
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	other := s.Login(t, s.Web, s.Alice, "openid")
	for range 3 {
		s.Advance(23*time.Hour + 50*time.Minute)
		tokens = s.Refresh(t, s.Web, tokens.Refresh)
	}
	s.expectRefreshRejected(t, s.Web, other.Refresh) // idle for too long
	s.Advance(24 * time.Minute)                      // 71:54
	tokens = s.Refresh(t, s.Web, tokens.Refresh)
	if tokens.ExpiresIn != 6*60 {
		t.Errorf("expires_in %d, want what is left of the session", tokens.ExpiresIn)
	}
	s.Advance(6 * time.Minute)
	s.expectEnded(t, s.Web, tokens)

	tokens = s.Login(t, s.Web, s.Alice, "openid")
	s.Advance(24*time.Hour - time.Second)
	tokens = s.Refresh(t, s.Web, tokens.Refresh)
	s.Advance(24 * time.Hour)
	s.expectEnded(t, s.Web, tokens)
}

func testAlmost(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	right := tokens.Refresh
	flip := func(b byte) string {
		if b == 'A' {
			return "B"
		}
		return "A"
	}
	wrong := []string{
		right[:len(right)-1], right + "A", right + right, strings.ToUpper(right), strings.ToLower(right), right[4:], "sgr_", "sgr_" + right,
		"SGR_" + right[4:], right + "=", right + " ", " " + right, strings.ReplaceAll(right[4:], "A", "+"), right[:20], "sgr-" + right[4:],
	}
	for n := range right {
		wrong = append(wrong, right[:n]+flip(right[n])+right[n+1:])
	}
	for _, token := range wrong {
		if token != right {
			s.expectRefreshRejected(t, s.Web, token)
		}
	}
	for _, malformed := range []string{right + "\n", right + "\t", "\r\n" + right} {
		s.TryRefresh(s.Web, malformed).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	s.expectActive(t, s.Web, tokens) // an outsider cannot kill a session
}

func testOtherKinds(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	sid := claims(t, tokens.Access)["sid"].(string)
	for name, token := range map[string]string{
		"access token": tokens.Access, "ID token": tokens.ID, "session id": sid, "prefixed session id": "sgr_" + sid, "client secret": s.Web.Secret,
		"password": s.Alice.Password, "user id": s.Alice.ID, "jti": claims(t, tokens.Access)["jti"].(string),
	} {
		t.Run(name, func(t *testing.T) { s.expectRefreshRejected(t, s.Web, token) })
	}
	s.expectActive(t, s.Web, tokens)
}

func testIDTokenOnRefresh(t *testing.T, s *Signet) {
	yes := true
	_, err := s.operator().Clients().Update(context.Background(), s.Web.ID, admin.ClientChange{IDTokenOnRefresh: &yes})
	must(t, err)
	first := s.Login(t, s.Web, s.Alice, "openid")
	s.Clock.Advance(time.Minute)
	second := s.Refresh(t, s.Web, first.Refresh)
	old, fresh := claims(t, first.ID), claims(t, second.ID)
	for _, same := range []string{"iss", "sub", "aud", "auth_time"} { // OpenID Connect Core §12.2
		if old[same] != fresh[same] {
			t.Errorf("%s: %v became %v", same, old[same], fresh[same])
		}
	}
	if fresh["iat"].(float64) != old["iat"].(float64)+60 || fresh["nonce"] != nil {
		t.Errorf("the new ID token: %v", fresh)
	}
	if without := s.Login(t, s.Web, s.Alice, "items:read"); without.ID != "" || s.Refresh(t, s.Web, without.Refresh).ID != "" {
		t.Error("an ID token without openid")
	}
}
