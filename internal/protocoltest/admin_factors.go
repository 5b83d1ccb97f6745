package protocoltest

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/totp"
)

// Second factors in the hands of administrators.
var adminFactorCases = []testCase{
	{name: "A05 second factors of users by rank", configure: mergedAdmin, run: testAdminFactorsByRank},
	{name: "seeing and resetting second factors", configure: mergedAdmin, run: testAdminFactors},
	{name: "an administrator ends the time to put a factor off", configure: func(o *Options) { mergedAdmin(o); enrolWithinAWeek(o) }, run: testDemandFactor},
	{name: "a user imported with an authenticator app", run: testImportedApp},
	{name: "an import of a user whose id is taken leaves their factor alone", run: testImportedAppOfTakenID},
}

func (u User) factors() string { return Users + "/" + u.ID + "/factors" }

// giveApp sets up an app without a browser.
func (s *Signet) giveApp(t testing.TB, u User) *app {
	t.Helper()
	record, err := s.backend.User(t.Context(), u.ID)
	must(t, err)
	e, err := s.Service.Factors().Begin(t.Context(), record, s.Clock.Now())
	must(t, err)
	seed, err := totp.Decode(e.Secret)
	must(t, err)
	a := &app{s: s, seed: seed}
	a.codes, _, err = s.Service.Factors().Confirm(t.Context(), record, e.Sealed, a.code(), s.Clock.Now())
	must(t, err)
	return a
}

func testAdminFactorsByRank(t *testing.T, s *Signet) {
	actors := addActors(t, s)
	for _, actor := range actorRoles {
		for _, target := range actorRoles {
			victim := s.AddUser(t, "target-"+actor.name+"-"+target.name, target.roles...)
			s.giveApp(t, victim)
			what := fmt.Sprintf("%s: the factors of %s", actor.name, target.name)
			allowed := actor.outranks(target.rank)
			s.JSON("POST", victim.factors()+"/demand", nil, actors[actor.name]).expectAuthorization(t, "demand, "+what, actor, allowed)
			s.JSON("DELETE", victim.factors(), nil, actors[actor.name]).expectAuthorization(t, "reset, "+what, actor, allowed)
			f, err := s.backend.UserFactors(t.Context(), victim.ID)
			if gone := err != nil || f.TOTP == nil; gone != (actor.adminAccess && allowed) {
				t.Errorf("%s: gone %t", what, gone)
			}
			if gone := actor.adminAccess && allowed; gone {
				s.giveApp(t, victim)
			}
			s.JSON("DELETE", victim.factors()+"/totp", nil, actors[actor.name]).expectAuthorization(t, "remove, "+what, actor, allowed)
		}
	}
}

func testAdminFactors(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	get := func() map[string]any {
		return s.JSON("GET", s.Alice.factors(), nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	}
	if o := get(); o["totp"] != nil || o["recovery_codes_left"] != float64(0) {
		t.Errorf("no factors: %v", o)
	}
	for _, path := range []string{"", "/totp"} {
		s.JSON("DELETE", s.Alice.factors()+path, nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
		s.JSON("DELETE", Users+"/nobody/factors"+path, nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	}
	s.JSON("GET", Users+"/nobody/factors", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	if n := s.events(t, audit.EventFactorsReset); n != 0 {
		t.Errorf("%d events of nothing", n)
	}
	b, _ := s.enrolled(t, s.Alice)
	if o := get(); o["totp"] == nil || o["recovery_codes_left"] != float64(10) {
		t.Errorf("an app: %v", o)
	}
	s.JSON("DELETE", s.Alice.factors(), nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	if o := get(); o["totp"] != nil || o["recovery_codes_left"] != float64(0) || s.events(t, audit.EventFactorsReset) != 1 {
		t.Errorf("after the reset: %v", o)
	}
	b.Open(Account).expect(t, Account) // sessions go on
	c := s.NewBrowser()
	c.SignIn(t, c.Open(Login), s.Alice).expect(t, Account)
	s.giveApp(t, s.Alice)
	s.JSON("DELETE", s.Alice.factors()+"/totp", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	if s.events(t, audit.EventFactorRemoved) != 1 {
		t.Error("the removal is not audited")
	}
	// Nothing is removed where the event cannot be written first.
	s.giveApp(t, s.Alice)
	s.Store.Before(failing("AppendAudit"))
	s.JSON("DELETE", s.Alice.factors(), nil, f.admin).ExpectStatus(t, http.StatusServiceUnavailable)
	s.Store.Reset()
	if o := get(); o["totp"] == nil {
		t.Error("removed without an event")
	}
}

func testDemandFactor(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.demand(t, "editor")
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Editor).expect(t, LoginEnrol).says(t, "Not now")
	o := s.JSON("GET", s.Editor.factors(), nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	if by := s.Clock.Now().Add(7 * 24 * time.Hour).Format(time.RFC3339); o["enrol_by"] != by {
		t.Errorf("enrol_by %v, want %s", o["enrol_by"], by)
	}
	for range 2 { // again changes nothing
		s.JSON("POST", s.Editor.factors()+"/demand", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	}
	if n := s.events(t, audit.EventFactorDemanded); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	b.Send(t, p, Form("decision", "later")).expect(t, LoginEnrol)
}

// importUser creates a user as an import does.
func (s *Signet) importUser(t testing.TB, n admin.NewUser, seed string) (User, error) {
	t.Helper()
	s.Log.MarkSecret(seed)
	u := User{Username: n.Username, Password: s.NewSecret("pass word")}
	n.Password, n.TOTPSeed = issuer.Secret(u.Password), issuer.Secret(seed)
	made, err := s.operator().Users().Create(t.Context(), n)
	u.ID = made.ID
	return u, err
}

func testImportedApp(t *testing.T, s *Signet) {
	const seed = "a seed of twenty-four b."
	carol, err := s.importUser(t, admin.NewUser{Username: "carol", CreatedAt: s.Clock.Now().Add(-1000 * time.Hour)}, seed)
	must(t, err)
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(Login), carol).asksForCode(t)
	b.sendCode(t, p, (&app{s: s, seed: []byte(seed)}).code()).expect(t, Account)
	b.Open(AccountFactors).says(t, "Codes left: <bdi>0</bdi>")
	if _, err := s.importUser(t, admin.NewUser{Username: "dave"}, "short"); err == nil {
		t.Error("a seed of five bytes")
	}
}

func testImportedAppOfTakenID(t *testing.T, s *Signet) {
	a := s.giveApp(t, s.Alice)
	if _, err := s.importUser(t, admin.NewUser{ID: s.Alice.ID, Username: "mallet"}, "a seed of somebody else's"); err == nil {
		t.Error("the id is given twice")
	}
	b := s.NewBrowser()
	b.sendCode(t, b.SignIn(t, b.Open(Login), s.Alice).asksForCode(t), a.next()).expect(t, Account)
}
