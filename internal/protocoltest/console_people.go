package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

var consolePeopleCases = []testCase{
	{name: "people are found and shown", configure: mergedAdmin, run: testConsolePeople},
	{name: "a person is created, changed and deleted", configure: mergedAdmin, run: testConsolePersonLife},
	{name: "a lost update shows both states", configure: mergedAdmin, run: testConsoleLostUpdate},
	{name: "actions on a person", configure: mergedAdmin, run: testConsolePersonActions},
	{name: "who is outranked is told so", configure: mergedAdmin, run: testConsoleOutranked},
	{name: "a dangerous change needs a fresh sign-in", configure: mergedAdmin, run: testConsoleFresh},
}

// person is the page of a user.
func person(id string) string { return ConsolePath + "/people/" + id }

// has fails the test unless the page has the status and all the texts.
func (p Page) has(t testing.TB, status int, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if p.Status != status || !strings.Contains(string(p.Body), text) {
			t.Errorf("%s: status %d, want %d with %q: %.6000s", p.Path, p.Status, status, text, p.Body)
			return
		}
	}
}

// follow sends a form of the console and opens the page that it leads to.
func (b *Browser) follow(t testing.TB, path string, form url.Values) Page {
	t.Helper()
	page := b.own(path, form.Encode())
	if page.Status == http.StatusSeeOther {
		return b.visit(http.MethodGet, b.s.below(page.Header.Get("Location")), "", Header("Sec-Fetch-Site", "same-origin"))
	}
	return page
}

func testConsolePeople(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for _, name := range []string{"prefix-one", "prefix-two"} {
		s.AddUser(t, name)
	}
	b, page := s.openConsole(t, f.Admin, "/people")
	page.has(t, http.StatusOK, "alice", "adam", "<caption>People")
	page = b.Open(ConsolePath + "/people?prefix=PREFIX-&sort=username")
	page.has(t, http.StatusOK, "prefix-one", "prefix-two")
	if strings.Contains(string(page.Body), ">alice<") {
		t.Error("a prefix does not select")
	}
	b.Open(ConsolePath+"/people?prefix=nobody-has-this").has(t, http.StatusOK, "Nobody matches")
	b.Open(ConsolePath+"/people?sort=sideways").has(t, http.StatusBadRequest, "sort")
	b.Open(ConsolePath+"/people?role=super_admin").has(t, http.StatusOK, "rita")
	b.Open(person(s.Alice.ID)).has(t, http.StatusOK, "alice", "Second factors", "What the roles give")
	own := b.Open(person(f.Admin.ID))
	own.has(t, http.StatusOK, "<code>signet-console</code>") // it has no page to lead to
	b.Open(person("00000000-0000-0000-0000-000000000000")).has(t, http.StatusNotFound, "")
	for n := range 30 {
		s.AddUser(t, "many-"+string(rune('a'+n%26))+string(rune('a'+n/26)))
	}
	page = b.Open(ConsolePath + "/people?prefix=many-")
	page.has(t, http.StatusOK, "Next page", "many-aa")
}

func testConsolePersonLife(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.Admin, "")
	b.follow(t, ConsolePath+"/people/new", Form("username", "", "roles", "user")).has(t, http.StatusBadRequest, "Nothing was saved")
	b.follow(t, ConsolePath+"/people/new", Form("username", "alice", "roles", "user")).has(t, http.StatusConflict, "already", `value="alice"`)
	page := b.follow(t, ConsolePath+"/people/new", url.Values{"username": {"newbie"}, "email": {"newbie@example.com"}, "roles": {"user", "editor"}})
	page.has(t, http.StatusOK, "The person was created", "newbie@example.com", "editor")
	id := idOf(t.Context(), s, "newbie")
	page = b.Open(person(id) + "/edit")
	page.has(t, http.StatusOK, `value="newbie"`)
	change := url.Values{"revision": {hiddenOf(t, page, "revision")}, "username": {"newbie"}, "email": {"newbie@example.com"}, "full_name": {"New <Bie>"}, "roles": {"user"}}
	b.follow(t, person(id)+"/edit", change).has(t, http.StatusOK, "Saved.", "New &lt;Bie&gt;")
	u, err := s.operator().Users().Show(t.Context(), id)
	if must(t, err); u.FullName != "New <Bie>" || len(u.Roles) != 1 || u.EmailVerified {
		t.Errorf("saved as %+v", u)
	}
	b.follow(t, person(id)+"/delete", Form("confirm", "somebody")).has(t, http.StatusBadRequest, "Nothing was done")
	b.follow(t, person(id)+"/delete", Form("confirm", "newbie")).has(t, http.StatusOK, "The account was deleted")
	b.Open(person(id)).has(t, http.StatusNotFound, "")
}

