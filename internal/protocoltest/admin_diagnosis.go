package protocoltest

import (
	"net/http"
	"slices"
	"testing"
)

var adminDiagnosisCases = []testCase{
	{name: "why a user cannot sign in", configure: strictMergedThrottle, run: testDiagnosis},
}

func strictMergedThrottle(o *Options) {
	strictThrottle(o)
	mergedAdmin(o)
}

// diagnosis returns the codes of the reasons, and the whole answer.
func (s *Signet) diagnosis(t *testing.T, id string, as RequestOption) (codes []string, d Object) {
	t.Helper()
	d = s.JSON("GET", Users+"/"+id+"/diagnosis", nil, as).ExpectStatus(t, http.StatusOK).Object(t)
	for _, r := range d["reasons"].([]any) {
		codes = append(codes, r.(map[string]any)["code"].(string))
	}
	return codes, d
}

func testDiagnosis(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	has := func(when string, want ...string) Object {
		t.Helper()
		got, d := s.diagnosis(t, s.Alice.ID, f.admin)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
		return d
	}
	if d := has("at first"); d["last_login_at"] != nil || len(d["failures"].([]any)) != 0 {
		t.Errorf("at first: %v", d)
	}
	alice := s.Alice
	s.Login(t, f.Portal, alice, "openid")
	if d := has("after a login"); d["last_login_at"] == nil {
		t.Errorf("no last login: %v", d)
	}
	s.Advance(1e9)
	own := s.NewBrowser()
	alice.Password = "wrong password"
	own.SignIn(t, own.Open(Login), alice)
	if d := has("after a wrong password", "wrong_password"); len(d["failures"].([]any)) != 1 {
		t.Errorf("failures: %v", d)
	}
	for range 20 {
		own.SignIn(t, own.Open(Login), alice)
	}
	if got, _ := s.diagnosis(t, s.Alice.ID, f.admin); !slices.Contains(got, "throttled_network") {
		t.Errorf("after many wrong passwords: %v", got)
	}
	s.JSON("POST", Users+"/"+s.Alice.ID+"/disable", nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
	if got, _ := s.diagnosis(t, s.Alice.ID, f.admin); len(got) == 0 || got[0] != "disabled" {
		t.Errorf("of a disabled user: %v", got)
	}
	s.JSON("GET", Users+"/00000000-0000-0000-0000-000000000000/diagnosis", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("GET", Users+"/"+s.Alice.ID+"/diagnosis?x=1", nil, f.admin).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	b, _ := s.openConsole(t, f.Admin, "")
	b.Open(person(s.Alice.ID)).has(t, http.StatusOK, "The account is disabled.", "Too many failed logins from one network", "Unlock the account", "Last login")
}
