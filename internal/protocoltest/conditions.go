package protocoltest

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"example.org/signet/storage"
)

var conditionCases = []testCase{
	{name: "a condition that is sent counts for every change of a record", configure: mergedAdmin, run: testIfMatchEverywhere},
	{name: "a condition on one's own account", run: testOwnIfMatch},
	{name: "a condition on what has no entity tag", configure: mergedAdmin, run: testIfMatchWithoutTag},
	{name: "a record that is known already", configure: mergedAdmin, run: testIfNoneMatch},
	{name: "a deletion races a change", configure: mergedAdmin, run: testDeleteRace},
}

const staleTag = `"stale-1"`

// conditionalRecord is a record and the requests that change it or what belongs to it.
type conditionalRecord struct {
	location string
	changes  []apiCall
}

type apiCall struct {
	method, below string
	body          Object
}

func conditionalRecords(t *testing.T, s *Signet, as RequestOption) []conditionalRecord {
	t.Helper()
	create := func(path string, o Object) string {
		return s.JSON("POST", path, o, as).ExpectStatus(t, http.StatusCreated).Header.Get("Location")
	}
	return []conditionalRecord{
		{create(Users, Object{"username": "conrad", "email": "conrad@example.com", "password": s.NewSecret("pass word"), "roles": []string{"user"}}), []apiCall{
			{"PATCH", "", Object{"full_name": "Changed"}}, {"POST", "/disable", nil}, {"POST", "/enable", nil}, {"POST", "/unlock", nil},
			{"POST", "/password", Object{"password": s.NewSecret("pass word")}}, {"DELETE", "/sessions", nil}, {"DELETE", "", nil},
		}},
		{create(Roles, Object{"name": "conditional", "rank": 5}), []apiCall{{"PATCH", "", Object{"description": "changed"}}, {"DELETE", "", nil}}},
		{create(Clients, Object{"client_id": "conditional", "grant_types": []string{"client_credentials"}}), []apiCall{
			{"PATCH", "", Object{"client_name": "changed"}}, {"POST", "/secret", Object{}}, {"POST", "/disable", nil}, {"POST", "/enable", nil}, {"DELETE", "", nil},
		}},
	}
}

