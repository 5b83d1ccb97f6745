package protocoltest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
)

var selfServiceCases = []testCase{
	{name: "the profile", configure: openRegistration, run: testProfile},
	{name: "a lost update of the profile", run: testLostUpdate},
	{name: "a new password ends the other sessions", run: testOwnPassword},
	{name: "U04 guesses at one's own password are counted by session", configure: strictThrottle, run: testOwnPasswordCounter},
	{name: "own sessions", run: testOwnSessions},
	{name: "a session that ended in between", run: testSelfServiceAfterEnd},
	{name: "A05 nobody gives themselves roles", run: testOwnRoles},
	{name: "a token for an API is not for Signet", run: testOtherAudience},
	{name: "the store fails under self-service", configure: openRegistration, run: testSelfServiceFaults},
}

func testProfile(t *testing.T, s *Signet) {
	token := s.Login(t, s.Portal(t), s.Alice, portalScope).Access
	a := s.JSON("GET", Me, nil, Bearer(token)).ExpectStatus(t, http.StatusOK)
	a.expectNoStore(t)
	o := a.Object(t)
	if o["id"] != s.Alice.ID || o["username"] != "alice" || o["email"] != "alice@example.com" || o["disabled"] != false || a.Header.Get("ETag") == "" {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	for name := range o {
		if !strings.Contains(" id username email email_verified full_name phone roles disabled created_at updated_at ", " "+name+" ") {
			t.Errorf("A08 /me shows %s", name)
		}
	}
	if head := s.JSON("HEAD", Me, nil, Bearer(token)); head.Status != http.StatusOK || len(head.Body) != 0 || head.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("HEAD: %d %v", head.Status, head.Header)
	}
	change := Object{"username": "\uff21licia", "email": "New@Example.COM", "full_name": " A. Liddell ", "phone": ""}
	o = s.JSON("PATCH", Me, change, Bearer(token)).ExpectStatus(t, http.StatusOK).Object(t)
	if o["username"] != "alicia" || o["email"] != "new@example.com" || o["full_name"] != "A. Liddell" || o["phone"] != nil {
		t.Errorf("changed: %v", o)
	}
	s.JSON("PATCH", Me, Object{}, Bearer(token)).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"username": "ERIN"}, Bearer(token)).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
	s.JSON("PATCH", Me, Object{"email": "Erin@example.com"}, Bearer(token)).ExpectProblem(t, http.StatusConflict, "duplicate", "email")
	s.JSON("PATCH", Me, Object{"username": "a b", "email": "x", "phone": "\t"}, Bearer(token)).ExpectProblem(t, 422, "invalid_field", "username", "email")
	s.JSON("PATCH", Me, Object{"email": ""}, Bearer(token)).ExpectStatus(t, http.StatusOK)
	s.Login(t, s.Web, User{Username: "ALICIA", Password: s.Alice.Password}, "")
	if n := s.events(t, audit.EventUserUpdated); n != 2 { // the change without any field is none
		t.Errorf("%d events, want 2", n)
	}
}

func testLostUpdate(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	seen := s.JSON("GET", Me, nil, token).Header.Get("ETag")
	other := s.JSON("PATCH", Me, Object{"full_name": "Another"}, token).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
	if other == seen {
		t.Fatal("a change left the tag as it was")
	}
	for tag, want := range map[string]int{
		seen: http.StatusPreconditionFailed, "W/" + other: http.StatusPreconditionFailed, `"x"`: http.StatusPreconditionFailed, `"*"`: http.StatusBadRequest,
		"x": http.StatusBadRequest, `"x`: http.StatusBadRequest, "": http.StatusBadRequest, `*, "x"`: http.StatusBadRequest,
	} {
		code := map[int]string{http.StatusPreconditionFailed: "lost_update", http.StatusBadRequest: "invalid_request"}[want]
		s.JSON("PATCH", Me, Object{"full_name": "Lost"}, token, Header("If-Match", tag)).ExpectProblem(t, want, code)
	}
	if name := s.JSON("GET", Me, nil, token).Object(t)["full_name"]; name != "Another" {
		t.Errorf("full_name %v", name)
	}
	tag := s.JSON("PATCH", Me, Object{"full_name": "Third"}, token, Header("If-Match", `"x", `+other)).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
	s.JSON("PATCH", Me, Object{"full_name": "Fourth"}, token, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"full_name": "Fifth"}, token, Header("If-Match", "*")).ExpectStatus(t, http.StatusOK)
}

