package endpointstest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
)

var selfScenes = []scene{
	{name: "the profile", adjust: openRegistration, play: playProfile},
	{name: "a lost update of the profile", play: playLostUpdate},
	{name: "a new password ends the other sessions", play: playOwnPassword},
	{name: "U04 one count for logins and password changes", adjust: tightThrottle, play: playOneCount},
	{name: "own sessions", play: playOwnSessions},
	{name: "a token for an API is not for Signet", play: playOtherAudience},
	{name: "the store fails under self-service", adjust: openRegistration, play: playSelfFaults},
}

func playProfile(t *testing.T, s *Signet) {
	token := s.Login(t, s.Portal(t), s.Alice, "openid").Access
	a := s.JSON("GET", Me, nil, Bearer(token)).Expect(t, http.StatusOK)
	a.sealed(t)
	o := a.Object(t)
	if o["id"] != s.Alice.ID || o["username"] != "alice" || o["email"] != "alice@example.com" || o["disabled"] != false || a.Header.Get("ETag") == "" {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	for name := range o {
		if !strings.Contains(" id username email full_name phone roles disabled created_at updated_at ", " "+name+" ") {
			t.Errorf("A08 /me shows %s", name)
		}
	}
	if head := s.JSON("HEAD", Me, nil, Bearer(token)); head.Status != http.StatusOK || len(head.Body) != 0 || head.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("HEAD: %d %v", head.Status, head.Header)
	}
	change := O{"username": "\uff21licia", "email": "New@Example.COM", "full_name": " A. Liddell ", "phone": ""}
	o = s.JSON("PATCH", Me, change, Bearer(token)).Expect(t, http.StatusOK).Object(t)
	if o["username"] != "alicia" || o["email"] != "new@example.com" || o["full_name"] != "A. Liddell" || o["phone"] != nil {
		t.Errorf("changed: %v", o)
	}
	s.JSON("PATCH", Me, O{}, Bearer(token)).Expect(t, http.StatusOK)
	s.JSON("PATCH", Me, O{"username": "ERIN"}, Bearer(token)).Problem(t, http.StatusConflict, "duplicate", "username")
	s.JSON("PATCH", Me, O{"email": "Erin@example.com"}, Bearer(token)).Problem(t, http.StatusConflict, "duplicate", "email")
	s.JSON("PATCH", Me, O{"username": "a b", "email": "x", "phone": "\t"}, Bearer(token)).Problem(t, 422, "invalid_field", "username", "email")
	s.JSON("PATCH", Me, O{"email": ""}, Bearer(token)).Expect(t, http.StatusOK)
	s.Login(t, s.Web, Person{Username: "ALICIA", Password: s.Alice.Password}, "")
	if n := s.events(t, issuer.EventUserUpdated); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func playLostUpdate(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, "openid").Access)
	seen := s.JSON("GET", Me, nil, token).Header.Get("ETag")
	other := s.JSON("PATCH", Me, O{"full_name": "Another"}, token).Expect(t, http.StatusOK).Header.Get("ETag")
	if other == seen {
		t.Fatal("a change left the tag as it was")
	}
	for tag, want := range map[string]int{
		seen: http.StatusPreconditionFailed, "W/" + other: http.StatusPreconditionFailed, `"x"`: http.StatusPreconditionFailed, `"*"`: http.StatusBadRequest,
		"x": http.StatusBadRequest, `"x`: http.StatusBadRequest, "": http.StatusBadRequest, `*, "x"`: http.StatusBadRequest,
	} {
		code := map[int]string{http.StatusPreconditionFailed: "lost_update", http.StatusBadRequest: "invalid_request"}[want]
		s.JSON("PATCH", Me, O{"full_name": "Lost"}, token, Header("If-Match", tag)).Problem(t, want, code)
	}
	if name := s.JSON("GET", Me, nil, token).Object(t)["full_name"]; name != "Another" {
		t.Errorf("full_name %v", name)
	}
	tag := s.JSON("PATCH", Me, O{"full_name": "Third"}, token, Header("If-Match", `"x", `+other)).Expect(t, http.StatusOK).Header.Get("ETag")
	s.JSON("PATCH", Me, O{"full_name": "Fourth"}, token, Header("If-Match", tag)).Expect(t, http.StatusOK)
	s.JSON("PATCH", Me, O{"full_name": "Fifth"}, token, Header("If-Match", "*")).Expect(t, http.StatusOK)
}

func playOwnPassword(t *testing.T, s *Signet) {
	portal := s.Portal(t)
	mine, web, spa := s.Login(t, portal, s.Alice, "openid"), s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Alice, "openid")
	next := s.Marker("the next password")
	change := func(old, new string) Answer {
		return s.JSON("POST", MePassword, O{"current_password": old, "new_password": new}, Bearer(mine.Access))
	}
	change(s.Marker("a wrong guess"), next).Problem(t, 422, "invalid_field", "current_password")
	change(s.Alice.Password, "short").Problem(t, 422, "invalid_field", "new_password")
	change("", "").Problem(t, 422, "invalid_field", "current_password", "new_password")
	change(s.Alice.Password, strings.Repeat("x", 1025)).Problem(t, 422, "invalid_field", "new_password")
	spa = s.alive(t, s.SPA, spa)
	before := s.Passwords.Evaluations()
	change(s.Alice.Password, next).Expect(t, http.StatusNoContent)
	if n := s.Passwords.Evaluations() - before; n != 2 {
		t.Errorf("%d hash evaluations, want 2", n)
	}
	s.dead(t, s.Web, web)
	s.dead(t, s.SPA, spa)
	mine = s.Refresh(t, portal, mine.Refresh) // the one that asked goes on
	s.JSON("GET", Me, nil, Bearer(mine.Access)).Expect(t, http.StatusOK)
	s.TryLogin(s.Web, s.Alice, "").Refused(t, http.StatusBadRequest, "invalid_grant")
	s.Login(t, s.Web, Person{Username: "alice", Password: next}, "")
}

