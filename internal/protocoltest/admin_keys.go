package protocoltest

import (
	"net/http"
	"slices"
	"testing"
)

func testAdminKeys(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	before := ids(s.JSON("GET", KeysPath, nil, f.superAdmin), t, "kid")
	if len(before) != 2 {
		t.Fatalf("keys %v", before)
	}
	line := s.JSON("GET", KeysPath+"/timeline", nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Object(t)
	if items := line["items"].([]any); len(items) < 3 || items[0].(map[string]any)["kid"] != before[0] || items[2].(map[string]any)["kid"] != nil {
		t.Errorf("timeline %v", items)
	}
	s.JSON("GET", KeysPath+"/timeline", nil, f.admin).ExpectStatus(t, http.StatusForbidden)
	plan := s.JSON("GET", KeysPath+"/plan?rotate=true", nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Object(t)
	if len(plan["changes"].([]any)) == 0 {
		t.Error("a plan without a change")
	}
	s.JSON("GET", KeysPath+"/plan?rotate=perhaps", nil, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "rotate")
	s.JSON("GET", KeysPath+"/plan?revoke=nothing", nil, f.superAdmin).ExpectProblem(t, http.StatusNotFound, "not_found")
	if after := ids(s.JSON("GET", KeysPath, nil, f.superAdmin), t, "kid"); !slices.Equal(after, before) {
		t.Error("a plan changed the keys")
	}
	s.JSON("POST", KeysPath+"/rollback", nil, f.superAdmin).ExpectProblem(t, http.StatusConflict, "rollback_unavailable")
	s.JSON("POST", KeysPath+"/rotate", nil, f.superAdmin).ExpectStatus(t, http.StatusOK) // will happen when it has been published long enough
	s.JSON("POST", KeysPath+"/rotate", nil, f.superAdmin).ExpectProblem(t, http.StatusConflict, "already_rotated")
	s.JSON("GET", KeysPath+"/plan?rotate=true", nil, f.superAdmin).ExpectProblem(t, http.StatusConflict, "already_rotated")
	rotated := s.JSON("POST", KeysPath+"/rotate", Object{"force": true}, f.superAdmin).ExpectStatus(t, http.StatusOK).Object(t)
	if rotated["activates"] != before[1] {
		t.Errorf("%v, had %v", rotated, before)
	}
	s.JSON("GET", KeysPath+"/plan?rollback=true", nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
	back := s.JSON("POST", KeysPath+"/rollback", nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Object(t)
	if back["activates"] != before[0] {
		t.Errorf("%v, had %v", back, before)
	}
	s.JSON("POST", KeysPath+"/rollback", nil, f.superAdmin).ExpectProblem(t, http.StatusConflict, "already_rotated")
	s.JSON("POST", KeysPath+"/nothing/revoke", nil, f.superAdmin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("POST", KeysPath+"/"+before[0]+"/revoke", nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
	s.JSON("GET", KeysPath, nil, f.superAdmin).ExpectProblem(t, http.StatusUnauthorized, "invalid_token") // the key that signed the token is gone
}
