package protocoltest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/selfservice"
	"example.org/signet/storage"
)

var throttleNetworkCases = []testCase{
	{name: "users of a confidential client are not one attacker", configure: throttled, run: testBackend},
	{name: "a login through a confidential client forgives no guesses of others", configure: throttled, run: testBackendForgivesNothing},
	{name: "a confidential client names its users' addresses", configure: throttled, run: testClientIP},
	{name: "nobody else names addresses", configure: throttled, run: testClientIPIgnored},
	{name: "registrations through a confidential client", configure: throttledRegistration, run: testBackendRegistration},
	{name: "an IPv6 network of any size is one attacker", configure: behindProxy, run: testIPv6Networks},
	{name: "strangers do not lock an account where it has logged in before", configure: behindProxy, run: testKnownNetworks},
	{name: "strangers do not lock a client out of where it has been", configure: behindProxy, run: testKnownClientNetwork},
	{name: "strangers do not lock the bootstrap", configure: bootstrapBehindProxy, run: testBootstrapLock},
	{name: "an administrator unlocks a user", configure: mergedBehindProxy, run: testUnlock},
	{name: "questions whether a name is taken are counted", configure: throttledRegistration, run: testNameQuestions},
}

func throttledRegistration(o *Options) {
	behindProxy(o)
	o.SelfService.Registration = selfservice.RegistrationOpen
}

func bootstrapBehindProxy(o *Options) {
	behindProxy(o)
	withBootstrap(o)
}

func mergedBehindProxy(o *Options) {
	mergedAdmin(o)
	behindProxy(o)
}

func clientIP(address string) RequestOption { return Header("Signet-Client-IP", address) }

// guess tries a wrong password n times, which must not be throttled.
func (s *Signet) guess(t *testing.T, c Client, name string, n int, opts ...RequestOption) {
	t.Helper()
	for range n {
		s.PostAs(c, Token, User{Username: name, Password: "a wrong password"}.LoginForm(""), opts...).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	}
}

func testBackend(t *testing.T, s *Signet) {
	s.guess(t, s.Web, "alice", 10)
	s.TryLogin(s.Web, s.Alice, "").expectThrottled(t)
	s.Login(t, s.Other, s.Alice, "") // through another client
	for n := range 120 {
		s.guess(t, s.Web, fmt.Sprintf("nobody%d", n), 1)
	}
	s.Login(t, s.Web, s.Editor, "")
	s.Login(t, s.SPA, s.Editor, "")
}

// testBackendForgivesNothing: whoever guesses through the client that the user logs in by gets
// no more guesses by the user's own logins.
func testBackendForgivesNothing(t *testing.T, s *Signet) {
	for range 5 {
		s.guess(t, s.Web, "alice", 2)
		s.TryLogin(s.Web, s.Alice, "")
	}
	s.TryLogin(s.Web, s.Alice, "").expectThrottled(t)
	s.Advance(15 * time.Minute)
	s.Login(t, s.Web, s.Alice, "")
}