func testConsoleLostUpdate(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.Admin, "")
	page := b.Open(person(s.Alice.ID) + "/edit")
	revision := hiddenOf(t, page, "revision")
	s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"full_name": "Changed elsewhere"}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	page = b.follow(t, person(s.Alice.ID)+"/edit", url.Values{"revision": {revision}, "username": {"alice"}, "full_name": {"Typed here"}, "roles": {"user"}})
	page.has(t, http.StatusConflict, "changed meanwhile", "Typed here", "Changed elsewhere", f.SuperAdmin.ID)
	page = b.follow(t, person(s.Alice.ID)+"/edit", url.Values{"revision": {hiddenOf(t, page, "revision")}, "username": {"alice"}, "full_name": {"Typed here"}, "roles": {"user"}})
	page.has(t, http.StatusOK, "Saved.", "Typed here")
}

func testConsolePersonActions(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.Admin, "")
	at := person(s.Alice.ID)
	own := s.NewBrowser()
	own.SignIn(t, own.Open(Login), s.Alice).expect(t, Account)
	page := b.Open(at)
	page.has(t, http.StatusOK, "/browsers/end")
	b.follow(t, at+"/browsers/end", Form("session", hiddenOf(t, page, "session"))).has(t, http.StatusOK, "The session was ended")
	own.Open(Account).expect(t, Login)
	refresh := s.Login(t, f.Portal, s.Alice, "openid profile").Refresh
	b.follow(t, at+"/sessions/end-all", Form()).has(t, http.StatusOK, "All sessions were ended", "No application has a session")
	s.Post(Token, Form("grant_type", "refresh_token", "refresh_token", refresh), Basic(f.Portal)).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	b.follow(t, at+"/disable", Form()).has(t, http.StatusOK, "is disabled, and all sessions", `<span class="badge warn">disabled`)
	b.follow(t, at+"/enable", Form()).has(t, http.StatusOK, "The account is enabled")
	b.follow(t, at+"/factors/demand", Form()).has(t, http.StatusOK, "A second factor is demanded")
	b.follow(t, at+"/password", Form("password", "short")).has(t, http.StatusBadRequest, "Nothing was saved")
	b.follow(t, at+"/password", Form("password", "wholly different words")).has(t, http.StatusOK, "The password was set")
	if page := own.SignIn(t, own.Open(Login), s.Alice); page.Status != http.StatusUnauthorized {
		t.Errorf("the old password still signs in: %s", page.Path)
	}
}

func testConsoleOutranked(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.Admin, "")
	b.follow(t, person(f.SuperAdmin.ID)+"/disable", Form()).has(t, http.StatusForbidden, "You may not do this")
	b.follow(t, ConsolePath+"/people/new", Form("username", "upstart", "roles", "super_admin")).has(t, http.StatusForbidden, "You may not do this", `value="upstart"`)
	b, _ = s.openConsole(t, f.SuperAdmin, "")
	b.follow(t, person(f.SuperAdmin.ID)+"/disable", Form()).has(t, http.StatusConflict, "the last super_admin")
}

func testConsoleFresh(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.Admin, "")
	s.Advance(5*time.Minute + time.Second)
	b.follow(t, person(s.Alice.ID)+"/delete", Form("confirm", "alice")).has(t, http.StatusForbidden, "Sign in again")
	b.Open(person(s.Alice.ID)).has(t, http.StatusOK, "alice")
	edit := url.Values{"username": {"alice"}, "full_name": {"Alice A."}, "roles": {"user", "editor"}}
	b.follow(t, person(s.Alice.ID)+"/edit", edit).has(t, http.StatusForbidden, "Sign in again")
	edit.Set("roles", "user")
	b.follow(t, person(s.Alice.ID)+"/edit", edit).has(t, http.StatusOK, "Saved.", "Alice A.")
	edit.Set("email", "mine@example.com") // which a link to choose a password would be sent to
	b.follow(t, person(s.Alice.ID)+"/edit", edit).has(t, http.StatusForbidden, "Sign in again")
	form := url.Values{"username": {"newbie"}, "roles": {"editor"}}
	b.follow(t, ConsolePath+"/people/new", form).has(t, http.StatusForbidden, "Sign in again")
	form.Set("roles", "user")
	b.follow(t, ConsolePath+"/people/new", form).has(t, http.StatusOK, "The person was created")
}
