package protocoltest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"example.org/signet/issuer/admin"
)

var adminBulkCases = []testCase{
	{name: "many users are changed, and each is reported", configure: mergedAdmin, run: testBulk},
	{name: "a selection is changed page by page", configure: mergedAdmin, run: testBulkPages},
	{name: "what no change of many can be", configure: mergedAdmin, run: testBulkRefused},
	{name: "many are changed in the console", configure: mergedAdmin, run: testBulkConsole},
}

const usersBulk = Users + "/bulk"

// bulk returns the outcomes by user name or, where there is none, id.
func (s *Signet) bulk(t *testing.T, query string, body Object, as RequestOption) (outcomes map[string]string, next string) {
	t.Helper()
	o := s.JSON("POST", usersBulk+query, body, as).ExpectStatus(t, http.StatusOK).Object(t)
	outcomes = map[string]string{}
	for _, one := range o["results"].([]any) {
		r := one.(map[string]any)
		name, _ := r["username"].(string)
		if name == "" {
			name = r["id"].(string)
		}
		outcomes[name] = r["outcome"].(string)
		if code, _ := r["code"].(string); code != "" {
			outcomes[name] += " " + code
		}
	}
	next, _ = o["next"].(string)
	return outcomes, next
}

func wantOutcomes(t *testing.T, when string, got, want map[string]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", when, got, want)
	}
}

func (s *Signet) userOf(t *testing.T, id string) admin.User {
	t.Helper()
	u, err := s.operator().Users().Show(t.Context(), id)
	must(t, err)
	return u
}

func testBulk(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	nobody := "00000000-0000-0000-0000-000000000000"
	bert := s.AddUser(t, "bert")
	ids := []any{s.Alice.ID, bert.ID, f.SuperAdmin.ID, f.Admin.ID, nobody}
	refresh := s.Login(t, f.Portal, s.Alice, "openid profile").Refresh
	got, _ := s.bulk(t, "", Object{"action": "disable", "ids": ids}, f.admin)
	wantOutcomes(t, "disable", got, map[string]string{"alice": "done", "bert": "done", "rita": "failed access_denied", "adam": "failed own_account", nobody: "failed not_found"})
	if !s.userOf(t, s.Alice.ID).Disabled || s.userOf(t, f.SuperAdmin.ID).Disabled || s.userOf(t, f.Admin.ID).Disabled {
		t.Error("the wrong users are disabled")
	}
	got, _ = s.bulk(t, "", Object{"action": "disable", "ids": ids[:2]}, f.admin)
	wantOutcomes(t, "disable again", got, map[string]string{"alice": "unchanged", "bert": "unchanged"})
	got, _ = s.bulk(t, "", Object{"action": "enable", "ids": ids[:2]}, f.admin)
	wantOutcomes(t, "enable", got, map[string]string{"alice": "done", "bert": "done"})
	s.Post(Token, Form("grant_type", "refresh_token", "refresh_token", refresh), Basic(f.Portal)).ExpectError(t, http.StatusBadRequest, "invalid_grant")

	refresh = s.Login(t, f.Portal, s.Alice, "openid profile").Refresh
	got, _ = s.bulk(t, "", Object{"action": "end_sessions", "ids": ids[:1]}, f.admin)
	wantOutcomes(t, "end the sessions", got, map[string]string{"alice": "done"})
	s.Post(Token, Form("grant_type", "refresh_token", "refresh_token", refresh), Basic(f.Portal)).ExpectError(t, http.StatusBadRequest, "invalid_grant")

	got, _ = s.bulk(t, "", Object{"action": "add_role", "role": "editor", "ids": ids[:2]}, f.superAdmin)
	wantOutcomes(t, "give a role", got, map[string]string{"alice": "done", "bert": "done"})
	if roles := s.userOf(t, bert.ID).Roles; !slices.Contains(roles, "editor") || !slices.Contains(roles, "user") {
		t.Errorf("bert holds %v", roles)
	}
	got, _ = s.bulk(t, "?role=editor", Object{"action": "take_role", "role": "editor"}, f.superAdmin)
	if got["alice"] != "done" || got["bert"] != "done" {
		t.Errorf("take a role: %v", got)
	}
	if roles := s.userOf(t, bert.ID).Roles; slices.Contains(roles, "editor") {
		t.Errorf("bert holds %v", roles)
	}
	got, _ = s.bulk(t, "", Object{"action": "add_role", "role": "super_admin", "ids": ids[:1]}, f.admin)
	wantOutcomes(t, "give a role above", got, map[string]string{"alice": "failed access_denied"})
}

