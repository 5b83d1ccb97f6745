package storagetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

// listedUsers are users whose names, times and states differ in every way that a listing looks
// at. Some have no e-mail address, one has the address for a username, of some both login names
// begin alike, and several were created at one time.
func listedUsers() (all []storage.User) {
	for n := range 24 {
		u := newUser(n)
		u.ID = fmt.Sprintf("id-%02d", (n*7)%24)
		u.Username = fmt.Sprintf("%c%02d", "abm"[n%3], (n*5)%24)
		u.Email = fmt.Sprintf("%c%02d@example.org", "abz"[(n/2)%3], (n*11)%24)
		switch n {
		case 3, 10:
			u.Email = ""
		case 5:
			u.Username = u.Email
		}
		u.Roles = [][]string{nil, {"editor"}, {"editor", "user"}, {"user"}}[n%4]
		u.Disabled, u.MustChangePassword = n%3 == 0, n%5 < 2
		u.CreatedAt = start.Add(time.Duration((n*3)%8-4) * 300_000 * time.Hour) // from before 1970 to after 2060
		all = append(all, u)
	}
	return all
}

// placeOf is the login name by which a user is listed, "" for one who is not selected.
func placeOf(u storage.User, f storage.UserFilter) string {
	if f.Role != "" && !slices.Contains(u.Roles, f.Role) || f.Disabled != nil && *f.Disabled != u.Disabled ||
		f.MustChangePassword != nil && *f.MustChangePassword != u.MustChangePassword {
		return ""
	}
	var names []string
	for _, name := range []string{u.Username, u.Email} {
		if strings.HasPrefix(name, f.Prefix) && (f.Prefix != "" || name == u.Username) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case f.Descending:
		return slices.Max(names)
	}
	return slices.Min(names)
}

// wantListed is what a listing of all must show, by looking at each of them.
func wantListed(all []storage.User, f storage.UserFilter) (ids []string) {
	selected := slices.DeleteFunc(slices.Clone(all), func(u storage.User) bool { return placeOf(u, f) == "" })
	slices.SortFunc(selected, func(a, b storage.User) int {
		order := cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		if f.Prefix != "" || f.Order == storage.UsersByName {
			order = cmp.Compare(placeOf(a, f), placeOf(b, f))
		}
		if f.Descending {
			return -order
		}
		return order
	})
	return idsOf(selected, func(u storage.User) string { return u.ID })
}

// everyFilter is every combination of what a filter may ask for.
func everyFilter() (all []storage.UserFilter) {
	yes, no := true, false
	flags := []*bool{nil, &yes, &no}
	for _, f := range []storage.UserFilter{{}, {Order: storage.UsersByName}, {Prefix: "a"}, {Prefix: "b1"}} {
		for _, f.Role = range []string{"", "editor"} {
			for _, f.Disabled = range flags {
				for _, f.MustChangePassword = range flags {
					for _, f.Descending = range []bool{false, true} {
						all = append(all, f)
					}
				}
			}
		}
	}
	return all
}

func userListEveryCombination(t *testing.T, s storage.Store) {
	all := listedUsers()
	for _, u := range all {
		createUser(t, s, u)
	}
	for n, f := range everyFilter() {
		want := wantListed(all, f)
		if got := listUserPages(t, 3+n%5, listUsers(t, s, f)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", filterText(f), got, want)
		}
	}
}

// userListFollowsStates: what a change takes from one listing is in the other.
func userListFollowsStates(t *testing.T, s storage.Store) {
	yes, no := true, false
	u := newUser(1)
	u.Disabled, u.MustChangePassword = false, false
	u = createUser(t, s, u)
	for _, state := range []struct{ disabled, mustChange bool }{{true, false}, {true, true}, {false, true}, {false, false}} {
		u.Disabled, u.MustChangePassword = state.disabled, state.mustChange
		var err error
		u, err = s.UpdateUser(t.Context(), u)
		noErr(t, "UpdateUser", err)
		for _, f := range []storage.UserFilter{{}, {Role: "editor"}, {Prefix: "user-"}, {Order: storage.UsersByName, Role: "user"}} {
			for _, f.Disabled = range []*bool{&yes, &no} {
				for _, f.MustChangePassword = range []*bool{&yes, &no} {
					if *f.Disabled == state.disabled && *f.MustChangePassword == state.mustChange {
						wantUsers(t, s, f, u.ID)
					} else {
						wantUsers(t, s, f)
					}
				}
			}
		}
	}
}

// userListCursorsOfOthers: a cursor of another listing stands for a place, and lets nothing in
// that the filter does not select.
func userListCursorsOfOthers(t *testing.T, s storage.Store) {
	for _, u := range listedUsers() {
		createUser(t, s, u)
	}
	for _, after := range append(slices.Clone(injectionStrings), "a", "a05", "b", "zz", "0.", "-1.id-05", "99999999999999999999.x") {
		for _, f := range []storage.UserFilter{{Prefix: "b"}, {Prefix: "b", Descending: true}, {Order: storage.UsersByName, Role: "editor"}, {Role: "editor"}, {Role: "editor", Descending: true}} {
			ids, _, err := listUsers(t, s, f)(storage.Page{After: after})
			noErr(t, fmt.Sprintf("%s after %.40q", filterText(f), after), err)
			for _, id := range ids {
				if !slices.Contains(wantListed(listedUsers(), f), id) {
					t.Errorf("%s after %.40q lists %s", filterText(f), after, id)
				}
			}
		}
	}
}

// userListRenamedMeanwhile: in an order by creation users who change stay where they are.
func userListRenamedMeanwhile(t *testing.T, s storage.Store) {
	for n := range 6 {
		createUser(t, s, newUser(n))
	}
	ids, next, err := listUsers(t, s, storage.UserFilter{})(storage.Page{Limit: 3})
	noErr(t, "ListUsers", err)
	for n := range 6 {
		u := newUser(n)
		u.Username, u.Email, u.Disabled, u.Roles = fmt.Sprintf("renamed-%d", 9-n), "", !u.Disabled, []string{"guest"}
		_, err := s.UpdateUser(t.Context(), u)
		noErr(t, "UpdateUser", err)
	}
	rest, next, err := listUsers(t, s, storage.UserFilter{})(storage.Page{After: next, Limit: 3})
	noErr(t, "ListUsers", err)
	wantEqual(t, "the last cursor", next, "")
	want := []string{newUser(0).ID, newUser(1).ID, newUser(2).ID, newUser(3).ID, newUser(4).ID, newUser(5).ID}
	wantEqual(t, "the listing", append(ids, rest...), want)
}