// testIfMatchEverywhere: a stale tag changes nothing (412), the newest one does,
// for the record itself, for what belongs to it, and for its deletion.
func testIfMatchEverywhere(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for _, record := range conditionalRecords(t, s, f.superAdmin) {
		for _, c := range record.changes {
			before := s.JSON("GET", record.location, nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
			for _, stale := range []string{staleTag, "W/" + before.Header.Get("ETag")} {
				s.JSON(c.method, record.location+c.below, c.body, f.superAdmin, Header("If-Match", stale)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
			}
			s.JSON(c.method, record.location+c.below, c.body, f.superAdmin, Header("If-Match", "stale")).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
			after := s.JSON("GET", record.location, nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
			if before.Header.Get("ETag") != after.Header.Get("ETag") {
				t.Errorf("%s %s%s with a stale tag changed the record", c.method, record.location, c.below)
			}
			if a := s.JSON(c.method, record.location+c.below, c.body, f.superAdmin, Header("If-Match", `"x", `+before.Header.Get("ETag"))); a.Status/100 != 2 {
				t.Errorf("%s %s%s with the newest tag: %d %s", c.method, record.location, c.below, a.Status, a.Body)
			}
		}
	}
}

// testOwnIfMatch: the condition counts for one's own account, too.
func testOwnIfMatch(t *testing.T, s *Signet) {
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	change := Object{"current_password": s.Alice.Password, "new_password": s.NewSecret("pass word")}
	for _, c := range []apiCall{{"POST", "/password", change}, {"DELETE", "/sessions", nil}} {
		s.JSON(c.method, Me+c.below, c.body, token, Header("If-Match", staleTag)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
		tag := s.JSON("GET", Me, nil, token).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
		s.JSON(c.method, Me+c.below, c.body, token, Header("If-Match", tag)).ExpectStatus(t, http.StatusNoContent)
	}
}

// testIfMatchWithoutTag: where there is no entity tag only "*" matches.
func testIfMatchWithoutTag(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	sid := claims(t, s.Login(t, s.Web, s.Alice, "").Access)["sid"].(string)
	browsers := Users + "/" + s.Alice.ID + "/browser-sessions"
	browser, _ := s.browserSession(t, s.Alice, "one", "web", true)
	now := s.Clock.Now()
	_, err := s.Store.SwapConsent(t.Context(), storage.Consent{UserID: s.Alice.ID, ClientID: "web", Scopes: []string{"openid"}, CreatedAt: now, UpdatedAt: now})
	must(t, err)
	s.giveApp(t, s.Alice)
	s.giveApp(t, s.Editor)
	for _, c := range []apiCall{
		{"DELETE", Sessions + "/" + sid, nil}, {"POST", Roles, Object{"name": "late"}}, {"DELETE", browsers + "/" + browser, nil}, {"DELETE", browsers, nil},
		{"DELETE", Users + "/" + s.Alice.ID + "/consents/web", nil}, {"PUT", ScopesPath + "/items:read", Object{"texts": Object{"en": "Read your items"}}},
		{"DELETE", ScopesPath + "/items:read", nil}, {"DELETE", s.Alice.factors(), nil}, {"POST", s.Alice.factors() + "/demand", nil},
		{"DELETE", s.Editor.factors() + "/totp", nil}, {"POST", AttributesPath, Object{"name": "late", "type": "string"}},
		{"PATCH", AttributesPath + "/late", Object{"description": "Late"}}, {"DELETE", AttributesPath + "/late", nil}, {"DELETE", Sessions, nil},
	} {
		if a := s.JSON(c.method, c.below, c.body, f.superAdmin, Header("If-Match", staleTag)); a.Status != http.StatusPreconditionFailed {
			t.Errorf("%s %s: %d", c.method, c.below, a.Status)
		}
		if a := s.JSON(c.method, c.below, c.body, f.superAdmin, Header("If-Match", "*")); a.Status/100 != 2 {
			t.Errorf("%s %s with *: %d %s", c.method, c.below, a.Status, a.Body)
		}
	}
}

// testIfNoneMatch: 304 without a body if the entity tag matches (RFC 9110 §13.1.2).
func testIfNoneMatch(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	locations := []string{Me}
	for _, record := range conditionalRecords(t, s, f.superAdmin) {
		locations = append(locations, record.location)
	}
	for _, location := range locations {
		a := s.JSON("GET", location, nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
		tag := a.Header.Get("ETag")
		for _, match := range []string{tag, "W/" + tag, "*", `"x", ` + tag} {
			same := s.JSON("GET", location, nil, f.superAdmin, Header("If-None-Match", match)).ExpectStatus(t, http.StatusNotModified)
			if len(same.Body) != 0 || same.Header.Get("ETag") != tag || same.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s If-None-Match %s: %v", location, match, same.Header)
			}
		}
		s.JSON("GET", location, nil, f.superAdmin, Header("If-None-Match", staleTag)).ExpectStatus(t, http.StatusOK)
		s.JSON("GET", location, nil, Header("If-None-Match", tag)).ExpectStatus(t, http.StatusUnauthorized)
		s.JSON("GET", location, nil, f.superAdmin, Header("If-Match", tag)).ExpectStatus(t, http.StatusOK)
		s.JSON("GET", location, nil, f.superAdmin, Header("If-Match", staleTag)).ExpectStatus(t, http.StatusPreconditionFailed)
	}
}

// testDeleteRace: a deletion under a condition and a change of the same state never
// both succeed.
func testDeleteRace(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for n := range rounds(5, 50) {
		location := s.JSON("POST", Roles, Object{"name": "raced"}, f.superAdmin).ExpectStatus(t, http.StatusCreated).Header.Get("Location")
		tag := s.JSON("GET", location, nil, f.superAdmin).Header.Get("ETag")
		var deleted, changed Response
		var both sync.WaitGroup
		both.Go(func() { deleted = s.JSON("DELETE", location, nil, f.superAdmin, Header("If-Match", tag)) })
		both.Go(func() {
			changed = s.JSON("PATCH", location, Object{"description": strings.Repeat("x", n+1)}, f.superAdmin, Header("If-Match", tag))
		})
		both.Wait()
		if deleted.Status == http.StatusNoContent && changed.Status == http.StatusOK {
			t.Fatalf("round %d: both the deletion and the change of one state succeeded", n)
		}
		if deleted.Status != http.StatusNoContent {
			deleted.ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
			s.JSON("DELETE", location, nil, f.superAdmin).ExpectStatus(t, http.StatusNoContent)
		}
	}
}