func testOwnPassword(t *testing.T, s *Signet) {
	portal := s.Portal(t)
	mine, web, spa := s.Login(t, portal, s.Alice, portalScope), s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Alice, "openid")
	next := s.NewSecret("the next password")
	change := func(old, new string) Response {
		return s.JSON("POST", MePassword, Object{"current_password": old, "new_password": new}, Bearer(mine.Access))
	}
	change(s.NewSecret("a wrong guess"), next).ExpectProblem(t, 422, "invalid_field", "current_password")
	change(s.Alice.Password, "short").ExpectProblem(t, 422, "invalid_field", "new_password")
	change("", "").ExpectProblem(t, 422, "invalid_field", "current_password", "new_password")
	change(s.Alice.Password, strings.Repeat("x", 1025)).ExpectProblem(t, 422, "invalid_field", "new_password")
	spa = s.expectActive(t, s.SPA, spa)
	before := s.Passwords.Evaluations()
	change(s.Alice.Password, next).ExpectStatus(t, http.StatusNoContent)
	if n := s.Passwords.Evaluations() - before; n != 2 {
		t.Errorf("%d hash evaluations, want 2", n)
	}
	s.expectEnded(t, s.Web, web)
	s.expectEnded(t, s.SPA, spa)
	mine = s.Refresh(t, portal, mine.Refresh) // the one that asked goes on
	s.JSON("GET", Me, nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusOK)
	s.TryLogin(s.Web, s.Alice, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
	s.Login(t, s.Web, User{Username: "alice", Password: next}, "")
}

