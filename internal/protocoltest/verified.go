package protocoltest

import (
	"net/http"
	"testing"

	"example.org/signet/issuer/admin"
)

var verifiedCases = []testCase{
	{name: "email_verified is always beside email", configure: mergedAdmin, run: testEmailVerified},
	{name: "nobody verifies their own address", configure: openEndpoints, run: testOwnVerification},
	{name: "a username with an @ is one's own address", configure: openEndpoints, run: testAddressAsUsername},
}

// expectVerified expects userinfo, /me and the admin API to say the same of the address.
func (s *Signet) expectVerified(t *testing.T, when string, f Admins, p User, tokens Tokens, want any) {
	t.Helper()
	info := s.UserInfo(tokens.Access).ExpectStatus(t, http.StatusOK).Object(t)
	if got := info["email_verified"]; got != want || (info["email"] == nil) != (want == nil) {
		t.Errorf("%s: userinfo says %v of %v, want %v", when, got, info["email"], want)
	}
	if want == nil {
		want = false
	}
	for name, o := range map[string]Object{
		"/me":           s.JSON("GET", Me, nil, Bearer(tokens.Access)).ExpectStatus(t, http.StatusOK).Object(t),
		"the admin API": s.JSON("GET", Users+"/"+p.ID, nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t),
	} {
		if o["email_verified"] != want {
			t.Errorf("%s: %s says %v, want %v", when, name, o["email_verified"], want)
		}
	}
}

func testEmailVerified(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	location := Users + "/" + s.Alice.ID
	tokens := s.Login(t, f.Portal, s.Alice, "openid email signet:account")
	own := Bearer(tokens.Access)
	expect := func(when string, want any) { t.Helper(); s.expectVerified(t, when, f, s.Alice, tokens, want) }
	patch := func(path string, body Object, who RequestOption) {
		t.Helper()
		s.JSON("PATCH", path, body, who).ExpectStatus(t, http.StatusOK)
	}
	expect("at first", false)
	patch(location, Object{"email_verified": true}, f.admin)
	expect("after an administrator has said so", true)
	patch(location, Object{"full_name": "Alice"}, f.admin)
	patch(Me, Object{"email": "ALICE@example.com"}, own) // the same one
	expect("after other changes", true)
	patch(Me, Object{"email": "other@example.com"}, own)
	expect("after the address has changed", false)
	patch(Me, Object{"email": "alice@example.com"}, own)
	expect("after it has changed back", false)
	patch(location, Object{"email": "third@example.com", "email_verified": true}, f.admin)
	expect("after an administrator has changed both", true)
	patch(location, Object{"email_verified": false}, f.admin)
	expect("after it was taken back", false)
	patch(location, Object{"email_verified": true}, f.admin)
	patch(location, Object{"email": ""}, f.admin)
	expect("without an address", nil)
	s.JSON("PATCH", location, Object{"email_verified": true}, f.admin).ExpectProblem(t, 422, "invalid_field", "email_verified")
	made := s.JSON("POST", Users, Object{"username": "made", "email": "made@example.com", "email_verified": true}, f.admin).ExpectStatus(t, http.StatusCreated)
	if made.Object(t)["email_verified"] != true {
		t.Errorf("a new user: %s", made.Body)
	}
	// A token without the scope email tells nothing of either.
	if info := s.UserInfo(s.Login(t, f.Portal, s.Editor, "openid").Access).Object(t); info["email"] != nil || info["email_verified"] != nil {
		t.Errorf("without the scope: %v", info)
	}
}

func testOwnVerification(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Portal(t), s.Alice, portalScope)
	for _, body := range []Object{{"email_verified": true}, {"email": "ceo@bank.example", "email_verified": true}} {
		s.JSON("PATCH", Me, body, Bearer(tokens.Access)).ExpectProblem(t, 422, "invalid_field")
	}
	s.JSON("POST", Register, s.registration("carol").with("email_verified", true)).ExpectProblem(t, 422, "invalid_field")
	yes := true
	_, err := s.owner(t, s.Alice, tokens).Update(t.Context(), admin.UserChange{EmailVerified: &yes})
	expectFieldError(t, err, "email_verified")
	o := s.JSON("POST", Register, s.registration("carol").with("email", "ceo@bank.example")).ExpectStatus(t, http.StatusCreated).Object(t)
	if o["email_verified"] != false {
		t.Errorf("registered: %v", o)
	}
}

// testAddressAsUsername: nobody takes the address of somebody else for a username, by
// any way, and the owner of the address is never kept from using it.
func testAddressAsUsername(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	own := Bearer(s.Login(t, f.Portal, s.Alice, portalScope).Access)
	location := Users + "/" + s.Alice.ID
	const victim = "victim@example.org"
	for _, name := range []string{victim, "VICTIM@example.org", "@", "a@", "a@b@c"} {
		s.JSON("POST", Register, s.registration("x").with("username", name)).ExpectProblem(t, 422, "invalid_field", "username")
		s.JSON("POST", Users, Object{"username": name}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "username")
		s.JSON("POST", Users, Object{"username": name, "email": "mine@example.org"}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "username")
		s.JSON("PATCH", Me, Object{"username": name}, own).ExpectProblem(t, 422, "invalid_field", "username")
		s.JSON("PATCH", Me, Object{"username": name, "email": "mine@example.org"}, own).ExpectProblem(t, 422, "invalid_field", "username")
		s.JSON("PATCH", location, Object{"username": name}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "username")
		_, err := s.operator().Users().Create(t.Context(), admin.NewUser{Username: name})
		expectFieldError(t, err, "username")
	}
	s.JSON("POST", Register, s.registration("owner").with("email", victim)).ExpectStatus(t, http.StatusCreated)

	// One's own may be the username, in any spelling, and both change together.
	s.JSON("PATCH", Me, Object{"username": "Alice@EXAMPLE.com"}, own).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"email": "new@example.com"}, own).ExpectProblem(t, 422, "invalid_field", "email")
	s.JSON("PATCH", Me, Object{"email": ""}, own).ExpectProblem(t, 422, "invalid_field", "email")
	s.JSON("PATCH", Me, Object{"full_name": "Alice"}, own).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"username": "new@example.com", "email": "new@example.com"}, own).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"username": "alice"}, own).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"email": "alice@example.com"}, own).ExpectStatus(t, http.StatusOK)
}
