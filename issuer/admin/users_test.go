package admin_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

func TestCreateUserRefusals(t *testing.T) {
	f := newFixture(t).withAlice()
	for _, tt := range []struct {
		name  string
		user  admin.NewUser
		field string
	}{
		{"no username", admin.NewUser{}, "username"},
		{"somebody's address", admin.NewUser{Username: "alice@example.org"}, "username"},
		{"an address beside one's own", admin.NewUser{Username: "bob@example.org", Email: "bob@example.com"}, "username"},
		{"nothing to verify", admin.NewUser{Username: "bob", EmailVerified: true}, "email_verified"},
		{"spaces", admin.NewUser{Username: "two words"}, "username"},
		{"bad e-mail", admin.NewUser{Username: "bob", Email: "bob"}, "email"},
		{"short password", admin.NewUser{Username: "bob", Password: "short"}, "password"},
		{"common password", admin.NewUser{Username: "bob", Password: "P@ssw0rd1"}, "password"},
		{"the user's name", admin.NewUser{Username: "bob", FullName: "Robert Oppenheimer", Password: "oppenheimer!"}, "password"},
		{"the e-mail", admin.NewUser{Username: "bob", Email: "bob@quark.example", Password: "bob@quark.example"}, "password"},
		{"the service's host", admin.NewUser{Username: "bob", Password: "id.example.org"}, "password"},
		{"long password", admin.NewUser{Username: "bob", Password: issuer.Secret(strings.Repeat("x", 1025))}, "password"},
		{"unknown hash", admin.NewUser{Username: "bob", PasswordHash: "$1$abc$def"}, "hashed_password"},
		{"two passwords", admin.NewUser{Username: "bob", Password: alicePass, PasswordHash: tutorialHash}, "password"},
		{"unknown role", admin.NewUser{Username: "bob", Roles: []string{"wizard"}}, "roles"},
		{"control characters", admin.NewUser{Username: "bob", FullName: "Bob\x1b[31m"}, "full_name"},
		{"turned text", admin.NewUser{Username: "bob", Phone: "\u202e123"}, "phone"},
	} {
		_, err := f.admin.Users().Create(f.ctx, tt.user)
		wantField(t, tt.name, err, tt.field)
		if _, err := f.admin.Users().Find(f.ctx, "bob"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: left a user behind: %v", tt.name, err)
		}
	}
	for _, u := range []admin.NewUser{{Username: "ALICE"}, {Username: "bob", Email: "Alice@example.org"}, {Username: "alice@example.org", Email: "alice@example.org"}} {
		_, err := f.admin.Users().Create(f.ctx, u)
		var taken *storage.DuplicateError
		if !errors.As(err, &taken) {
			t.Errorf("%+v: %v, want a duplicate", u, err)
		}
	}
}

func TestUpdateUser(t *testing.T) {
	f := newFixture(t).withAlice()
	u, err := f.admin.Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Username: ptr("Alicia"), Email: ptr(""), FullName: ptr("Alicia Smith"), Phone: ptr("+44 20 7946 0000")})
	must(t, err)
	if u.Username != "alicia" || u.Email != "" || u.FullName != "Alicia Smith" {
		t.Errorf("updated to %+v", u)
	}
	if _, err := f.admin.Users().Find(f.ctx, "alice@example.org"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the old e-mail still leads to %v", err)
	}
}

// Racing changes of one record are all made, one after the other.
func TestUpdateUserRace(t *testing.T) {
	f := newFixture(t).withAlice()
	must(t, func() error { _, err := f.admin.Users().EndSessions(f.ctx, f.userID("alice")); return err }())
	before, err := f.store.UserByLogin(f.ctx, "alice")
	must(t, err)
	var wg sync.WaitGroup
	var busy, done sync.Map
	for n := range 16 {
		wg.Go(func() {
			if _, err := f.admin.Users().EndSessions(f.ctx, f.userID("alice")); errors.Is(err, admin.ErrConcurrentUpdate) {
				busy.Store(n, true)
			} else if err == nil {
				done.Store(n, true)
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int64
	done.Range(func(any, any) bool { n++; return true })
	after, err := f.store.UserByLogin(f.ctx, "alice")
	must(t, err)
	if after.Epoch != before.Epoch+n || n == 0 {
		t.Errorf("%d changes were reported done, the epoch moved by %d", n, after.Epoch-before.Epoch)
	}
}

// Rules hold for passwords that are set, too.
func TestPasswordRulesHoldWhenSet(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.admin.Users().SetPassword(f.ctx, f.userID("alice"), admin.NewPassword{Password: "alice@example.org"})
	wantField(t, "the user's e-mail", err, "password")
	_, err = f.admin.Users().SetPassword(f.ctx, f.userID("alice"), admin.NewPassword{Password: "qwertyuiop"})
	wantField(t, "a row of keys", err, "password")

}

// T17: a search takes the beginning of a name in any spelling that a login does.
func TestSearchTakesAnySpelling(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: "ren\u00e9e", Password: alicePass})
	must(t, err)
	for prefix, want := range map[string]string{
		"ali": "alice", "ALI": "alice", "\uff41\uff4c\uff49": "alice", "Alice@Ex": "alice", "rene\u0301": "ren\u00e9e", "REN\u00c9": "ren\u00e9e", "\u0430li": "", "ali ": "",
	} {
		page, err := f.admin.Users().List(f.ctx, admin.UserQuery{Prefix: prefix}, storage.Page{})
		must(t, err)
		if found := len(page.Items) == 1 && page.Items[0].Username == want; found != (want != "") || want == "" && len(page.Items) != 0 {
			t.Errorf("%q finds %d users, want %q", prefix, len(page.Items), want)
		}
	}
}
