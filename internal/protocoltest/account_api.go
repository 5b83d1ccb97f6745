package protocoltest

import (
	"net/http"
	"testing"

	"example.org/signet/storage"
)

// items lists what the API answers.
func (s *Signet) items(t testing.TB, path string, who RequestOption) []Object {
	t.Helper()
	var all []Object
	for _, item := range s.JSON("GET", path, nil, who).ExpectStatus(t, http.StatusOK).Object(t)["items"].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

func testOwnBrowserSessions(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	portal := s.Portal(t)
	token := Bearer(s.Login(t, portal, s.Alice, portalScope).Access)
	if n := len(s.items(t, MeBrowserSessions, token)); n != 0 {
		t.Errorf("%d browser sessions before", n)
	}
	first, second, foreign := s.NewBrowser(), s.NewBrowser(), s.NewBrowser()
	a, b := first.useIn(t, app, s.Alice, "openid"), second.useIn(t, app, s.Alice, "openid")
	offline := second.useIn(t, app, s.Alice, "openid offline_access")
	theirs := foreign.useIn(t, app, s.Editor, "openid")
	all := s.items(t, MeBrowserSessions, token)
	if len(all) != 2 || all[0]["network"] != "127.0.0.0/24" || len(all[0]["clients"].([]any)) != 1 || all[0]["current"] != nil {
		t.Fatalf("%v", all)
	}
	handle := sessionFields(s.openSessions(t, first))[0]
	other := sessionFields(s.openSessions(t, foreign))[0]
	for _, id := range []string{other, "x", first.Cookies["signet"]} {
		s.JSON("DELETE", MeBrowserSessions+"/"+id, nil, token).ExpectProblem(t, http.StatusNotFound, "not_found")
	}
	s.JSON("DELETE", MeBrowserSessions+"/"+handle, nil, token).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", MeBrowserSessions+"/"+handle, nil, token).ExpectProblem(t, http.StatusNotFound, "not_found")
	first.Open(Account).expect(t, Login)
	s.expectEnded(t, app, a)
	b = s.expectActive(t, app, b)
	s.JSON("DELETE", MeBrowserSessions, nil, token).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", MeBrowserSessions, nil, token).ExpectStatus(t, http.StatusNoContent)
	second.Open(Account).expect(t, Login)
	s.expectEnded(t, app, b)
	s.expectActive(t, app, offline)
	s.expectActive(t, app, theirs)
	s.JSON("GET", Me, nil, token).ExpectStatus(t, http.StatusOK) // it was born in no browser
	// A token that was born in a browser session marks it, and ends with it.
	desk := s.AddCodeClient(t, "desk", func(c *storage.Client) { c.Audiences, c.Scopes = nil, append(c.Scopes, "signet:account") })
	here, there := s.NewBrowser(), s.NewBrowser()
	there.useIn(t, app, s.Alice, "openid")
	born := here.useIn(t, desk, s.Alice, "openid signet:account")
	for _, b := range s.items(t, MeBrowserSessions, Bearer(born.Access)) {
		if current := b["id"] == sessionFields(s.openSessions(t, here))[0]; (b["current"] == true) != current {
			t.Errorf("current %v, want %t", b["current"], current)
		}
	}
	s.JSON("DELETE", MeBrowserSessions, nil, Bearer(born.Access)).ExpectStatus(t, http.StatusNoContent)
	s.JSON("GET", Me, nil, Bearer(born.Access)).ExpectStatus(t, http.StatusUnauthorized)
	// Without the scope, or for an API: refused.
	s.JSON("GET", MeBrowserSessions, nil, Bearer(s.Login(t, s.Web, s.Alice, "openid").Access)).ExpectStatus(t, http.StatusUnauthorized)
}

func testOwnConsents(t *testing.T, s *Signet) {
	app, second := s.AddCodeClient(t, "app", askOnce), s.AddCodeClient(t, "second", askOnce)
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	b := s.NewBrowser()
	mine, others := b.Allow(t, app, s.Alice, "openid offline_access"), b.Allow(t, second, s.Alice, "openid profile")
	theirs := s.NewBrowser().Allow(t, app, s.Editor, "openid")
	all := s.items(t, MeConsents, token)
	if len(all) != 2 || all[0]["client_id"] != app.ID || all[1]["scope"] != "openid profile" {
		t.Fatalf("%v", all)
	}
	for _, id := range []string{"web", "nobody", s.Editor.ID} {
		s.JSON("DELETE", MeConsents+"/"+id, nil, token).ExpectProblem(t, http.StatusNotFound, "not_found")
	}
	s.JSON("DELETE", MeConsents+"/"+app.ID, nil, token).ExpectStatus(t, http.StatusNoContent)
	s.JSON("DELETE", MeConsents+"/"+app.ID, nil, token).ExpectProblem(t, http.StatusNotFound, "not_found")
	s.expectEnded(t, app, mine)
	s.expectActive(t, second, others)
	s.expectActive(t, app, theirs)
	if all = s.items(t, MeConsents, token); len(all) != 1 || all[0]["client_id"] != second.ID {
		t.Errorf("left: %v", all)
	}
	b.Open(s.authorizeURL(app)).expect(t, Consent)
}

// testAccountFaults stops the store at each call in turn: whatever is answered, an operation
// that is done again afterwards is complete.
func testAccountFaults(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", askOnce)
	token := Bearer(s.Login(t, s.Portal(t), s.Alice, portalScope).Access)
	for n := range 30 {
		b := s.NewBrowser()
		tokens := b.Allow(t, app, s.Alice, "openid offline_access")
		s.Store.FailAt(n)
		a := s.JSON("DELETE", MeConsents+"/"+app.ID, nil, token)
		s.Store.Reset()
		if a.Status == http.StatusNoContent {
			s.expectEnded(t, app, tokens)
			return
		}
		a.ExpectStatus(t, http.StatusServiceUnavailable)
		if again := s.JSON("DELETE", MeConsents+"/"+app.ID, nil, token); again.Status != http.StatusNoContent && again.Status != http.StatusNotFound {
			t.Fatalf("again after call %d: %d %s", n, again.Status, again.Body)
		}
		s.expectEnded(t, app, tokens)
	}
	t.Error("it never succeeds")
}