func testClientIP(t *testing.T, s *Signet) {
	portal := s.trustClientIP(t, s.Web)
	s.guess(t, portal, "alice", 10, clientIP("198.51.100.1"))
	right := s.Alice.LoginForm("")
	s.PostAs(portal, Token, right, clientIP("198.51.100.1")).expectThrottled(t)
	tokens := s.PostAs(portal, Token, right, clientIP("203.0.113.7")).Tokens(t)
	s.Login(t, portal, s.Alice, "") // without an address the client counts by itself
	for n := range 90 {
		s.guess(t, portal, fmt.Sprintf("nobody%d", n), 1, clientIP("198.51.100.1"))
	}
	s.PostAs(portal, Token, s.Editor.LoginForm(""), clientIP("198.51.100.1")).expectThrottled(t)
	s.PostAs(portal, Token, s.Editor.LoginForm(""), clientIP("198.51.100.2")).Tokens(t)

	for _, address := range []string{"x", "198.51.100.1, 10.0.0.1", "198.51.100.1:80", "fe80::1%eth0", "::ffff", "localhost", strings.Repeat("1", 500)} {
		a := s.PostAs(portal, Token, s.Editor.LoginForm(""), clientIP(address))
		if address == "::ffff" { // an address like any other
			a.Tokens(t)
			continue
		}
		a.ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	two := func(r *http.Request) { r.Header["Signet-Client-Ip"] = []string{"198.51.100.1", "198.51.100.2"} }
	s.PostAs(portal, Token, s.Editor.LoginForm(""), two).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.PostAs(portal, Token, RefreshForm(tokens.Refresh), clientIP("203.0.113.8")).Tokens(t)

	page, err := s.backend.ListAudit(context.Background(), storage.AuditFilter{Type: "login.succeeded"}, storage.Page{Limit: 1})
	must(t, err)
	if len(page.Events) == 0 || page.Events[0].Address != "203.0.113.7" {
		t.Errorf("the login was audited as %+v", page.Events)
	}
}

// trustClientIP lets the client name its users' addresses.
func (s *Signet) trustClientIP(t *testing.T, c Client) Client {
	t.Helper()
	yes := true
	_, err := s.operator().Clients().Update(context.Background(), c.ID, admin.ClientChange{TrustClientIP: &yes})
	must(t, err)
	return c
}

// testClientIPIgnored: another address in the header is no way around the throttle for
// clients that nobody trusts with it, right secret or wrong.
func testClientIPIgnored(t *testing.T, s *Signet) {
	for _, c := range []Client{s.SPA, s.Web} {
		for n := range 10 {
			s.guess(t, c, "alice", 1, clientIP(fmt.Sprintf("198.51.100.%d", n)))
		}
		s.PostAs(c, Token, s.Alice.LoginForm(""), clientIP("203.0.113.7")).expectThrottled(t)
	}
	s.Advance(15 * time.Minute)
	s.PostAs(s.Web, Token, s.Alice.LoginForm(""), clientIP("nonsense")).Tokens(t)
	yes := true
	_, err := s.operator().Clients().Update(context.Background(), s.SPA.ID, admin.ClientChange{TrustClientIP: &yes})
	if err == nil {
		t.Error("a public client may name its users' addresses")
	}
}

func testBackendRegistration(t *testing.T, s *Signet) {
	for n := range 40 {
		s.JSON("POST", Register, s.registration(fmt.Sprintf("visitor%d", n)), Basic(s.Web)).ExpectStatus(t, http.StatusCreated)
	}
	s.trustClientIP(t, s.Other)
	register := func(n int, address string) Response {
		return s.JSON("POST", Register, s.registration(fmt.Sprintf("other%d", n)), Basic(s.Other), clientIP(address))
	}
	for n := range 30 {
		register(n, "198.51.100.1").ExpectStatus(t, http.StatusCreated)
	}
	register(30, "198.51.100.1").ExpectProblem(t, http.StatusTooManyRequests, "temporarily_unavailable")
	register(31, "198.51.100.2").ExpectStatus(t, http.StatusCreated)
	register(32, "x").ExpectStatus(t, http.StatusBadRequest)
}

// testIPv6Networks: whoever has a /60, a /56 or a /48 guesses little more than who has a
// /64, and never so much that the account is locked for everybody.
func testIPv6Networks(t *testing.T, s *Signet) {
	for window := range 6 {
		tried := 0
		for n := range 200 {
			a := s.PostAs(s.SPA, Token, User{Username: "alice", Password: "a wrong password"}.LoginForm(""), from(fmt.Sprintf("2001:db8:0:%x::1", n<<7)))
			if a.Status != http.StatusTooManyRequests {
				tried++
			}
		}
		if tried != 20 {
			t.Errorf("window %d: %d guesses from one /48, want 20", window, tried)
		}
		s.PostAs(s.SPA, Token, s.Alice.LoginForm(""), from("203.0.113.7")).Tokens(t)
		s.PostAs(s.SPA, Token, s.Editor.LoginForm(""), from("2001:db8:0:1::1")).Tokens(t) // another account
		s.Advance(15 * time.Minute)
	}
	for n := range 200 {
		s.PostAs(s.SPA, Token, User{Username: fmt.Sprintf("nobody%d", n), Password: "a wrong password"}.LoginForm(""), from(fmt.Sprintf("2001:db8:0:%x::1", n)))
	}
	s.PostAs(s.SPA, Token, s.Editor.LoginForm(""), from("2001:db8:0:1::1")).expectThrottled(t) // the /56 is at its limit of 200
	s.PostAs(s.SPA, Token, s.Editor.LoginForm(""), from("2001:db8:0:fff1::1")).Tokens(t)       // the /48 is not at its limit of 400
}

// lockFromAfar makes strangers guess at the account until its own limit is reached.
func (s *Signet) lockFromAfar(t *testing.T, name string) {
	t.Helper()
	for n := range 10 {
		s.guess(t, s.SPA, name, 10, from(fmt.Sprintf("198.51.100.%d", n)))
	}
}

func testKnownNetworks(t *testing.T, s *Signet) {
	login := func(address string) Response { return s.PostAs(s.SPA, Token, s.Alice.LoginForm(""), from(address)) }
	for _, home := range []string{"203.0.113.7", "2001:db8::1"} {
		login(home).Tokens(t)
	}
	s.Login(t, s.Web, s.Alice, "") // a backend is a network, too
	s.Advance(30 * 24 * time.Hour)
	s.lockFromAfar(t, "alice")
	login("203.0.113.8").expectThrottled(t)
	login("203.0.113.7").Tokens(t)
	login("2001:db8::2").Tokens(t) // the same /64
	s.Login(t, s.Web, s.Alice, "")
	s.PostAs(s.Other, Token, s.Alice.LoginForm("")).expectThrottled(t)

	s.guess(t, s.SPA, "alice", 10, from("203.0.113.7")) // a guesser there has the limit of one network
	login("203.0.113.7").expectThrottled(t)
	login("2001:db8::1").Tokens(t)
	s.Advance(100 * 24 * time.Hour)
	s.lockFromAfar(t, "alice")
	login("203.0.113.7").expectThrottled(t) // it is long ago
}

func testKnownClientNetwork(t *testing.T, s *Signet) {
	short := s.addShortSecretClient(t, "short")
	ask := func(i *Signet, secret, address string) Response {
		return i.Post(Token, Form("grant_type", "client_credentials"), Basic(Client{short.ID, secret}), from(address))
	}
	ask(s, short.Secret, "203.0.113.7").Tokens(t)
	for n := range 100 {
		ask(s, "a wrong secret", fmt.Sprintf("198.51.100.%d", n)).expectInvalidClient(t)
	}
	ask(s, "a wrong secret", "198.51.100.101").expectThrottled(t)
	ask(s, short.Secret, "203.0.113.7").Tokens(t)
	restarted := s.StartInstance(t)
	ask(restarted, short.Secret, "203.0.113.8").expectThrottled(t)
	ask(restarted, short.Secret, "203.0.113.7").Tokens(t)
}

func testBootstrapLock(t *testing.T, s *Signet) {
	s.Log.MarkSecret(bootstrapSecret)
	for n := range 120 {
		s.JSON("POST", Bootstrap, bootstrapBody(s, "first", "x"), from(fmt.Sprintf("198.51.100.%d", n))).ExpectProblem(t, http.StatusForbidden, "access_denied")
	}
	s.JSON("POST", Bootstrap, bootstrapBody(s, "first", bootstrapSecret), from("203.0.113.7")).ExpectStatus(t, http.StatusCreated)
}

// testNameQuestions: PATCH /me has the limit of /register, and both share it.
func testNameQuestions(t *testing.T, s *Signet) {
	portal := s.Portal(t)
	token := Bearer(s.PostAs(portal, Token, s.Alice.LoginForm(portalScope)).Tokens(t).Access)
	rename := func(name string) Response { return s.JSON("PATCH", Me, Object{"username": name}, token) }
	for n := range 30 {
		if n%2 == 0 {
			rename("ERIN").ExpectProblem(t, http.StatusConflict, "duplicate", "username")
		} else {
			rename(fmt.Sprintf("free%d", n)).ExpectStatus(t, http.StatusOK)
		}
	}
	for _, name := range []string{"erin", "nobody"} {
		rename(name).ExpectProblem(t, http.StatusTooManyRequests, "temporarily_unavailable").expectRetryAfter(t)
	}
	// What asks no such question goes on.
	s.JSON("PATCH", Me, Object{"full_name": "Alice A", "username": "free29"}, token).ExpectStatus(t, http.StatusOK)
	s.Login(t, s.Web, s.Editor, "")
	s.Advance(time.Hour)
	s.Store.Before(failMethod("UpdateUser"))
	token = Bearer(s.PostAs(portal, Token, User{Username: "free29", Password: s.Alice.Password}.LoginForm(portalScope)).Tokens(t).Access)
	for range 40 { // nobody has learned anything
		rename("unknown").ExpectProblem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	s.Store.Reset()
	rename("unknown").ExpectStatus(t, http.StatusOK)
}

// testUnlock: the record of a user says what refuses them, until an administrator unlocks
// them or sets a password.
func testUnlock(t *testing.T, s *Signet) {
	s.portal = s.Portal(t)
	root := s.superAdmin(t)
	boss, path := loginAtPortal(t, s, root), Users+"/"+s.Alice.ID
	throttled := func() (by []string) {
		list, _ := s.JSON("GET", path, nil, boss).ExpectStatus(t, http.StatusOK).Object(t)["throttled"].([]any)
		for _, l := range list {
			lock := l.(map[string]any)
			by = append(by, lock["by"].(string))
			until, err := time.Parse(time.RFC3339, lock["until"].(string))
			if err != nil || !until.After(s.Clock.Now()) || until.After(s.Clock.Now().Add(time.Hour)) {
				t.Errorf("%v", lock)
			}
		}
		return by
	}
	login := func(address string) Response { return s.PostAs(s.SPA, Token, s.Alice.LoginForm(""), from(address)) }
	login("203.0.113.7").Tokens(t)
	if by := throttled(); len(by) != 0 {
		t.Errorf("throttled by %v", by)
	}
	setPassword := func() {
		s.Alice.Password = s.NewSecret("new password")
		s.JSON("POST", path+"/password", Object{"password": s.Alice.Password}, boss).ExpectStatus(t, http.StatusOK)
	}
	unlock := func() { s.JSON("POST", path+"/unlock", nil, boss).ExpectStatus(t, http.StatusOK) }
	for n, unlock := range []func(){unlock, setPassword} {
		strange := fmt.Sprintf("192.0.2.%d", n)
		s.lockFromAfar(t, "alice")
		s.guess(t, s.SPA, "alice", 10, from("203.0.113.7"))
		if by := strings.Join(throttled(), " "); by != "account"+strings.Repeat(" network", 11) {
			t.Errorf("throttled by %s", by)
		}
		login(strange).expectThrottled(t)
		login("203.0.113.7").expectThrottled(t)
		unlock()
		if by := throttled(); len(by) != 0 {
			t.Errorf("throttled by %v after it was unlocked", by)
		}
		login(strange).Tokens(t)
		s.Advance(time.Hour)
		boss = loginAtPortal(t, s, root)
	}
	before := s.events(t, audit.EventUserUnlocked)
	s.JSON("POST", path+"/unlock", nil, boss).ExpectStatus(t, http.StatusOK) // nothing is counted
	if n := s.events(t, audit.EventUserUnlocked); before != 1 || n != before {
		t.Errorf("%d, then %d events for one change", before, n)
	}
}
