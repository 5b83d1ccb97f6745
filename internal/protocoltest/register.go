package protocoltest

import (
	"net/http"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/selfservice"
)

var registerCases = []testCase{
	{name: "registration is closed", run: testRegistrationClosed},
	{name: "registration through a client", configure: clientRegistration, run: testRegistrationClient},
	{name: "registration is open", configure: openRegistration, run: testRegistrationOpen},
	{name: "every field at fault", configure: openRegistration, run: testRegistrationFaults},
	{name: "U03 one canonical name at every endpoint", configure: openRegistration, run: testUniqueUsername},
	{name: "a new user goes straight in", configure: openRegistration, run: testRegisterWithLogin},
	{name: "registrations of one network are counted", configure: fewRegistrations, run: testRegistrationLimit},
}

func openRegistration(o *Options)   { o.SelfService.Registration = selfservice.RegistrationOpen }
func clientRegistration(o *Options) { o.SelfService.Registration = selfservice.RegistrationClient }

func fewRegistrations(o *Options) {
	openRegistration(o)
	o.Issuer.Throttle.Registrations = issuer.Limit{Attempts: 3, Window: time.Hour}
}

// registration is a valid registration.
func (s *Signet) registration(name string) Object {
	return Object{"username": name, "email": name + "@example.org", "password": s.NewSecret("pass phrase"), "full_name": "New Comer", "phone": "+44 1"}
}

// with adds members to a body.
func (o Object) with(pairs ...any) Object {
	all := Object{}
	for name, value := range o {
		all[name] = value
	}
	for n := 0; n+1 < len(pairs); n += 2 {
		all[pairs[n].(string)] = pairs[n+1]
	}
	return all
}

func testRegistrationClosed(t *testing.T, s *Signet) {
	for _, opts := range []RequestOption{func(*http.Request) {}, Basic(s.Web)} {
		s.JSON("POST", Register, s.registration("new"), opts).ExpectProblem(t, http.StatusForbidden, "access_denied")
	}
	if n := s.events(t, audit.EventUserRegistered); n != 0 {
		t.Errorf("%d users", n)
	}
}

