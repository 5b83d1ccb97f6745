package endpointstest

import (
	"net/http"
	"testing"
	"time"

	"example.org/signet/issuer"
)

var registerScenes = []scene{
	{name: "registration is closed", play: playRegistrationClosed},
	{name: "registration through a client", adjust: clientRegistration, play: playRegistrationClient},
	{name: "registration is open", adjust: openRegistration, play: playRegistrationOpen},
	{name: "every field at fault", adjust: openRegistration, play: playRegistrationFaults},
	{name: "U03 one canonical name at every door", adjust: openRegistration, play: playOneName},
	{name: "a new user goes straight in", adjust: openRegistration, play: playStraightIn},
	{name: "registrations of one network are counted", adjust: fewRegistrations, play: playRegistrationLimit},
}

func openRegistration(o *Options)   { o.Issuer.Registration = issuer.RegistrationOpen }
func clientRegistration(o *Options) { o.Issuer.Registration = issuer.RegistrationClient }

func fewRegistrations(o *Options) {
	openRegistration(o)
	o.Issuer.Throttle.Registrations = issuer.Limit{Attempts: 3, Window: time.Hour}
}

// newcomer is a registration that is right.
func (s *Signet) newcomer(name string) O {
	return O{"username": name, "email": name + "@example.org", "password": s.Marker("pass phrase"), "full_name": "New Comer", "phone": "+44 1"}
}

// with adds members to a body.
func (o O) with(pairs ...any) O {
	all := O{}
	for name, value := range o {
		all[name] = value
	}
	for n := 0; n+1 < len(pairs); n += 2 {
		all[pairs[n].(string)] = pairs[n+1]
	}
	return all
}

func playRegistrationClosed(t *testing.T, s *Signet) {
	for _, with := range []With{func(*http.Request) {}, Basic(s.Web)} {
		s.JSON("POST", Register, s.newcomer("new"), with).Problem(t, http.StatusForbidden, "access_denied")
	}
	if n := s.events(t, issuer.EventUserRegistered); n != 0 {
		t.Errorf("%d users", n)
	}
}