// testOwnPasswordCounter: strangers' guesses at the login do not keep the owner from a new
// password, and who has found one session guesses in that one alone.
func testOwnPasswordCounter(t *testing.T, s *Signet) {
	portal := s.Portal(t)
	token, other := s.Login(t, portal, s.Alice, portalScope).Access, s.Login(t, portal, s.Alice, portalScope).Access
	guess, limit := s.NewSecret("a wrong password"), int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	change := func(token, old string) Response {
		return s.JSON("POST", MePassword, Object{"current_password": old, "new_password": s.NewSecret("new password")}, Bearer(token))
	}
	for range limit {
		s.TryLogin(s.Web, User{Username: "Alice@example.com", Password: guess}, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
	}
	s.TryLogin(s.Web, s.Alice, "").expectThrottled(t)
	before := s.Passwords.Evaluations()
	for range limit {
		change(token, guess).ExpectProblem(t, 422, "invalid_field", "current_password")
	}
	for _, old := range []string{guess, s.Alice.Password} {
		change(token, old).ExpectProblem(t, http.StatusTooManyRequests, "temporarily_unavailable").expectRetryAfter(t)
	}
	if n := s.Passwords.Evaluations() - before; n != uint64(limit) {
		t.Errorf("%d hash evaluations, want %d", n, limit)
	}
	s.JSON("GET", Me, nil, Bearer(token)).ExpectStatus(t, http.StatusOK) // U05: a throttle ends no session
	change(other, s.Alice.Password).ExpectStatus(t, http.StatusNoContent)
}

func testOwnSessions(t *testing.T, s *Signet) {
	portal := s.Portal(t)
	mine, web := s.Login(t, portal, s.Alice, portalScope), s.Login(t, s.Web, s.Alice, "openid")
	foreign := s.Login(t, s.Web, s.Editor, "openid")
	list := func() []any {
		return s.JSON("GET", MeSessions, nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusOK).Object(t)["items"].([]any)
	}
	if n := len(list()); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
	page := s.JSON("GET", MeSessions+"?limit=1", nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusOK).Object(t)
	rest := s.JSON("GET", MeSessions+"?limit=1&after="+page["next"].(string), nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusOK).Object(t)
	if len(page["items"].([]any)) != 1 || len(rest["items"].([]any)) != 1 || rest["next"] != nil {
		t.Errorf("pages %v, %v", page, rest)
	}
	sid := func(tokens Tokens) string { return claims(t, tokens.Access)["sid"].(string) }
	for _, other := range []string{sid(foreign), "nothing", s.Alice.ID, "%2e%2e"} {
		s.JSON("DELETE", MeSessions+"/"+other, nil, Bearer(mine.Access)).ExpectProblem(t, http.StatusNotFound, "not_found")
	}
	s.JSON("DELETE", MeSessions+"/"+sid(web), nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", MeSessions+"/"+sid(web), nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusNoContent)
	if left := list(); len(left) != 1 || left[0].(map[string]any)["current"] != true {
		t.Errorf("sessions left: %v", left)
	}
	s.expectEnded(t, s.Web, web)
	mine = s.Refresh(t, portal, mine.Refresh)
	s.JSON("DELETE", MeSessions, nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusNoContent)
	s.JSON("GET", Me, nil, Bearer(mine.Access)).ExpectProblem(t, http.StatusUnauthorized, "invalid_token")
	s.expectActive(t, s.Web, foreign)
}

func testOtherAudience(t *testing.T, s *Signet) {
	both := s.AddClient(t, "both", admin.ClientChange{
		Grants: &[]string{issuer.GrantPassword}, Scopes: &[]string{"openid", issuer.ScopeAccount}, Audiences: &[]string{API, s.Issuer},
	})
	s.JSON("GET", Me, nil, Bearer(s.Login(t, s.Web, s.Alice, "").Access)).ExpectProblem(t, http.StatusUnauthorized, "invalid_token")
	// A token that an API gets to see must not open the way here.
	s.JSON("GET", Me, nil, Bearer(s.Login(t, both, s.Alice, "").Access)).ExpectProblem(t, http.StatusUnauthorized, "invalid_token")
	f := s.Alice.LoginForm("")
	f.Set("resource", s.Issuer)
	s.JSON("GET", Me, nil, Bearer(s.PostAs(both, Token, f).Tokens(t).Access)).ExpectStatus(t, http.StatusOK)
}

// testSelfServiceFaults makes every call to the store fail in turn: the outcome is
// unknown (503), never a rejection, and a retry succeeds.
func testSelfServiceFaults(t *testing.T, s *Signet) {
	token := s.Login(t, s.Portal(t), s.Alice, portalScope).Access
	for name, ask := range map[string]func() Response{
		"me":       func() Response { return s.JSON("GET", Me, nil, Bearer(token)) },
		"change":   func() Response { return s.JSON("PATCH", Me, Object{"full_name": "A"}, Bearer(token)) },
		"sessions": func() Response { return s.JSON("GET", MeSessions, nil, Bearer(token)) },
		"register": func() Response {
			return s.JSON("POST", Register, Object{"username": "new", "password": "a long enough one"})
		},
	} {
		for n := 1; ; n++ {
			s.Clock.Advance(10 * time.Second) // nothing is remembered
			s.Store.FailAt(n)
			a := ask()
			reached := len(s.Store.Calls()) >= n
			s.Store.Reset()
			if !reached {
				break
			}
			if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s, call %d fails: %d %s", name, n, a.Status, a.Body)
			}
		}
	}
}

// testSelfServiceAfterEnd: a token that has time to run is of no use once its
// session has ended.
func testSelfServiceAfterEnd(t *testing.T, s *Signet) {
	portal := s.Portal(t)
	mine, other := s.Login(t, portal, s.Alice, portalScope), s.Login(t, s.Web, s.Alice, "openid")
	s.JSON("GET", Me, nil, Bearer(mine.Access)).ExpectStatus(t, http.StatusOK)
	must(t, s.operator().Sessions().End(t.Context(), sessionOf(t, mine)))
	for _, ask := range []struct {
		method, path string
		body         Object
	}{
		{"GET", Me, nil}, {"PATCH", Me, Object{"full_name": "Changed"}},
		{"POST", MePassword, Object{"current_password": s.Alice.Password, "new_password": s.NewSecret("the next password")}},
		{"GET", MeSessions, nil}, {"DELETE", MeSessions + "/" + sessionOf(t, other), nil}, {"DELETE", MeSessions, nil},
	} {
		s.JSON(ask.method, ask.path, ask.body, Bearer(mine.Access)).ExpectProblem(t, http.StatusUnauthorized, "invalid_token")
	}
	s.expectActive(t, s.Web, other)
	s.Login(t, s.Web, s.Alice, "")
	if u, err := s.backend.User(t.Context(), s.Alice.ID); err != nil || u.FullName == "Changed" {
		t.Errorf("the profile was changed: %+v, %v", u, err)
	}
}

func testOwnRoles(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	for _, member := range []string{"roles", "id", "disabled", "password", "email_verified"} {
		s.JSON("PATCH", Me, Object{"full_name": "Changed", member: []string{"super_admin"}}, token).ExpectProblem(t, 422, "invalid_field")
	}
	u, err := s.backend.User(t.Context(), s.Alice.ID)
	must(t, err)
	if !slices.Equal(u.Roles, []string{"user"}) || u.FullName == "Changed" {
		t.Errorf("the user is %+v", u)
	}
}
