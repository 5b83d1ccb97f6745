package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

var consoleSessionsCases = []testCase{
	{name: "sessions are found and ended", configure: mergedAdmin, run: testConsoleSessions},
	{name: "many sessions are ended after their name was typed", configure: mergedAdmin, run: testConsoleEndAll},
}

func testConsoleSessions(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	web, spa := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Alice, "openid")
	sid := claims(t, web.Access)["sid"].(string)
	path := ConsolePath + "/sessions"
	b, page := s.openConsole(t, f.Admin, "/sessions?user=alice&client=web")
	page.has(t, http.StatusOK, ">alice<", "/people/"+s.Alice.ID, "/sessions/of/"+sid, "active")
	if strings.Count(string(page.Body), "/sessions/end\"") != 1 {
		t.Errorf("more than the session at web: %s", page.Body)
	}
	b.Open(path+"?user=nobody-here").has(t, http.StatusBadRequest, "There is nobody called")
	b.Open(path+"?device=no+such+device").has(t, http.StatusOK, "No session matches")
	b.Open(path+"?network=203.0.113.1&state=any").has(t, http.StatusOK, "No session matches")
	b.Open(path+"?after=x").has(t, http.StatusBadRequest, "after")
	b.Open(path+"/of/"+sid).has(t, http.StatusOK, "alice", "openid", sid)
	b.Open(path+"/of/nothing").has(t, http.StatusNotFound, "")
	b.follow(t, path+"/end", url.Values{"session": {sid}, "user": {"alice"}, "state": {"any"}}).has(t, http.StatusOK, "The session was ended", "spa", "ended")
	s.expectEnded(t, s.Web, web)
	b.Open(path+"?user=alice&state=ended").has(t, http.StatusOK, sid)
	other := claims(t, spa.Access)["sid"].(string)
	b.follow(t, path+"/of/"+other, url.Values{}).has(t, http.StatusOK, "The session was ended", "ended")
	s.expectEnded(t, s.SPA, spa)

	browser := s.NewBrowser()
	browser.SignIn(t, browser.Open(Login), s.Alice)
	page = b.Open(path + "/browsers")
	page.has(t, http.StatusOK, ">alice<", ">"+f.Admin.Username+"<")
	_, row, _ := strings.Cut(string(page.Body), `name="user" value="`+s.Alice.ID+`"`)
	_, row, _ = strings.Cut(row, `name="browser" value="`)
	handle, _, _ := strings.Cut(row, `"`)
	b.follow(t, path+"/browsers/end", url.Values{"user": {s.Alice.ID}, "browser": {handle}}).has(t, http.StatusOK, "The session was ended")
	if page := b.Open(path + "/browsers"); strings.Contains(string(page.Body), ">alice<") {
		t.Error("the sign-in in a browser is still there")
	}
	b.follow(t, path+"/end", url.Values{"session": {s.sessionOf(t, f.SuperAdmin)}}).has(t, http.StatusForbidden, "You may not do this")
}

// sessionOf signs the user in at web, and returns the session.
func (s *Signet) sessionOf(t testing.TB, u User) string {
	t.Helper()
	return claims(t, s.Login(t, s.Web, u, "openid").Access)["sid"].(string)
}

func testConsoleEndAll(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	alice, bob := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Editor, "openid")
	path := ConsolePath + "/sessions/end-all"
	b, page := s.openConsole(t, f.Admin, "/sessions/end-all?user=alice&client=spa")
	page.has(t, http.StatusOK, "All of <bdi>alice", "All at <bdi>spa", "All of everybody")
	b.follow(t, path, url.Values{"user": {s.Alice.ID}, "confirm": {"alicia"}}).has(t, http.StatusBadRequest, "Nothing was done")
	alice = s.expectActive(t, s.Web, alice)
	b.follow(t, path, url.Values{"user": {s.Alice.ID}, "confirm": {"alice"}}).has(t, http.StatusOK, "They have ended")
	s.expectEnded(t, s.Web, alice)
	b.follow(t, path, url.Values{"client": {"spa"}, "confirm": {"web"}}).has(t, http.StatusBadRequest, "Nothing was done")
	bob = s.expectActive(t, s.SPA, bob)
	b.follow(t, path, url.Values{"client": {"spa"}, "confirm": {"spa"}}).has(t, http.StatusOK, "They have ended")
	s.expectEnded(t, s.SPA, bob)
	b.follow(t, path, url.Values{"client": {"spa"}, "user": {s.Alice.ID}, "confirm": {"spa"}}).has(t, http.StatusBadRequest, "either")
	b.follow(t, path, url.Values{"confirm": {"everybody"}}).has(t, http.StatusForbidden, "You may not do this")
	bob = s.Login(t, s.SPA, s.Editor, "openid")
	b, _ = s.openConsole(t, f.SuperAdmin, "/sessions")
	b.follow(t, path, url.Values{"confirm": {""}}).has(t, http.StatusBadRequest, "Nothing was done")
	bob = s.expectActive(t, s.SPA, bob)
	b.own(path, url.Values{"confirm": {"everybody"}}.Encode()).expect(t, Login) // one's own has ended too
	s.expectEnded(t, s.SPA, bob)
	b.Open(ConsolePath+"/sessions").expect(t, Login)
}