func testBulkPages(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for n := range 7 {
		s.AddUser(t, fmt.Sprintf("many-%d", n))
	}
	all, next, pages := map[string]string{}, "", 0
	for {
		got, more := s.bulk(t, "?prefix=many-&disabled=false&limit=3&after="+url.QueryEscape(next), Object{"action": "disable"}, f.admin)
		for name, outcome := range got {
			all[name] = outcome
		}
		if pages++; more == "" || pages > 9 {
			break
		}
		next = more
	}
	if len(all) != 7 || pages < 3 {
		t.Errorf("%d users in %d pages: %v", len(all), pages, all)
	}
	got, _ := s.bulk(t, "?prefix=many-&disabled=false", Object{"action": "disable"}, f.admin)
	wantOutcomes(t, "nobody is left", got, map[string]string{})
}

func testBulkRefused(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	refused := func(query string, body Object, field string) {
		t.Helper()
		s.JSON("POST", usersBulk+query, body, f.admin).ExpectProblem(t, http.StatusUnprocessableEntity, "invalid_field", field)
	}
	many := make([]any, 101)
	for n := range many {
		many[n] = s.Alice.ID
	}
	refused("", Object{"action": "delete", "ids": many[:1]}, "action")
	refused("", Object{"action": "disable", "ids": many}, "ids")
	refused("", Object{"action": "disable", "ids": []any{}}, "ids")
	refused("?prefix=a", Object{"action": "disable", "ids": many[:1]}, "ids")
	refused("", Object{"action": "disable"}, "everybody")
	refused("?sort=username", Object{"action": "disable"}, "everybody")
	refused("", Object{"action": "add_role", "role": "nothing", "ids": many[:1]}, "role")
	refused("", Object{"action": "disable", "role": "user", "ids": many[:1]}, "role")
	refused("?disabled=maybe", Object{"action": "disable"}, "disabled")
	s.JSON("POST", usersBulk+"?colour=red", Object{"action": "disable"}, f.admin).ExpectProblem(t, http.StatusBadRequest, "invalid_request")
	s.JSON("POST", usersBulk, Object{"action": "disable", "ids": many[:1]}, f.admin, Header("If-Match", `"1-1"`)).ExpectProblem(t, http.StatusPreconditionFailed, "lost_update")
	if s.userOf(t, s.Alice.ID).Disabled {
		t.Error("a refused request has changed a user")
	}
}

func testBulkConsole(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for n := range 3 {
		s.AddUser(t, fmt.Sprintf("team-%d", n))
	}
	b, page := s.openConsole(t, f.Admin, "/people?prefix=team-")
	page.has(t, http.StatusOK, `form="many"`, "Change many")
	at := ConsolePath + "/people/bulk"
	b.follow(t, at, Form("action", "disable")).has(t, http.StatusBadRequest, "Nothing was done")
	b.follow(t, at, url.Values{"action": {"disable"}, "user": {s.Alice.ID, f.SuperAdmin.ID}}).has(t, http.StatusOK, "<bdi>2</bdi> people so far: <bdi>1</bdi> changed, <bdi>1</bdi> could not be changed.", "alice", "rita")
	b.follow(t, at, url.Values{"action": {"enable"}, "user": {s.Alice.ID}}).has(t, http.StatusOK, "<bdi>1</bdi> changed")
	b.follow(t, at, url.Values{"action": {"add_role"}, "change_role": {""}, "user": {s.Alice.ID}}).has(t, http.StatusBadRequest, "no such role")
	b.follow(t, at, Form("action", "disable", "all", "1", "prefix", "team-", "so_far", "10", "changed_so_far", "9", "failed_so_far", "1")).has(t, http.StatusOK, "<bdi>13</bdi> people so far: <bdi>12</bdi> changed, <bdi>1</bdi> could not", "team-2")
	if s.userOf(t, s.Alice.ID).Disabled || !s.userOf(t, idOf(t.Context(), s, "team-1")).Disabled {
		t.Error("the wrong people are disabled")
	}
	s.Advance(6 * 60e9)
	b.follow(t, at, url.Values{"action": {"disable"}, "user": {s.Alice.ID}}).has(t, http.StatusForbidden, "Sign in again")
}
