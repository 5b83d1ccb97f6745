package storagetest

import (
	"fmt"
	"slices"
	"testing"

	"example.org/signet/storage"
)

var userListContracts = []contract{
	{"All", userListAll},
	{"ByPrefix", userListByPrefix},
	{"PrefixIsLiteral", userListPrefixIsLiteral},
	{"ByRole", userListByRole},
	{"ByBoth", userListByBoth},
	{"FollowsChanges", userListFollowsChanges},
	{"EveryCombination", userListEveryCombination},
	{"FollowsStates", userListFollowsStates},
	{"CursorsOfOthers", userListCursorsOfOthers},
	{"RenamedMeanwhile", userListRenamedMeanwhile},
}

// wantUsers lists with the filter, in pages of two, and compares the ids.
func wantUsers(t *testing.T, s storage.Store, f storage.UserFilter, ids ...string) {
	t.Helper()
	got := listUserPages(t, 2, listUsers(t, s, f))
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("users selected by %s: got %q, want %q", filterText(f), got, ids)
	}
}

// listUserPages reads a listing to its end. With a prefix a page may be empty.
func listUserPages(t *testing.T, limit int, list listFunc) (all []string) {
	t.Helper()
	for p := (storage.Page{Limit: limit}); ; {
		ids, next, err := list(p)
		noErr(t, "reading a page", err)
		if len(ids) > limit || next != "" && next == p.After {
			t.Fatalf("a page of limit %d after %q has %d records and the cursor %q", limit, p.After, len(ids), next)
		}
		all = append(all, ids...)
		if next == "" {
			return all
		}
		p.After = next
	}
}

func filterText(f storage.UserFilter) string {
	flag := func(b *bool) string {
		if b == nil {
			return "any"
		}
		return fmt.Sprint(*b)
	}
	return fmt.Sprintf("prefix %+q, role %+q, disabled %s, must change %s, order %d, descending %t",
		f.Prefix, f.Role, flag(f.Disabled), flag(f.MustChangePassword), f.Order, f.Descending)
}

// listUsers turns ListUsers into what walk takes.
func listUsers(t *testing.T, s storage.Store, f storage.UserFilter) listFunc {
	return func(p storage.Page) ([]string, string, error) {
		page, err := s.ListUsers(t.Context(), f, p)
		return idsOf(page.Users, func(u storage.User) string { return u.ID }), page.Next, err
	}
}

func userListAll(t *testing.T, s storage.Store) {
	page, err := s.ListUsers(t.Context(), storage.UserFilter{}, storage.Page{})
	noErr(t, "ListUsers of none", err)
	wantEqual(t, "an empty listing", len(page.Users), 0)
	wantEqual(t, "its cursor", page.Next, "")

	var want []storage.User
	for n := range 5 {
		want = append(want, newUser(n))
		createUser(t, s, newUser(4-n))
	}
	page, err = s.ListUsers(t.Context(), storage.UserFilter{}, storage.Page{})
	noErr(t, "ListUsers", err)
	wantEqual(t, "the listing", page.Users, want)
}

// createNamed creates users whose ids are their usernames.
func createNamed(t *testing.T, s storage.Store, email string, names ...string) {
	t.Helper()
	for i, name := range names {
		u := newUser(i)
		u.ID, u.Username, u.Email = name, name, ""
		if email != "" {
			u.Email = name + email
		}
		createUser(t, s, u)
	}
}

func userListByPrefix(t *testing.T, s storage.Store) {
	createNamed(t, s, "", "ann", "anna", "annb", "bob", "an", "Ann")
	u := newUser(50)
	u.ID, u.Username, u.Email = "carol", "carol", "ann@example.org"
	createUser(t, s, u)
	u = newUser(51)
	u.ID, u.Username, u.Email = "anneke", "anneke", "anneke@example.org" // both match: listed once
	createUser(t, s, u)

	wantUsers(t, s, storage.UserFilter{Prefix: "ann"}, "ann", "anna", "annb", "carol", "anneke")
	wantUsers(t, s, storage.UserFilter{Prefix: "an"}, "an", "ann", "anna", "annb", "carol", "anneke")
	wantUsers(t, s, storage.UserFilter{Prefix: "ann@"}, "carol")
	wantUsers(t, s, storage.UserFilter{Prefix: "bob"}, "bob")
	wantUsers(t, s, storage.UserFilter{Prefix: "bobo"})
	wantUsers(t, s, storage.UserFilter{Prefix: "nn"})
	wantUsers(t, s, storage.UserFilter{Prefix: "example.org"})
}

