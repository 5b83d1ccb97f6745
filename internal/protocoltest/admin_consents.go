package protocoltest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// browserSession puts a browser session of the user into the store, as a sign-in does, with a
// session of an application in it, and returns its handle.
func (s *Signet) browserSession(t *testing.T, p User, id string, app string, bound bool) (handle, sid string) {
	t.Helper()
	now := storage.Time(s.Clock.Now())
	u, e, err := s.Store.UserInEpoch(t.Context(), p.ID)
	must(t, err)
	c, err := s.Store.Client(t.Context(), app)
	must(t, err)
	b := storage.BrowserSession{
		ID: id, RootID: id, UserID: p.ID, CreatedAt: now, AuthTime: now, LastSeen: now, IdleAt: now.Add(12 * time.Hour), ExpiresAt: now.Add(24 * time.Hour),
		UserEpoch: epoch.Session(u, e), Device: "Firefox on Linux", Network: "192.0.2.0/24",
	}
	must(t, s.Store.CreateBrowserSession(t.Context(), b))
	sid = "of-" + id
	must(t, s.Store.CreateSession(t.Context(), storage.Session{
		ID: sid, UserID: p.ID, ClientID: app, UserEpoch: epoch.Session(u, e), ClientEpoch: c.Epoch, CreatedAt: now, RotatedAt: now, AuthTime: now, ExpiresAt: now.Add(72 * time.Hour),
		BrowserID: id, LoginBound: bound,
	}))
	return issuer.BrowserSessionHandle(b), sid
}

