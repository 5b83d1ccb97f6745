package protocoltest

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// What is not done because its audit event cannot be written.
var unauditedCases = []testCase{
	{name: "a change of keys whose event cannot be written is not made", configure: mergedAdmin, run: testUnauditedKeyChange},
	{name: "an end whose event cannot be written is not made", configure: mergedAdmin, run: testUnauditedEnd},
}

func testUnauditedKeyChange(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.JSON("POST", KeysPath+"/rotate", Object{"force": true}, f.superAdmin).ExpectStatus(t, http.StatusOK) // so that it can be rolled back
	s.Advance(time.Minute)
	kids := ids(s.JSON("GET", KeysPath, nil, f.superAdmin), t, "kid")
	jwks, signer := s.Get(JWKS).Body, keyOf(t, s)
	s.Store.Before(failMethod("AppendAudit"))
	for path, body := range map[string]Object{"/rotate": {"force": true}, "/rollback": nil, "/" + signer + "/revoke": nil, "/" + kids[0] + "/revoke": nil} {
		s.JSON("POST", KeysPath+path, body, f.superAdmin).ExpectProblem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	s.Store.Reset()
	for _, i := range []*Signet{s, s.StartInstance(t)} {
		must(t, i.Keys.Refresh(t.Context()))
		if got := keyOf(t, i); got != signer {
			t.Errorf("key %s signs, want %s", got, signer)
		}
		if got := i.Get(JWKS).Body; string(got) != string(jwks) {
			t.Errorf("the JWKS is %s, was %s", got, jwks)
		}
	}
	if after := ids(s.JSON("GET", KeysPath, nil, f.superAdmin), t, "kid"); !slices.Equal(after, kids) {
		t.Errorf("keys %v, were %v", after, kids)
	}
}

// keyOf returns the kid of the key that signs.
func keyOf(t *testing.T, s *Signet) string {
	t.Helper()
	signer, err := s.Keys.Current()
	must(t, err)
	return signer.KID()
}

func testUnauditedEnd(t *testing.T, s *Signet) {
	f, tokens := s.AddAdmins(t), s.Login(t, s.Web, s.Alice, "openid")
	own := s.ClientToken(t, s.Machine)
	createGuest(t, s)
	s.Store.Before(failMethod("AppendAudit"))
	for _, ask := range []struct{ method, path string }{
		{"DELETE", Sessions}, {"DELETE", Sessions + "/" + sessionOf(t, tokens)}, {"DELETE", Users + "/" + s.Alice.ID + "/sessions"},
		{"POST", Clients + "/web/disable"}, {"DELETE", Roles + "/" + guest + "?release_scopes=true"}, {"DELETE", Clients + "/machine"},
		{"POST", Users + "/" + s.Disabled.ID + "/enable"},
	} {
		s.JSON(ask.method, ask.path, nil, f.superAdmin).ExpectProblem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	s.Store.Reset()
	if !s.Active(t, s.ResourceServer, own.Access) {
		t.Error("a client's own token has ended")
	}
	s.expectActive(t, s.Web, tokens)
	s.expectStatusBits(t, nil, []Tokens{tokens})
	s.TryLogin(s.Web, s.Disabled, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
	must(t, give(s, s.Alice)) // the role is not on its way out
}
