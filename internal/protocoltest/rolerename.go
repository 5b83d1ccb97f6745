package protocoltest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// A role that gets another name while users hold it.
var roleRenameCases = []testCase{
	{name: "a role is renamed", configure: mergedAdmin, run: testRoleRenamed},
	{name: "a role that is being renamed is not changed", configure: mergedAdmin, run: testRoleBeingRenamed},
	{name: "a renaming that breaks off", run: testRoleRenameFaults},
	{name: "a role renamed by three while it is given and changed", run: testRoleRenameRace},
}

// visitor is the new name of the role guest.
const visitor = "visitor"

// rolesOf are the roles that the user holds.
func rolesOf(t *testing.T, s *Signet, id string) []string {
	t.Helper()
	u, err := s.backend.User(t.Context(), id)
	must(t, err)
	return u.Roles
}

// renameGuest renames guest to visitor, however many steps that takes.
func renameGuest(s *Signet) error {
	for {
		step, err := s.operator().Roles().Rename(context.Background(), guest, visitor)
		if err != nil || step.Role.Replaces == "" {
			return err
		}
	}
}

func testRoleRenamed(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	createGuest(t, s, "vault:open")
	must(t, give(s, s.Alice))
	other := s.AddUser(t, "other-guest", "user", guest)
	path := Roles + "/" + guest
	s.JSON("PATCH", Roles+"/user", Object{"name": "person"}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "name")
	s.JSON("PATCH", path, Object{"name": "user"}, f.superAdmin).ExpectProblem(t, http.StatusConflict, "duplicate", "name")
	s.JSON("PATCH", path, Object{"name": guest}, f.superAdmin).ExpectProblem(t, http.StatusConflict, "duplicate", "name")
	s.JSON("PATCH", path, Object{"name": "No Name"}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "name")
	s.JSON("PATCH", path, Object{"name": visitor, "rank": 3}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "name")
	s.JSON("PATCH", path, Object{"name": visitor}, f.superAdmin, Header("If-Match", `"0-1"`)).ExpectStatus(t, http.StatusPreconditionFailed)
	etag := s.JSON("GET", path, nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
	renamed := s.JSON("PATCH", path, Object{"name": visitor}, f.superAdmin, Header("If-Match", etag)).ExpectStatus(t, http.StatusOK).Object(t)
	if renamed["name"] != visitor || renamed["replaces"] != nil || fmt.Sprint(renamed["scopes"]) != "[vault:open]" {
		t.Errorf("renamed %v", renamed)
	}
	for _, id := range []string{s.Alice.ID, other.ID} {
		if got := rolesOf(t, s, id); !slices.Equal(got, []string{"user", visitor}) {
			t.Errorf("%s holds %v", id, got)
		}
	}
	s.JSON("GET", path, nil, f.superAdmin).ExpectStatus(t, http.StatusNotFound)
	s.JSON("PATCH", path, Object{"name": visitor}, f.superAdmin).ExpectStatus(t, http.StatusNotFound)
	if got := ids(s.JSON("GET", Audit+"?type=role.renamed&target="+guest, nil, f.admin), t, "id"); len(got) != 1 {
		t.Errorf("%d events", len(got))
	}
	createGuest(t, s) // another role of the old name has nothing to do with it
	s.JSON("PATCH", path, Object{"name": visitor}, f.superAdmin).ExpectProblem(t, http.StatusConflict, "duplicate", "name")
	must(t, s.operator().Roles().Delete(t.Context(), guest, true))
}

// testRoleBeingRenamed: between the steps neither name is changed, deleted or given away.
func testRoleBeingRenamed(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	createGuest(t, s, "vault:open")
	must(t, give(s, s.Alice))
	s.Store.Before(failMethod("UpdateUser"))
	s.JSON("PATCH", Roles+"/"+guest, Object{"name": visitor}, f.superAdmin).ExpectProblem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	s.Store.Reset()
	if r := s.JSON("GET", Roles+"/"+visitor, nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Object(t); r["replaces"] != guest {
		t.Errorf("the new role is %v", r)
	}
	for _, name := range []string{guest, visitor} {
		s.JSON("PATCH", Roles+"/"+name, Object{"rank": 7}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "name")
		s.JSON("PATCH", Roles+"/"+name, Object{"name": "third"}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "name")
		s.JSON("DELETE", Roles+"/"+name+"?release_scopes=true", nil, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "name")
	}
	must(t, renameGuest(s))
	s.JSON("PATCH", Roles+"/"+visitor, Object{"rank": 7}, f.superAdmin).ExpectStatus(t, http.StatusOK)
}

// testRoleRenameFaults: a renaming breaks off at each store call in turn. Whoever held the role has
// it by one of both names, which give the same, and the next attempt completes it.
func testRoleRenameFaults(t *testing.T, s *Signet) {
	for _, fault := range []func(int){s.Store.FailAt, s.Store.LoseResponseAt} {
		for at, reached := 1, true; reached; at++ {
			createGuest(t, s, "vault:open")
			must(t, give(s, s.Alice))
			fault(at)
			_ = renameGuest(s)
			reached = len(s.Store.Calls()) >= at
			s.Store.Reset()
			expectOneOf(t, s, fmt.Sprintf("call %d", at))
			if _, err := s.operator().Roles().Show(t.Context(), guest); err == nil {
				must(t, renameGuest(s))
			}
			if got := rolesOf(t, s, s.Alice.ID); !slices.Equal(got, []string{"user", visitor}) {
				t.Errorf("call %d: afterwards alice holds %v", at, got)
			}
			_, err := s.operator().Users().Update(t.Context(), s.Alice.ID, admin.UserChange{Roles: &[]string{"user"}})
			must(t, err)
			s.Advance(roleSettled)
			s.RefreshStatus(t)
			must(t, s.operator().Roles().Delete(t.Context(), visitor, true))
		}
	}
}

// expectOneOf expects that alice holds the role by one name, and that it gives its scope.
func expectOneOf(t *testing.T, s *Signet, when string) {
	t.Helper()
	held := slices.DeleteFunc(rolesOf(t, s, s.Alice.ID), func(name string) bool { return name == "user" })
	if len(held) != 1 {
		t.Errorf("%s: alice holds %v", when, held)
		return
	}
	if r, err := s.backend.Role(t.Context(), held[0]); err != nil || !slices.Equal(r.Scopes, []string{"vault:open"}) {
		t.Errorf("%s: the role %s has the scopes %v, %v", when, held[0], r.Scopes, err)
	}
}

// testRoleRenameRace: three rename the role while it is given, taken and changed. Afterwards nobody
// holds a role that is gone, and what the new one gives is what the old one gave last.
func testRoleRenameRace(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	var users []User
	for n := range 8 {
		users = append(users, s.AddUser(t, fmt.Sprintf("racer-%d", n), "user"))
	}
	for round := range rounds(4, 40) {
		createGuest(t, s, "vault:open")
		must(t, give(s, users[0]))
		changed := false
		var all []func()
		for n := range 24 {
			i := instances[n%3]
			switch {
			case n < 3:
				all = append(all, func() { _ = renameGuest(i) })
			case n == 3:
				all = append(all, func() {
					_, err := i.operator().Roles().Update(context.Background(), guest, admin.RoleChange{Scopes: &[]string{"vault:open", "vault:close"}})
					changed = err == nil
				})
			default:
				all = append(all, func() { _ = give(i, users[n%len(users)]) })
			}
		}
		runConcurrently(all...)
		if _, err := s.operator().Roles().Show(t.Context(), guest); err == nil {
			s.Advance(roleSettled)
			s.RefreshStatus(t) // of assignments that broke off
			must(t, renameGuest(s))
		}
		if held := holders(t, s); len(held) > 0 {
			t.Errorf("round %d: %d hold the role that is gone", round, len(held))
		}
		r, err := s.backend.Role(t.Context(), visitor)
		if must(t, err); changed && len(r.Scopes) != 2 || !changed && len(r.Scopes) != 1 {
			t.Errorf("round %d: changed %t, the new role is %+v", round, changed, r)
		}
		page, err := s.backend.ListUsers(t.Context(), storage.UserFilter{Role: visitor}, storage.Page{})
		if must(t, err); len(page.Users) == 0 {
			t.Errorf("round %d: nobody holds the new role", round)
		}
		for _, u := range page.Users {
			_, err := s.operator().Users().Update(t.Context(), u.ID, admin.UserChange{Roles: &[]string{"user"}})
			must(t, err)
		}
		s.Advance(roleSettled)
		s.RefreshStatus(t)
		must(t, s.operator().Roles().Delete(t.Context(), visitor, true))
	}
}