func testBrowserSessions(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	path := Users + "/" + s.Alice.ID + "/browser-sessions"
	one, sidOne := s.browserSession(t, s.Alice, "one", "web", true)
	two, sidTwo := s.browserSession(t, s.Alice, "two", "spa", false)
	_, sidThree := s.browserSession(t, s.Alice, "three", "spa", true)
	boss, _ := s.browserSession(t, f.SuperAdmin, "four", "web", true)
	a := s.JSON("GET", path, nil, f.admin)
	if got := ids(a, t, "id"); len(got) != 3 || !slices.Contains(got, one) || !slices.Contains(got, two) {
		t.Errorf("listed %v", got)
	}
	for _, item := range a.Object(t)["items"].([]any) {
		o := item.(map[string]any)
		if o["id"] == one {
			expectMembers(t, o, Object{"device": "Firefox on Linux", "network": "192.0.2.0/24", "clients": []string{"web"}, "remembered": false})
		}
	}
	if strings.Contains(string(a.Body), `"one"`) {
		t.Errorf("the record's id is shown: %s", a.Body)
	}
	ended := func(sid string) bool {
		x, err := s.Store.Session(t.Context(), sid)
		must(t, err)
		return !x.RevokedAt.IsZero()
	}
	s.JSON("DELETE", path+"/"+one, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	if !ended(sidOne) || ended(sidTwo) || ended(sidThree) {
		t.Errorf("ended: %t %t %t", ended(sidOne), ended(sidTwo), ended(sidThree))
	}
	s.JSON("DELETE", path+"/"+one, nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("DELETE", path+"/"+boss, nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found") // another user's
	s.JSON("DELETE", path+"/two", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")   // a record's id
	s.JSON("DELETE", Users+"/"+f.SuperAdmin.ID+"/browser-sessions/"+boss, nil, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("DELETE", path, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	if ended(sidTwo) || !ended(sidThree) { // one with offline_access goes on
		t.Errorf("ended: %t %t", ended(sidTwo), ended(sidThree))
	}
	if got := ids(s.JSON("GET", path, nil, f.admin), t, "id"); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
	s.JSON("DELETE", path, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("GET", Users+"/nobody/browser-sessions", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	if n := s.events(t, audit.EventBrowserSessionEnded); n != 3 {
		t.Errorf("%d events", n)
	}
	// One of before a new password is none.
	s.browserSession(t, s.Alice, "five", "web", true)
	s.setPassword(t, s.Alice, s.NewSecret("another password"))
	if got := ids(s.JSON("GET", path, nil, f.admin), t, "id"); len(got) != 0 {
		t.Errorf("after a new password: %v", got)
	}
}

func testScopeTexts(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	texts := Object{"texts": Object{"en": "Read your items", "de": "Deine Einträge lesen"}}
	o := s.JSON("PUT", ScopesPath+"/items:read", texts, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	if o["scope"] != "items:read" || o["texts"].(map[string]any)["de"] != "Deine Einträge lesen" {
		t.Errorf("%v", o)
	}
	s.JSON("PUT", ScopesPath+"/items:read", texts, f.admin).ExpectStatus(t, http.StatusOK)
	if n := s.events(t, audit.EventScopeTextSet); n != 1 {
		t.Errorf("%d events for two requests of which one changed something", n)
	}
	s.JSON("PUT", ScopesPath+"/https:%2F%2Fapi.example.com%2Fread", texts, f.admin).ExpectStatus(t, http.StatusOK)
	if got := ids(s.JSON("GET", ScopesPath, nil, f.admin), t, "scope"); len(got) != 2 || got[0] != "https://api.example.com/read" || got[1] != "items:read" {
		t.Errorf("listed %v", got)
	}
	for _, texts := range []any{Object{}, Object{"en": ""}, Object{"english": "x"}, Object{"en": strings.Repeat("x", 301)}, Object{"en": 1}, "x", []string{"x"}} {
		s.JSON("PUT", ScopesPath+"/items:read", Object{"texts": texts}, f.admin).ExpectProblem(t, 422, "invalid_field", "texts")
	}
	s.JSON("PUT", ScopesPath+"/items:read", Object{}, f.admin).ExpectProblem(t, 422, "invalid_field", "texts")
	s.JSONRaw("PUT", ScopesPath+"/items:read", `{"texts":{"en":"a","en":"b"}}`, f.admin).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	s.JSON("PUT", ScopesPath+"/a%22b", texts, f.admin).ExpectProblem(t, 422, "invalid_field", "scope")
	s.JSON("GET", ScopesPath+"?limit=1", nil, f.admin).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	s.JSON("DELETE", ScopesPath+"/items:read", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", ScopesPath+"/items:read", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
}

func testScopeTextsAbove(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	high := int64(500)
	_, err := s.operator().Roles().Create(t.Context(), "treasurer", admin.RoleChange{Rank: &high, Scopes: &[]string{"money:move"}})
	must(t, err)
	texts := Object{"texts": Object{"en": "Nothing of importance"}}
	s.JSON("PUT", ScopesPath+"/money:move", texts, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	s.JSON("PUT", ScopesPath+"/money:move", texts, f.superAdmin).ExpectStatus(t, http.StatusOK)
	s.JSON("DELETE", ScopesPath+"/money:move", nil, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
}

func testUserConsents(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	path := Users + "/" + s.Alice.ID + "/consents"
	now := storage.Time(s.Clock.Now())
	for _, client := range []string{"spa", "web"} {
		_, err := s.Store.SwapConsent(t.Context(), storage.Consent{UserID: s.Alice.ID, ClientID: client, Scopes: []string{"items:read", "openid"}, CreatedAt: now, UpdatedAt: now})
		must(t, err)
	}
	if got := ids(s.JSON("GET", path, nil, f.admin), t, "client_id"); len(got) != 2 || got[0] != "spa" || got[1] != "web" {
		t.Errorf("listed %v", got)
	}
	if got := ids(s.JSON("GET", path+"?limit=1", nil, f.admin), t, "scope"); len(got) != 1 || got[0] != "items:read openid" {
		t.Errorf("listed %v", got)
	}
	tokens, other := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Alice, "openid")
	s.JSON("DELETE", path+"/web", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.expectEnded(t, s.Web, tokens)
	s.expectActive(t, s.SPA, other)
	s.JSON("DELETE", path+"/web", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("GET", Users+"/nobody/consents", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.JSON("DELETE", Users+"/nobody/consents/spa", nil, f.admin).ExpectProblem(t, http.StatusNotFound, "not_found")
	// What is not one's to change is not one's to end.
	_, err := s.Store.SwapConsent(t.Context(), storage.Consent{UserID: f.SuperAdmin.ID, ClientID: "web", Scopes: []string{"openid"}, CreatedAt: now, UpdatedAt: now})
	must(t, err)
	s.JSON("DELETE", Users+"/"+f.SuperAdmin.ID+"/consents/web", nil, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	if n := s.events(t, audit.EventConsentRevoked); n != 1 {
		t.Errorf("%d events", n)
	}
}

func testMustChangePassword(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	password := s.NewSecret("a first password")
	a := s.JSON("POST", Users, Object{"username": "nina", "password": password, "must_change_password": true}, f.admin).ExpectStatus(t, http.StatusCreated)
	location := a.Header.Get("Location")
	expectMustChange := func(o map[string]any, want bool) {
		t.Helper()
		if (o["must_change_password"] == true) != want {
			t.Errorf("must_change_password is %v, want %t", o["must_change_password"], want)
		}
	}
	expectMustChange(a.Object(t), true)
	expectMustChange(s.JSON("PATCH", location, Object{"must_change_password": false}, f.admin).ExpectStatus(t, http.StatusOK).Object(t), false)
	expectMustChange(s.JSON("POST", location+"/password", Object{"password": password, "must_change_password": true}, f.admin).ExpectStatus(t, http.StatusOK).Object(t), true)
	expectMustChange(s.JSON("POST", location+"/password", Object{"password": password}, f.admin).ExpectStatus(t, http.StatusOK).Object(t), true)
	expectMustChange(s.JSON("PATCH", location, Object{"must_change_password": false}, f.admin).ExpectStatus(t, http.StatusOK).Object(t), false)

	// A user with a session of before cannot take it back but by another password.
	nina := User{ID: a.Object(t)["id"].(string), Username: "nina", Password: password}
	me := Bearer(s.Login(t, f.Portal, nina, portalScope).Access)
	s.JSON("PATCH", location, Object{"must_change_password": true}, f.admin).ExpectStatus(t, http.StatusOK)
	s.JSON("PATCH", Me, Object{"must_change_password": false}, me).ExpectProblem(t, 422, "invalid_field")
	expectMustChange(s.JSON("GET", Me, nil, me).ExpectStatus(t, http.StatusOK).Object(t), true)
	s.JSON("POST", MePassword, Object{"current_password": password, "new_password": s.NewSecret("a password of my own")}, me).ExpectStatus(t, http.StatusNoContent)
	expectMustChange(s.JSON("GET", location, nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t), false)
}
