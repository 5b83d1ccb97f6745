package protocoltest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func testAdminAudit(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.JSON("POST", Users+"/"+s.Alice.ID+"/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	a := s.JSON("GET", Audit+"?type=user.disabled&target="+s.Alice.ID, nil, f.admin).ExpectStatus(t, http.StatusOK)
	items := a.Object(t)["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%s", a.Body)
	}
	if e := items[0].(map[string]any); e["actor"] != f.Admin.ID || e["address"] == "" || len(e["request_id"].(string)) != 32 {
		t.Errorf("%v", e)
	}
	for query, n := range map[string]int{"since=2030-01-01T00:00:00Z": 0, "until=2020-01-01T00:00:00Z": 0, "type=%24ne": 0, "type=user.disabled&limit=1": 1} {
		if got := ids(s.JSON("GET", Audit+"?"+query, nil, f.admin), t, "id"); len(got) != n {
			t.Errorf("%s lists %d, want %d", query, len(got), n)
		}
	}
	e := items[0].(map[string]any)
	for query, n := range map[string]int{
		"request_id=" + e["request_id"].(string): 1, "request_id=none": 0, "person=" + s.Alice.ID + "&type=user.d": 0, "person=" + s.Alice.ID + "&type=user.disabled": 1,
		"actor=" + f.Admin.ID + "&type=user.": 1, "type=user.&sort=-time&limit=1": 1,
	} {
		if got := ids(s.JSON("GET", Audit+"?"+query, nil, f.admin), t, "id"); len(got) != n || n == 1 && got[0] != e["id"] {
			t.Errorf("%s lists %v, want %d", query, got, n)
		}
	}
	verification := func(method string) Object {
		return s.JSON(method, Audit+"/verification", nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Object(t)
	}
	s.JSON("POST", Audit+"/verification", nil, f.admin).ExpectStatus(t, http.StatusForbidden)
	s.JSON("GET", Audit+"/verification", nil, f.admin).ExpectStatus(t, http.StatusForbidden)
	if v := verification("GET"); v["state"] != "none" {
		t.Errorf("before the first: %v", v)
	}
	verified := verification("POST")
	for tries := 0; verified["state"] == "running" && tries < 10000; tries++ {
		verified = verification("GET")
		time.Sleep(time.Millisecond)
	}
	if report, _ := verified["report"].(map[string]any); verified["state"] != "done" || report["ok"] != true || verified["events"].(float64) < 1 {
		t.Errorf("verified: %v", verified)
	}
	s.JSON("GET", Audit+"?type=nothing.", nil, f.admin).ExpectProblem(t, 422, "invalid_field", "type")
	s.JSON("GET", Audit+"?sort=up", nil, f.admin).ExpectProblem(t, 422, "invalid_field", "sort")
	s.JSON("GET", Audit+"?since=yesterday", nil, f.admin).ExpectProblem(t, 422, "invalid_field", "since")
}

// testAuditFailureBlocksChange makes every write of the audit log fail and expects no change.
func testAuditFailureBlocksChange(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	s.Store.Before(failMethod("AppendAudit"))
	for _, ask := range []struct {
		method, path string
		body         Object
	}{
		{"POST", Users, s.registration("made")}, {"PATCH", Users + "/" + s.Alice.ID, Object{"full_name": "Changed"}}, {"POST", Users + "/" + s.Alice.ID + "/disable", nil},
		{"POST", Users + "/" + s.Alice.ID + "/password", Object{"password": s.NewSecret("a new passphrase")}}, {"DELETE", Users + "/" + s.Alice.ID, nil},
		{"POST", Roles, Object{"name": "made"}}, {"PATCH", Roles + "/editor", Object{"description": "Changed"}},
		{"POST", Clients, Object{"client_id": "made"}}, {"PATCH", Clients + "/web", Object{"client_name": "Changed"}}, {"POST", Clients + "/web/secret", Object{}}, {"DELETE", Clients + "/web", nil},
	} {
		s.JSON(ask.method, ask.path, ask.body, f.superAdmin).ExpectProblem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	}
	s.Store.Reset()
	for _, path := range []string{Users + "?prefix=made", Roles, Clients, Users + "/" + s.Alice.ID, Clients + "/web"} {
		if a := s.JSON("GET", path, nil, f.superAdmin).ExpectStatus(t, http.StatusOK); strings.Contains(string(a.Body), "made") || strings.Contains(string(a.Body), "Changed") {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	s.Login(t, s.Web, s.Alice, "openid")
}
