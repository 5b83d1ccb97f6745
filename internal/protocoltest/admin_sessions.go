package protocoltest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
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
	device, network := "", ""
	for _, item := range s.JSON("GET", Sessions+"?user_id="+s.Alice.ID, nil, f.admin).Object(t)["items"].([]any) {
		x := item.(map[string]any)
		device, network = x["device"].(string), x["network"].(string)
	}
	for query, n := range map[string]int{
		"network=" + url.QueryEscape(network): 2, "network=" + strings.TrimSuffix(network, "/24"): 2, "network=203.0.113.9": 0, "network=203.0.113.0%2F24": 0,
		"device=" + url.QueryEscape(strings.ToUpper(device[:3])): 2, "device=no+such+device": 0, "active=false": 0,
	} {
		if got := ids(s.JSON("GET", Sessions+"?user_id="+s.Alice.ID+"&"+query, nil, f.admin), t, "sid"); len(got) != n {
			t.Errorf("%s lists %d, want %d of %q %q", query, len(got), n, device, network)
		}
	}
	page := s.JSON("GET", Sessions+"?limit=1&device="+url.QueryEscape(device), nil, f.admin).Object(t)
	seen := 0
	for ; page["next"] != nil && seen < 10; seen++ {
		page = s.JSON("GET", Sessions+"?limit=1&device="+url.QueryEscape(device)+"&after="+page["next"].(string), nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)
	}
	if seen != 3 {
		t.Errorf("%d pages after the first, want 3", seen)
	}
	s.JSON("DELETE", Sessions+"/"+sid, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	if got := ids(s.JSON("GET", Sessions+"?user_id="+s.Alice.ID+"&active=false", nil, f.admin), t, "sid"); !slices.Equal(got, []string{sid}) {
		t.Errorf("ended: %v", got)
	}
	s.JSON("DELETE", Sessions+"/"+sid, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.expectEnded(t, s.Web, tokens)
	s.JSON("DELETE", Sessions, nil, f.admin).ExpectProblem(t, http.StatusForbidden, "insufficient_scope")
	other = s.expectActive(t, s.SPA, other)
	s.JSON("DELETE", Clients+"/spa/sessions", nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	s.expectEnded(t, s.SPA, other)
	s.JSON("DELETE", Clients+"/spa/sessions", nil, f.admin, Header("If-Match", `"0-1"`)).ExpectStatus(t, http.StatusPreconditionFailed)
	browser := s.NewBrowser()
	browser.SignIn(t, browser.Open(Login), s.Alice)
	if items := s.JSON("GET", "/api/v1/browser-sessions", nil, f.admin).ExpectStatus(t, http.StatusOK).Object(t)["items"].([]any); len(items) != 1 || items[0].(map[string]any)["user_id"] != s.Alice.ID {
		t.Errorf("browser sessions %v", items)
	}
	s.JSON("DELETE", Clients+"/nothing/sessions", nil, f.admin).ExpectStatus(t, http.StatusNotFound)
	other = s.Login(t, s.SPA, s.Alice, "openid")
	s.JSON("DELETE", Sessions, nil, f.superAdmin).ExpectStatus(t, http.StatusNoContent)
	s.expectEnded(t, s.SPA, other)
	s.JSON("GET", Sessions, nil, f.superAdmin).ExpectProblem(t, http.StatusUnauthorized, "invalid_token")
}
