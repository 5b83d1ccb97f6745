package protocoltest

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

var consoleRolesCases = []testCase{
	{name: "a role is made, changed, renamed and deleted", configure: mergedAdmin, run: testConsoleRoleLife},
	{name: "the effect of a change is shown before it is made", configure: mergedAdmin, run: testConsoleRoleEffect},
	{name: "what is no role, or may not be changed", configure: mergedAdmin, run: testConsoleRoleRefusals},
}

// rolePage is the page of a role, or one below it.
func rolePage(name, below string) string { return ConsolePath + "/roles/" + name + below }

func testConsoleRoleLife(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, page := s.openConsole(t, f.SuperAdmin, "/roles")
	page.has(t, http.StatusOK, "<caption>Roles", "super_admin", "built in", "people?role=editor")
	b.Open(rolePage("+", "/new")).has(t, http.StatusOK, `name="scopes"`)
	form := url.Values{"name": {"clerk"}, "description": {"files letters"}, "scopes": {"letters:file letters:read"}, "rank": {"7"}, "require_authentication": {"none"}}
	b.follow(t, rolePage("+", "/new"), form).has(t, http.StatusOK, "everybody else loses", "letters:file letters:read", `name="seen"`)
	b.Open(rolePage("clerk", "")).has(t, http.StatusNotFound, "")
	form.Set("seen", "1")
	b.follow(t, rolePage("+", "/new"), form).has(t, http.StatusOK, "The role was created", "letters:file letters:read", "Nobody holds it")

	must(t, secondError(s.operator().Users().Update(t.Context(), s.Alice.ID, rolesChange("user", "clerk"))))
	b.Open(rolePage("clerk", "")).has(t, http.StatusOK, "alice", "/people/"+s.Alice.ID)
	edit := b.Open(rolePage("clerk", "/edit"))
	edit.has(t, http.StatusOK, `value="7"`, "a second factor</option>", "a passkey</option>")
	form = url.Values{"description": {"files"}, "scopes": {"letters:file"}, "rank": {"8"}, "require_authentication": {"mfa"}, "revision": {edit.hidden("revision")}}
	shown := b.follow(t, rolePage("clerk", "/edit"), form)
	shown.has(t, http.StatusOK, "Free for everybody", "letters:read")
	form.Set("seen", "1")
	b.follow(t, rolePage("clerk", "/edit"), form).has(t, http.StatusBadRequest, "letters:read would be restricted by no role")
	form.Set("release_scopes", "1")
	b.follow(t, rolePage("clerk", "/edit"), form).has(t, http.StatusOK, "Saved", "a second factor")
	b.follow(t, rolePage("clerk", "/edit"), form).has(t, http.StatusConflict, "changed meanwhile", "As it is now")

	b.Open(rolePage("clerk", "/rename")).has(t, http.StatusOK, `name="to"`)
	b.follow(t, rolePage("clerk", "/rename"), url.Values{"to": {"editor"}}).has(t, http.StatusConflict, "name")
	b.follow(t, rolePage("clerk", "/rename"), url.Values{"to": {"filer"}}).has(t, http.StatusOK, "The role was renamed", "Role filer", "alice")
	if got := rolesOf(t, s, s.Alice.ID); !slices.Equal(got, []string{"filer", "user"}) {
		t.Errorf("alice holds %v", got)
	}
	b.Open(rolePage("filer", "/delete")).has(t, http.StatusOK, "Somebody holds it")
	must(t, secondError(s.operator().Users().Update(t.Context(), s.Alice.ID, rolesChange("user"))))
	b.Open(rolePage("filer", "/delete")).has(t, http.StatusOK, `name="confirm"`, `name="release_scopes"`)
	b.follow(t, rolePage("filer", "/delete"), url.Values{"confirm": {"clerk"}, "release_scopes": {"1"}}).has(t, http.StatusBadRequest, "Nothing was done")
	b.follow(t, rolePage("filer", "/delete"), url.Values{"confirm": {"filer"}}).has(t, http.StatusBadRequest, "release-scopes")
	b.follow(t, rolePage("filer", "/delete"), url.Values{"confirm": {"filer"}, "release_scopes": {"1"}}).has(t, http.StatusOK, "The role was deleted")
}

func testConsoleRoleEffect(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.SuperAdmin, "/roles")
	before := b.Open(rolePage("editor", ""))
	form := url.Values{"scopes": {"items:write brand:new"}, "rank": {"10"}}
	b.follow(t, rolePage("editor", "/edit"), form).has(t, http.StatusOK, "brand:new", "everybody else loses")
	if after := b.Open(rolePage("editor", "")); string(after.Body) != string(before.Body) {
		t.Error("looking at the effect changed the role")
	}
	b.follow(t, rolePage("editor", "/edit"), url.Values{"rank": {"many"}}).has(t, http.StatusBadRequest, "This is no number")
	b.follow(t, rolePage("editor", "/edit"), url.Values{"rank": {"5000"}, "seen": {"1"}}).has(t, http.StatusBadRequest, "rank")
}

func testConsoleRoleRefusals(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	b, _ := s.openConsole(t, f.Admin, "/roles")
	b.Open(rolePage("nothing", "")).has(t, http.StatusNotFound, "")
	b.Open(rolePage("admin", "/delete")).has(t, http.StatusOK, "A built-in role stays")
	b.follow(t, rolePage("super_admin", "/edit"), url.Values{"description": {"mine"}, "seen": {"1"}}).has(t, http.StatusForbidden, "You may not do this")
	b.follow(t, rolePage("user", "/rename"), url.Values{"to": {"person"}}).has(t, http.StatusBadRequest, "built-in")
	b.follow(t, rolePage("+", "/new"), url.Values{"name": {"chief"}, "rank": {"900"}, "seen": {"1"}}).has(t, http.StatusForbidden, "You may not do this", `value="chief"`)
	s.Advance(freshSignIn)
	b.follow(t, rolePage("+", "/new"), url.Values{"name": {"late"}, "seen": {"1"}}).has(t, http.StatusForbidden, "Sign in again")
	b.Open(rolePage("late", "")).has(t, http.StatusNotFound, "")
}