func playRegistrationClient(t *testing.T, s *Signet) {
	for name, a := range map[string]Answer{
		"nobody":          s.JSON("POST", Register, s.newcomer("new")),
		"wrong secret":    s.JSON("POST", Register, s.newcomer("new"), Basic(Client{"web", "wrong"})),
		"unknown":         s.JSON("POST", Register, s.newcomer("new"), Basic(Client{"nobody", "wrong"})),
		"a public client": s.JSON("POST", Register, s.newcomer("new").with("client_id", "spa")),
		"and with login":  s.JSON("POST", Register, s.newcomer("new").with("client_id", "spa", "login", true)),
	} {
		a.Problem(t, http.StatusUnauthorized, "invalid_client")
		if a.Header.Get("WWW-Authenticate") != `Basic realm="signet"` {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
	s.JSON("POST", Register, s.newcomer("new"), Basic(s.Web)).Expect(t, http.StatusCreated)
	s.JSON("POST", Register, s.newcomer("two").with("client_id", "web", "client_secret", s.Web.Secret)).Expect(t, http.StatusCreated)
	s.JSON("POST", Register, s.newcomer("two").with("client_id", "web", "client_secret", s.Web.Secret), Basic(s.Web)).Problem(t, http.StatusBadRequest, "invalid_request")
}

func playRegistrationOpen(t *testing.T, s *Signet) {
	body := s.newcomer("Newcomer")
	a := s.JSON("POST", Register, body).Expect(t, http.StatusCreated)
	a.sealed(t)
	o := a.Object(t)
	roles, _ := o["roles"].([]any)
	if o["username"] != "newcomer" || len(roles) != 1 || roles[0] != "user" || o["disabled"] != false || o["token"] != nil || o["password"] != nil {
		t.Errorf("%s", a.Body)
	}
	s.Login(t, s.Web, Person{Username: "newcomer@example.org", Password: body["password"].(string)}, "openid")
	s.JSON("POST", Register, O{"username": "bare", "password": body["password"]}).Expect(t, http.StatusCreated)
	s.JSON("POST", Register, s.newcomer("other").with("client_id", "nobody")).Problem(t, http.StatusUnauthorized, "invalid_client")
	for _, member := range []string{"roles", "is_admin", "_id", "id", "password_hash", "tenant", "sub", "created_at", "disabled", "epoch", "Username", "username\u0000"} { // A06
		s.JSON("POST", Register, s.newcomer("other").with(member, "super_admin")).Problem(t, 422, "invalid_field")
	}
	if n := s.events(t, issuer.EventUserRegistered); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func playRegistrationFaults(t *testing.T, s *Signet) {
	right := s.newcomer("new")
	for _, c := range []struct {
		body   O
		fields []string
	}{
		{O{}, []string{"username", "password"}},
		{right.with("username", "", "email", "x", "password", "short", "phone", "\u202e", "full_name", "a\u0000"), []string{"username", "email", "password", "phone", "full_name"}},
		{right.with("password", "nul\u0000in the middle"), []string{"password"}},
		{right.with("username", s.Alice.ID), []string{"username"}},
		{right.with("email", "Name <a@b.c>"), []string{"email"}},
	} {
		s.JSON("POST", Register, c.body).Problem(t, 422, "invalid_field", c.fields...)
	}
}

// playOneName tries every spelling of a name at every place that takes one.
func playOneName(t *testing.T, s *Signet) {
	renee := s.AddUser(t, "ren\u00e9e", "user")
	portal := s.Portal(t)
	token := s.Login(t, portal, s.Alice, "openid").Access
	for _, spelling := range []string{"rene\u0301e", "REN\u00c9E", "\uff32en\u00e9e"} {
		s.JSON("POST", Register, s.newcomer("x").with("username", spelling)).Problem(t, http.StatusConflict, "duplicate", "username")
		s.JSON("PATCH", Me, O{"username": spelling}, Bearer(token)).Problem(t, http.StatusConflict, "duplicate", "username")
		s.Login(t, s.Web, Person{Username: spelling, Password: renee.Password}, "")
	}
	for _, spelling := range []string{"ALICE@example.com", "alice@EXAMPLE.COM", "\uff41lice@example.com"} {
		s.JSON("POST", Register, s.newcomer("x").with("email", spelling)).Problem(t, http.StatusConflict, "duplicate", "email")
		// Nobody logs in as somebody else by taking their address for a name.
		s.JSON("POST", Register, s.newcomer("x").with("username", spelling)).Problem(t, http.StatusConflict, "duplicate", "username")
	}
}

func playStraightIn(t *testing.T, s *Signet) {
	body := s.newcomer("new").with("login", true, "scope", "openid items:read")
	a := s.JSON("POST", Register, body, Basic(s.Web)).Expect(t, http.StatusCreated)
	o := a.Object(t)
	answer, _ := o["token"].(map[string]any)
	access, _ := answer["access_token"].(string)
	refresh, _ := answer["refresh_token"].(string)
	s.Log.Secret(access)
	s.Log.Secret(refresh)
	if answer["scope"] != "openid items:read" || answer["id_token"] == nil || claims(t, access)["sub"] != o["id"] {
		t.Fatalf("%s", a.Body)
	}
	s.UserInfo(access).Expect(t, http.StatusOK)
	s.Refresh(t, s.Web, refresh)
	s.JSON("POST", Register, s.newcomer("third").with("login", true, "client_id", "spa")).Expect(t, http.StatusCreated)
	// What the token endpoint would refuse is refused before there is a user.
	for code, ask := range map[string]func() Answer{
		"unauthorized_client": func() Answer { return s.JSON("POST", Register, s.newcomer("n").with("login", true), Basic(s.Machine)) },
		"invalid_scope": func() Answer {
			return s.JSON("POST", Register, s.newcomer("n").with("login", true, "scope", "x"), Basic(s.Web))
		},
		"invalid_target": func() Answer {
			return s.JSON("POST", Register, s.newcomer("n").with("login", true, "resource", OtherAPI), Basic(s.Web))
		},
		"invalid_client": func() Answer { return s.JSON("POST", Register, s.newcomer("n").with("login", true)) },
	} {
		if a := ask(); a.Object(t)["code"] != code {
			t.Errorf("%s: %d %s", code, a.Status, a.Body)
		}
	}
	if n := s.events(t, issuer.EventUserRegistered); n != 2 {
		t.Errorf("%d users, want 2", n)
	}
	// An account without tokens is better than none that is there all the same.
	s.Store.Before(failing("CreateSession"))
	a = s.JSON("POST", Register, s.newcomer("fourth").with("login", true), Basic(s.Web)).Expect(t, http.StatusCreated)
	if a.Object(t)["token"] != nil {
		t.Errorf("%s", a.Body)
	}
}

func playRegistrationLimit(t *testing.T, s *Signet) {
	for _, name := range []string{"one", "two", "alice"} {
		s.JSON("POST", Register, s.newcomer(name))
	}
	evaluations := s.Passwords.Evaluations()
	a := s.JSON("POST", Register, s.newcomer("three")).Problem(t, http.StatusTooManyRequests, "temporarily_unavailable")
	if a.Header.Get("Retry-After") == "" || s.Passwords.Evaluations() != evaluations {
		t.Errorf("%v, %d hash evaluations", a.Header, s.Passwords.Evaluations()-evaluations)
	}
	s.Clock.Advance(time.Hour)
	s.JSON("POST", Register, s.newcomer("three")).Expect(t, http.StatusCreated)
}
