package protocoltest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// A role that goes while it is given to somebody.
var roleDeletionCases = []testCase{
	{name: "A05 a role deleted while 64 give it", run: testRoleDeletionRace},
	{name: "A05 a role deleted between check and assignment", configure: mergedAdmin, run: testRoleDeletedBeforeWrite},
	{name: "A05 a role deleted while a user is created with it", configure: mergedAdmin, run: testRoleDeletedBeforeCreation},
	{name: "A05 a deletion that breaks off", run: testRoleDeletionFaults},
	{name: "A05 a role or client that was changed is not deleted", configure: mergedAdmin, run: testDeleteChanged},
}

const guest = "guest"

// createGuest creates the role that the cases delete.
func createGuest(t *testing.T, s *Signet, scopes ...string) {
	t.Helper()
	_, err := s.operator().Roles().Create(t.Context(), guest, admin.RoleChange{Scopes: &scopes})
	must(t, err)
}

// holders are the users that hold the role, whether or not it is there.
func holders(t *testing.T, s *Signet) []storage.User {
	t.Helper()
	page, err := s.backend.ListUsers(t.Context(), storage.UserFilter{Role: guest}, storage.Page{})
	must(t, err)
	return page.Users
}

func give(s *Signet, p User) error {
	return secondError(s.operator().Users().Update(context.Background(), p.ID, admin.UserChange{Roles: &[]string{"user", guest}}))
}

// testRoleDeletionRace: whoever was given the role keeps it from being deleted, and
// nobody holds a role that is gone.
func testRoleDeletionRace(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	var users []User
	for n := range 8 {
		users = append(users, s.AddUser(t, fmt.Sprintf("racer-%d", n), "user"))
	}
	for round := range rounds(5, 100) {
		createGuest(t, s)
		given, deleted := make([]error, 64), make([]error, 64)
		var all []func()
		for n := range 64 {
			given[n], deleted[n] = errLeftOut, errLeftOut
			switch i := instances[n%3]; {
			case n%4 == 0:
				all = append(all, func() { deleted[n] = i.operator().Roles().Delete(context.Background(), guest, true) })
			case n%16 == 1:
				all = append(all, func() {
					name := fmt.Sprintf("new-%d-%d", round, n)
					given[n] = secondError(i.operator().Users().Create(context.Background(), admin.NewUser{Username: name, Roles: []string{guest}}))
				})
			default:
				all = append(all, func() { given[n] = give(i, users[n%len(users)]) })
			}
		}
		runConcurrently(all...)
		_, err := s.operator().Roles().Show(t.Context(), guest)
		gone, held := err != nil, holders(t, s)
		if gone && (len(held) > 0 || slices.Contains(given, nil)) {
			t.Errorf("round %d: the role is gone, %d hold it: %v", round, len(held), given)
		}
		if gone != slices.Contains(deleted, nil) {
			t.Errorf("round %d: gone %t, deletions %v", round, gone, deleted)
		}
		for _, u := range held {
			_, err := s.operator().Users().Update(t.Context(), u.ID, admin.UserChange{Roles: &[]string{"user"}})
			must(t, err)
		}
		if !gone {
			s.Advance(61 * time.Second)
			s.RefreshStatus(t) // of assignments that broke off
			must(t, s.operator().Roles().Delete(t.Context(), guest, true))
		}
	}
}

func testRoleDeletedBeforeWrite(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	createGuest(t, s)
	b := s.StartInstance(t)
	a := holdWhile(t, s, "UpdateUser", func() Response {
		return s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"roles": []string{"user", guest}}, f.admin)
	}, func() { must(t, b.operator().Roles().Delete(t.Context(), guest, true)) })
	a.ExpectProblem(t, 422, "invalid_field", "roles")
	createGuest(t, s, "vault:open")
	if got := holders(t, s); len(got) > 0 {
		t.Errorf("%d hold the later role of that name", len(got))
	}
}

func testRoleDeletedBeforeCreation(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	createGuest(t, s)
	b := s.StartInstance(t)
	holdWhile(t, s, "CreateUser", func() Response {
		return s.JSON("POST", Users, Object{"username": "newcomer", "roles": []string{guest}}, f.admin)
	}, func() {
		if err := b.operator().Roles().Delete(t.Context(), guest, true); err == nil {
			t.Error("the role is deleted while a user is created with it")
		}
	}).ExpectStatus(t, http.StatusCreated)
	if got := holders(t, s); len(got) != 1 {
		t.Errorf("%d hold the role", len(got))
	}
	if err := b.operator().Roles().Delete(t.Context(), guest, true); err == nil {
		t.Error("a role that is held is deleted")
	}
	must(t, give(s, s.Alice)) // it is as it was before the attempts
}

// testRoleDeletionFaults: a deletion or an assignment breaks off at each store call in
// turn. Nobody holds a role that is gone, and both can be tried again.
func testRoleDeletionFaults(t *testing.T, s *Signet) {
	for name, change := range map[string]func() error{
		"deletion":   func() error { return s.operator().Roles().Delete(context.Background(), guest, true) },
		"assignment": func() error { return give(s, s.Alice) },
	} {
		for _, fault := range []func(int){s.Store.FailAt, s.Store.LoseResponseAt} {
			for at, reached := 1, true; reached; at++ {
				if _, err := s.operator().Roles().Show(t.Context(), guest); err != nil {
					createGuest(t, s)
				}
				fault(at)
				_ = change()
				reached = len(s.Store.Calls()) >= at
				s.Store.Reset()
				s.Advance(roleSettled)
				s.RefreshStatus(t)
				s.Advance(roleSettled)
				s.RefreshStatus(t)
				_, err := s.operator().Roles().Show(t.Context(), guest)
				if held := holders(t, s); err != nil && len(held) > 0 {
					t.Errorf("%s, call %d: the role is gone, %d hold it", name, at, len(held))
				}
				_, err = s.operator().Users().Update(t.Context(), s.Alice.ID, admin.UserChange{Roles: &[]string{"user"}})
				must(t, err)
				if _, err := s.operator().Roles().Show(t.Context(), guest); err == nil {
					must(t, s.operator().Roles().Delete(t.Context(), guest, true))
				}
			}
		}
	}
	s.Advance(roleSettled)
	s.RefreshStatus(t)
	s.Advance(roleSettled)
	s.RefreshStatus(t)
	if left, err := s.Store.PendingRevocations(t.Context(), 10); err != nil || len(left) > 0 {
		t.Errorf("left pending: %v, %v", left, err)
	}
}

// roleSettled is a second longer than pending records are left to those who made them.
const roleSettled = 61 * time.Second

// testDeleteChanged: what was changed between reading and deleting it is looked at
// again, and with a condition that was sent it is not deleted.
func testDeleteChanged(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	createGuest(t, s)
	for path, rename := range map[string]Object{Roles + "/" + guest: {"description": "changed"}, Clients + "/" + s.Other.ID: {"client_name": "changed"}} {
		etag := s.JSON("GET", path, nil, f.superAdmin).ExpectStatus(t, http.StatusOK).Header.Get("ETag")
		s.JSON("PATCH", path, rename, f.superAdmin).ExpectStatus(t, http.StatusOK)
		s.JSON("DELETE", path, nil, f.superAdmin, Header("If-Match", etag)).ExpectStatus(t, http.StatusPreconditionFailed)
		s.JSON("GET", path, nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
		s.JSON("DELETE", path, nil, f.superAdmin).ExpectStatus(t, http.StatusNoContent)
	}
}