func testRegistrationClient(t *testing.T, s *Signet) {
	for name, a := range map[string]Response{
		"nobody":          s.JSON("POST", Register, s.registration("new")),
		"wrong secret":    s.JSON("POST", Register, s.registration("new"), Basic(Client{"web", "wrong"})),
		"unknown":         s.JSON("POST", Register, s.registration("new"), Basic(Client{"nobody", "wrong"})),
		"a public client": s.JSON("POST", Register, s.registration("new").with("client_id", "spa")),
		"and with login":  s.JSON("POST", Register, s.registration("new").with("client_id", "spa", "login", true)),
	} {
		a.ExpectProblem(t, http.StatusUnauthorized, "invalid_client")
		if a.Header.Get("WWW-Authenticate") != `Basic realm="signet"` {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
	s.JSON("POST", Register, s.registration("new"), Basic(s.Web)).ExpectStatus(t, http.StatusCreated)
	s.JSON("POST", Register, s.registration("two").with("client_id", "web", "client_secret", s.Web.Secret)).ExpectStatus(t, http.StatusCreated)
	s.JSON("POST", Register, s.registration("two").with("client_id", "web", "client_secret", s.Web.Secret), Basic(s.Web)).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
}

func testRegistrationOpen(t *testing.T, s *Signet) {
	body := s.registration("Newcomer")
	a := s.JSON("POST", Register, body).ExpectStatus(t, http.StatusCreated)
	a.expectNoStore(t)
	o := a.Object(t)
	roles, _ := o["roles"].([]any)
	if o["username"] != "newcomer" || len(roles) != 1 || roles[0] != "user" || o["disabled"] != false || o["token"] != nil || o["password"] != nil {
		t.Errorf("%s", a.Body)
	}
	s.Login(t, s.Web, User{Username: "newcomer@example.org", Password: body["password"].(string)}, "openid")
	s.JSON("POST", Register, Object{"username": "bare", "password": body["password"]}).ExpectStatus(t, http.StatusCreated)
	s.JSON("POST", Register, s.registration("other").with("client_id", "nobody")).ExpectProblem(t, http.StatusUnauthorized, "invalid_client")
	for _, member := range []string{"roles", "is_admin", "_id", "id", "password_hash", "tenant", "sub", "created_at", "disabled", "epoch", "Username", "username\u0000"} { // A06
		s.JSON("POST", Register, s.registration("other").with(member, "super_admin")).ExpectProblem(t, 422, "invalid_field")
	}
	if n := s.events(t, audit.EventUserRegistered); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func testRegistrationFaults(t *testing.T, s *Signet) {
	right := s.registration("new")
	for _, c := range []struct {
		body   Object
		fields []string
	}{
		{Object{}, []string{"username", "password"}},
		{right.with("username", "", "email", "x", "password", "short", "phone", "\u202e", "full_name", "a\u0000"), []string{"username", "email", "password", "phone", "full_name"}},
		{right.with("password", "nul\u0000in the middle"), []string{"password"}},
		{right.with("username", s.Alice.ID), []string{"username"}},
		{right.with("email", "Name <a@b.c>"), []string{"email"}},
	} {
		s.JSON("POST", Register, c.body).ExpectProblem(t, 422, "invalid_field", c.fields...)
	}
}

// testUniqueUsername tries every spelling of a name at every place that takes one.
func testUniqueUsername(t *testing.T, s *Signet) {
	renee := s.AddUser(t, "ren\u00e9e", "user")
	portal := s.Portal(t)
	token := s.Login(t, portal, s.Alice, portalScope).Access
	for _, spelling := range []string{"rene\u0301e", "REN\u00c9E", "\uff32en\u00e9e"} {
		s.JSON("POST", Register, s.registration("x").with("username", spelling)).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
		s.JSON("PATCH", Me, Object{"username": spelling}, Bearer(token)).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
		s.Login(t, s.Web, User{Username: spelling, Password: renee.Password}, "")
	}
	for _, spelling := range []string{"ALICE@example.com", "alice@EXAMPLE.COM", "\uff41lice@example.com"} {
		s.JSON("POST", Register, s.registration("x").with("email", spelling)).ExpectProblem(t, http.StatusConflict, "duplicate", "email")
		// Nobody logs in as somebody else by taking their address for a name.
		s.JSON("POST", Register, s.registration("x").with("username", spelling)).ExpectProblem(t, 422, "invalid_field", "username")
		s.JSON("POST", Register, s.registration("x").with("username", spelling, "email", spelling)).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
	}
}

func testRegisterWithLogin(t *testing.T, s *Signet) {
	body := s.registration("new").with("login", true, "scope", "openid items:read")
	a := s.JSON("POST", Register, body, Basic(s.Web)).ExpectStatus(t, http.StatusCreated)
	o := a.Object(t)
	response, _ := o["token"].(map[string]any)
	access, _ := response["access_token"].(string)
	refresh, _ := response["refresh_token"].(string)
	s.Log.MarkSecret(access)
	s.Log.MarkSecret(refresh)
	if response["scope"] != "openid items:read" || response["id_token"] == nil || claims(t, access)["sub"] != o["id"] {
		t.Fatalf("%s", a.Body)
	}
	s.UserInfo(access).ExpectStatus(t, http.StatusOK)
	s.Refresh(t, s.Web, refresh)
	s.JSON("POST", Register, s.registration("third").with("login", true, "client_id", "spa")).ExpectStatus(t, http.StatusCreated)
	// What the token endpoint would refuse is refused before there is a user.
	for code, ask := range map[string]func() Response{
		"unauthorized_client": func() Response {
			return s.JSON("POST", Register, s.registration("n").with("login", true), Basic(s.Machine))
		},
		"invalid_scope": func() Response {
			return s.JSON("POST", Register, s.registration("n").with("login", true, "scope", "x"), Basic(s.Web))
		},
		"invalid_target": func() Response {
			return s.JSON("POST", Register, s.registration("n").with("login", true, "resource", OtherAPI), Basic(s.Web))
		},
		"invalid_client": func() Response { return s.JSON("POST", Register, s.registration("n").with("login", true)) },
	} {
		if a := ask(); a.Object(t)["code"] != code {
			t.Errorf("%s: %d %s", code, a.Status, a.Body)
		}
	}
	if n := s.events(t, audit.EventUserRegistered); n != 2 {
		t.Errorf("%d users, want 2", n)
	}
	// An account without tokens is better than none that is there all the same.
	s.Store.Before(failMethod("RecordLogins"))
	a = s.JSON("POST", Register, s.registration("fourth").with("login", true), Basic(s.Web)).ExpectStatus(t, http.StatusCreated)
	if a.Object(t)["token"] != nil {
		t.Errorf("%s", a.Body)
	}
}

func testRegistrationLimit(t *testing.T, s *Signet) {
	for _, name := range []string{"one", "two", "alice"} {
		s.JSON("POST", Register, s.registration(name))
	}
	evaluations := s.Passwords.Evaluations()
	a := s.JSON("POST", Register, s.registration("three")).ExpectProblem(t, http.StatusTooManyRequests, "temporarily_unavailable")
	if a.Header.Get("Retry-After") == "" || s.Passwords.Evaluations() != evaluations {
		t.Errorf("%v, %d hash evaluations", a.Header, s.Passwords.Evaluations()-evaluations)
	}
	s.Clock.Advance(time.Hour)
	s.JSON("POST", Register, s.registration("three")).ExpectStatus(t, http.StatusCreated)
}