// playOneCount spreads guesses over the login and the password change: the
// limit counts them together.
func playOneCount(t *testing.T, s *Signet) {
	token := s.Login(t, s.Portal(t), s.Alice, "openid").Access
	guess := s.Marker("a wrong password")
	change := func() Answer {
		return s.JSON("POST", MePassword, O{"current_password": guess, "new_password": s.Marker("new password")}, Bearer(token))
	}
	limit := int(s.options.Issuer.Throttle.PerAccountNetwork.Attempts)
	before := s.Passwords.Evaluations()
	for n := range limit {
		if n%2 == 0 {
			change().Problem(t, 422, "invalid_field", "current_password")
		} else {
			s.TryLogin(s.Web, Person{Username: "Alice@example.com", Password: guess}, "").Refused(t, http.StatusBadRequest, "invalid_grant")
		}
	}
	a := change().Problem(t, http.StatusTooManyRequests, "temporarily_unavailable")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.TryLogin(s.Web, s.Alice, "").throttled(t)
	if n := s.Passwords.Evaluations() - before; n != uint64(limit) {
		t.Errorf("%d hash evaluations, want %d", n, limit)
	}
	s.JSON("GET", Me, nil, Bearer(token)).Expect(t, http.StatusOK) // U05: a throttle ends no session
}

func playOwnSessions(t *testing.T, s *Signet) {
	portal := s.Portal(t)
	mine, web := s.Login(t, portal, s.Alice, "openid"), s.Login(t, s.Web, s.Alice, "openid")
	foreign := s.Login(t, s.Web, s.Editor, "openid")
	list := func() []any {
		return s.JSON("GET", MeSessions, nil, Bearer(mine.Access)).Expect(t, http.StatusOK).Object(t)["items"].([]any)
	}
	if n := len(list()); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
	page := s.JSON("GET", MeSessions+"?limit=1", nil, Bearer(mine.Access)).Expect(t, http.StatusOK).Object(t)
	rest := s.JSON("GET", MeSessions+"?limit=1&after="+page["next"].(string), nil, Bearer(mine.Access)).Expect(t, http.StatusOK).Object(t)
	if len(page["items"].([]any)) != 1 || len(rest["items"].([]any)) != 1 || rest["next"] != nil {
		t.Errorf("pages %v, %v", page, rest)
	}
	sid := func(tokens Tokens) string { return claims(t, tokens.Access)["sid"].(string) }
	for _, other := range []string{sid(foreign), "nothing", s.Alice.ID, "%2e%2e"} {
		s.JSON("DELETE", MeSessions+"/"+other, nil, Bearer(mine.Access)).Problem(t, http.StatusNotFound, "not_found")
	}
	s.JSON("DELETE", MeSessions+"/"+sid(web), nil, Bearer(mine.Access)).Expect(t, http.StatusNoContent)
	s.JSON("DELETE", MeSessions+"/"+sid(web), nil, Bearer(mine.Access)).Expect(t, http.StatusNoContent)
	if left := list(); len(left) != 1 || left[0].(map[string]any)["current"] != true {
		t.Errorf("sessions left: %v", left)
	}
	s.dead(t, s.Web, web)
	mine = s.Refresh(t, portal, mine.Refresh)
	s.JSON("DELETE", MeSessions, nil, Bearer(mine.Access)).Expect(t, http.StatusNoContent)
	s.JSON("GET", Me, nil, Bearer(mine.Access)).Problem(t, http.StatusUnauthorized, "invalid_token")
	s.alive(t, s.Web, foreign)
}

func playOtherAudience(t *testing.T, s *Signet) {
	both := s.AddClient(t, "both", issuer.ClientChange{
		Grants: &[]string{issuer.GrantPassword}, Scopes: &appScopes, Audiences: &[]string{API, s.Issuer},
	})
	s.JSON("GET", Me, nil, Bearer(s.Login(t, s.Web, s.Alice, "").Access)).Problem(t, http.StatusUnauthorized, "invalid_token")
	// A token that an API gets to see must not open the way here.
	s.JSON("GET", Me, nil, Bearer(s.Login(t, both, s.Alice, "").Access)).Problem(t, http.StatusUnauthorized, "invalid_token")
	f := s.Alice.LoginForm("")
	f.Set("resource", s.Issuer)
	s.JSON("GET", Me, nil, Bearer(s.PostAs(both, Token, f).Tokens(t).Access)).Expect(t, http.StatusOK)
}

// playSelfFaults makes every call to the store fail in turn: the answer is never
// a wrong no, and what was asked for can be asked for again.
func playSelfFaults(t *testing.T, s *Signet) {
	token := s.Login(t, s.Portal(t), s.Alice, "openid").Access
	for name, ask := range map[string]func() Answer{
		"me":       func() Answer { return s.JSON("GET", Me, nil, Bearer(token)) },
		"change":   func() Answer { return s.JSON("PATCH", Me, O{"full_name": "A"}, Bearer(token)) },
		"sessions": func() Answer { return s.JSON("GET", MeSessions, nil, Bearer(token)) },
		"register": func() Answer { return s.JSON("POST", Register, O{"username": "new", "password": "a long enough one"}) },
	} {
		for n := 1; ; n++ {
			s.Clock.Advance(10 * time.Second) // nothing is remembered
			s.Store.FailAt(n)
			a := ask()
			reached := len(s.Store.Calls()) >= n
			s.Store.Forget()
			if !reached {
				break
			}
			if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s, call %d fails: %d %s", name, n, a.Status, a.Body)
			}
		}
	}
}
