package protocoltest

import (
	"net/http"
	"testing"
)

func testAdminSessions(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	tokens, other := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Alice, "openid")
	sid := claims(t, tokens.Access)["sid"].(string)
	for query, n := range map[string]int{"user_id=" + s.Alice.ID: 2, "client_id=web": 1, "user_id=" + s.Alice.ID + "&client_id=spa": 1, "user_id=" + s.Editor.ID: 0, "active=true": 4} {
		if got := ids(s.JSON("GET", Sessions+"?"+query, nil, f.admin), t, "sid"); len(got) != n {
			t.Errorf("%s lists %d, want %d", query, len(got), n)
		}
	}
	if o := s.JSON("GET", Sessions+"/"+sid, nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t); o["user_id"] != s.Alice.ID || o["active"] != true {
		t.Errorf("%v", o)
	}
	s.JSON("DELETE", Sessions+"/"+sid, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", Sessions+"/"+sid, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.expectEnded(t, s.Web, tokens)
	s.JSON("DELETE", Sessions, nil, f.admin).ExpectProblem(t, http.StatusForbidden, "insufficient_scope")
	other = s.expectActive(t, s.SPA, other)
	s.JSON("DELETE", Sessions, nil, f.superAdmin).ExpectStatus(t, http.StatusNoContent)
	s.expectEnded(t, s.SPA, other)
	s.JSON("GET", Sessions, nil, f.superAdmin).ExpectProblem(t, http.StatusUnauthorized, "invalid_token")
}
