package storagetest

import (
	"fmt"
	"testing"

	"example.org/signet/storage"
)

var roleContracts = []contract{
	{"CreateAndRead", roleCreateAndRead},
	{"Duplicate", roleDuplicate},
	{"NotFound", roleNotFound},
	{"Update", roleUpdate},
	{"UpdateRace", roleUpdateRace},
	{"Delete", roleDelete},
	{"List", roleList},
	{"CreateRace", roleCreateRace},
}

func createRole(t *testing.T, s storage.Store, r storage.Role) storage.Role {
	t.Helper()
	noErr(t, "CreateRole "+r.Name, s.CreateRole(t.Context(), r))
	return r
}

func wantRole(t *testing.T, s storage.Store, want storage.Role) {
	t.Helper()
	got, err := s.Role(t.Context(), want.Name)
	noErr(t, "Role "+want.Name, err)
	wantEqual(t, "role "+want.Name, got, want)
}

func roleCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 3 {
		r := newRole(n)
		r.Version = int64(n) * 7
		createRole(t, s, r)
	}
	for n := range 3 {
		wantRole(t, s, newRole(n))
	}
}

func roleDuplicate(t *testing.T, s storage.Store) {
	createRole(t, s, newRole(1))
	other := newRole(2)
	other.Name = newRole(1).Name
	wantDuplicate(t, "CreateRole", s.CreateRole(t.Context(), other), "name")
	wantRole(t, s, newRole(1))
}

func roleNotFound(t *testing.T, s storage.Store) {
	ctx := t.Context()
	_, err := s.Role(ctx, "role-404")
	wantErr(t, "Role", err, storage.ErrNotFound)
	_, err = s.UpdateRole(ctx, newRole(404))
	wantErr(t, "UpdateRole", err, storage.ErrNotFound)
	wantErr(t, "DeleteRole", s.DeleteRole(ctx, "role-404", 0), storage.ErrNotFound)
}

func roleUpdate(t *testing.T, s storage.Store) {
	createRole(t, s, newRole(1))
	next := newRole(2)
	next.Name = newRole(1).Name
	got, err := s.UpdateRole(t.Context(), next)
	noErr(t, "UpdateRole", err)
	next.Version = 2
	wantEqual(t, "the answer of UpdateRole", got, next)
	wantRole(t, s, next)
	for _, version := range []int64{0, 1, 3} {
		stale := next
		stale.Version, stale.Description = version, "stale"
		_, err := s.UpdateRole(t.Context(), stale)
		wantErr(t, "UpdateRole of another version", err, storage.ErrConflict)
	}
	wantRole(t, s, next)
}

func roleUpdateRace(t *testing.T, s storage.Store) {
	want := createRole(t, s, newRole(1))
	errs := race(racers, func(i int) error {
		r := newRole(1)
		r.Rank = int64(i)
		_, err := s.UpdateRole(t.Context(), r)
		return err
	})
	want.Rank, want.Version = int64(winner(t, errs, storage.ErrConflict)), 2
	wantRole(t, s, want)
}

func roleDelete(t *testing.T, s storage.Store) {
	r, other := createRole(t, s, newRole(1)), createRole(t, s, newRole(2))
	moved, err := s.UpdateRole(t.Context(), r)
	noErr(t, "UpdateRole", err)
	wantErr(t, "DeleteRole of an old version", s.DeleteRole(t.Context(), r.Name, r.Version), storage.ErrConflict)
	wantRole(t, s, moved)
	noErr(t, "DeleteRole", s.DeleteRole(t.Context(), r.Name, moved.Version))
	_, err = s.Role(t.Context(), r.Name)
	wantErr(t, "Role after DeleteRole", err, storage.ErrNotFound)
	wantErr(t, "DeleteRole again", s.DeleteRole(t.Context(), r.Name, 0), storage.ErrNotFound)
	wantRole(t, s, other)
	createRole(t, s, r)
	wantRole(t, s, r)
}

func roleList(t *testing.T, s storage.Store) {
	got, err := s.ListRoles(t.Context())
	noErr(t, "ListRoles of none", err)
	wantEqual(t, "how many roles there are", len(got), 0)
	var want []storage.Role
	for n := range 5 {
		want = append(want, newRole(n))
		createRole(t, s, newRole((n*2)%5))
	}
	got, err = s.ListRoles(t.Context())
	noErr(t, "ListRoles", err)
	wantEqual(t, "the roles in the order of their names", got, want)
}

func roleCreateRace(t *testing.T, s storage.Store) {
	contender := func(i int) storage.Role {
		r := newRole(1)
		r.Description = fmt.Sprint(i)
		return r
	}
	errs := race(racers, func(i int) error { return s.CreateRole(t.Context(), contender(i)) })
	wantRole(t, s, contender(winner(t, errs, storage.ErrConflict)))
}
