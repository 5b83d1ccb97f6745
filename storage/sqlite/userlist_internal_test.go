package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"example.org/signet/storage"
)

// everyUserFilter is every combination that has a statement of its own.
func everyUserFilter(prefix string) (all []storage.UserFilter) {
	yes, no := true, false
	for _, f := range []storage.UserFilter{{}, {Order: storage.UsersByName}, {Prefix: prefix}} {
		for _, f.Role = range []string{"", "user", "rare"} {
			for _, f.Disabled = range []*bool{nil, &yes, &no} {
				for _, f.MustChangePassword = range []*bool{nil, &yes, &no} {
					for _, f.Descending = range []bool{false, true} {
						all = append(all, f)
					}
				}
			}
		}
	}
	return all
}

// Whatever is asked, users are found by the keys of their order, and nothing is sorted.
func TestUserPlans(t *testing.T) {
	s := openTest(t)
	for _, f := range everyUserFilter("a") {
		keys := "SEARCH k USING PRIMARY KEY (role=? AND kind=? AND state=? AND (key,user_id)>(?,?) AND key<?)"
		if f.Descending {
			keys = "SEARCH k USING PRIMARY KEY (role=? AND kind=? AND state=? AND key>? AND (key,user_id)<(?,?))"
		}
		for _, step := range strings.Split(plan(t, s, userQuery(f, storage.Page{})), "; ") {
			switch step {
			case keys, "SEARCH u USING PRIMARY KEY (id=?)", "MERGE (UNION ALL)", "LEFT", "RIGHT":
			default:
				t.Errorf("%+v: %s", f, step)
			}
		}
	}
}

// earlierUsers makes a database of the schema before user_keys with so many users, a tenth of
// them disabled and a tenth who must change their password.
func earlierUsers(t testing.TB, users int) (path string) {
	t.Helper()
	path, all := filepath.Join(t.TempDir(), "signet.db"), migrations
	replaceMigrations(t, all[:beforeUserKeys]...)
	if err := openClose(t, path); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{
		"PRAGMA synchronous = OFF",
		fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "+
			"INSERT INTO users (id, username, email, full_name, phone, roles, password_hash, disabled, epoch, version, created_at, updated_at, must_change_password) "+
			"SELECT printf('id-%%07d', i * 7919 %% 10000019), printf('user%%07d', i), iif(i %% 5, printf('user%%07d@example.org', i), ''), '', '', "+
			"iif(i %% 1000, '[\"user\"]', '[\"rare\",\"user\"]'), '', i %% 10 = 3, 0, 1, i / 3 * 1000, 0, i %% 10 = 7 FROM n", users-1),
		"INSERT INTO user_roles (role, user_id) SELECT json_each.value, users.id FROM users, json_each(users.roles)",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	migrations = all
	return path
}

// beforeUserKeys is the version of the schema before the table user_keys.
const beforeUserKeys = 14

// Users of a database that an earlier program made are listed in every way.
func TestEarlierUsersAreListed(t *testing.T) {
	const users = 60
	s, err := Open(t.Context(), earlierUsers(t, users))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, f := range everyUserFilter("user") {
		page, err := s.ListUsers(t.Context(), f, storage.Page{Limit: storage.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for i := range users {
			disabled, mustChange := i%10 == 3, i%10 == 7
			if (f.Role != "rare" || i%1000 == 0) && (f.Disabled == nil || *f.Disabled == disabled) && (f.MustChangePassword == nil || *f.MustChangePassword == mustChange) {
				want++
			}
		}
		if len(page.Users) != want {
			t.Errorf("%+v lists %d, want %d", f, len(page.Users), want)
		}
	}
	u, err := s.UserByLogin(t.Context(), "user0000000")
	if err == nil {
		t.Fatalf("the test's users have no logins, yet %s was found", u.ID)
	}
	if u, err = s.User(t.Context(), "id-0000000"); err != nil {
		t.Fatal(err)
	}
	u.Roles, u.Disabled, u.Email = nil, true, ""
	if _, err := s.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if left := countKeys(t, s, u.ID); left != 2 {
		t.Errorf("a user without role and address has %d keys, want 2", left)
	}
	if err := s.DeleteUser(t.Context(), u.ID, 0); err != nil {
		t.Fatal(err)
	}
	if left := countKeys(t, s, u.ID); left != 0 {
		t.Errorf("a deleted user has %d keys", left)
	}
}

func countKeys(t *testing.T, s *Store, id string) (n int) {
	t.Helper()
	all, err := readMany(t.Context(), s, "count keys", selection{"SELECT user_id FROM user_keys WHERE user_id = ?", []any{id}}, scanString)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