func userListPrefixIsLiteral(t *testing.T, s storage.Store) {
	names := []string{"plain", "100%", "100 x", "a_b", "axb", "a*b", "a.b", "(a+)+$", "^a", `\Qa`, `a\b`,
		"\u00fcber", "\u00fcbung", "\u00fd", "\U0001f600one", "\U0001f600two", "\U0001f601", "z\U0010ffff", "z\U0010fffftail", "z\uffff"}
	createNamed(t, s, "", names...)
	for prefix, want := range map[string][]string{
		"%": nil, "_": nil, "*": nil, ".*": nil, "?": nil, "[a-z]": nil,
		"100%":         {"100%"},
		"a_":           {"a_b"},
		"a*":           {"a*b"},
		"a.":           {"a.b"},
		"(a+":          {"(a+)+$"},
		"^":            {"^a"},
		`\Q`:           {`\Qa`},
		`a\`:           {`a\b`},
		"\u00fcb":      {"\u00fcber", "\u00fcbung"},
		"\u00fc":       {"\u00fcber", "\u00fcbung"},
		"\U0001f600":   {"\U0001f600one", "\U0001f600two"},
		"z\U0010ffff":  {"z\U0010ffff", "z\U0010fffftail"},
		"z\uffff":      {"z\uffff"},
		"'":            nil,
		"plain' OR '1": nil,
		`{"$gt":""}`:   nil,
	} {
		wantUsers(t, s, storage.UserFilter{Prefix: prefix}, want...)
	}
}

func userListByRole(t *testing.T, s storage.Store) {
	roles := map[string][]string{"a": {"admin", "user"}, "b": {"user"}, "c": nil, "d": {"administrator"}, "e": {"super user"}}
	for name, held := range roles {
		u := newUser(1)
		u.ID, u.Username, u.Email, u.Roles = name, name, "", held
		createUser(t, s, u)
	}
	wantUsers(t, s, storage.UserFilter{Role: "user"}, "a", "b")
	wantUsers(t, s, storage.UserFilter{Role: "admin"}, "a")
	wantUsers(t, s, storage.UserFilter{Role: "admin user"})
	wantUsers(t, s, storage.UserFilter{Role: `admin","user`})
	wantUsers(t, s, storage.UserFilter{Role: "super user"}, "e")
	wantUsers(t, s, storage.UserFilter{Role: "super"})
	wantUsers(t, s, storage.UserFilter{Role: "%"})
	wantUsers(t, s, storage.UserFilter{}, "a", "b", "c", "d", "e")
}

func userListByBoth(t *testing.T, s storage.Store) {
	createNamed(t, s, "@example.org", "ann", "anna", "bob")
	u := newUser(9)
	u.ID, u.Username, u.Email, u.Roles = "anton", "anton", "", []string{"guest"}
	createUser(t, s, u)
	wantUsers(t, s, storage.UserFilter{Prefix: "an", Role: "guest"}, "anton")
	wantUsers(t, s, storage.UserFilter{Prefix: "an", Role: "editor"}, "ann", "anna")
	wantUsers(t, s, storage.UserFilter{Prefix: "bob", Role: "guest"})
}

func userListFollowsChanges(t *testing.T, s storage.Store) {
	u := createUser(t, s, newUser(1))
	u.Username, u.Email, u.Roles = "moved", "", []string{"guest"}
	u, err := s.UpdateUser(t.Context(), u)
	noErr(t, "UpdateUser", err)
	wantUsers(t, s, storage.UserFilter{Prefix: "user-"})
	wantUsers(t, s, storage.UserFilter{Role: "editor"})
	wantUsers(t, s, storage.UserFilter{Prefix: "mov", Role: "guest"}, u.ID)
	noErr(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID, 0))
	wantUsers(t, s, storage.UserFilter{Prefix: "mov"})
	wantUsers(t, s, storage.UserFilter{})
}
