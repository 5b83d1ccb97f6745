package issuer_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

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
		_, err := f.operator().Users().Create(f.ctx, tt.user)
		wantField(t, tt.name, err, tt.field)
		if _, err := f.operator().Users().Find(f.ctx, "bob"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: left a user behind: %v", tt.name, err)
		}
	}
	for _, u := range []admin.NewUser{{Username: "ALICE"}, {Username: "bob", Email: "Alice@example.org"}, {Username: "alice@example.org"}} {
		_, err := f.operator().Users().Create(f.ctx, u)
		var taken *storage.DuplicateError
		if !errors.As(err, &taken) {
			t.Errorf("%+v: %v, want a duplicate", u, err)
		}
	}
}

func TestUpdateUser(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	u, err := f.operator().Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Username: ptr("Alicia"), Email: ptr(""), FullName: ptr("Alicia Smith"), Phone: ptr("+44 20 7946 0000")})
	must(t, err)
	if u.Username != "alicia" || u.Email != "" || u.FullName != "Alicia Smith" {
		t.Errorf("updated to %+v", u)
	}
	if _, err := f.operator().Users().Find(f.ctx, "alice@example.org"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the old e-mail still leads to %v", err)
	}
	if !f.active(a.AccessToken) {
		t.Error("a change of name ended the session")
	}
	if got := f.introspect("web", a.AccessToken); got.Username != "alicia" {
		t.Errorf("introspection says %q", got.Username)
	}
}

// Racing changes of one record are all made, one after the other.
func TestUpdateUserRace(t *testing.T) {
	f := newFixture(t).withAlice()
	must(t, func() error { _, err := f.operator().Users().EndSessions(f.ctx, f.userID("alice")); return err }())
	before, err := f.store.UserByLogin(f.ctx, "alice")
	must(t, err)
	var wg sync.WaitGroup
	var busy, done sync.Map
	for n := range 16 {
		wg.Go(func() {
			if _, err := f.operator().Users().EndSessions(f.ctx, f.userID("alice")); errors.Is(err, admin.ErrConcurrentUpdate) {
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

func TestRoles(t *testing.T) {
	f := newFixture(t).withAlice()
	must(t, f.admins.EnsureRoles(f.ctx)) // again
	all, err := f.operator().Roles().List(f.ctx)
	must(t, err)
	if len(all.Items) != 3 {
		t.Fatalf("built-in roles: %+v", all.Items)
	}
	_, err = f.operator().Roles().Create(f.ctx, "editor", admin.RoleChange{Scopes: strs("items:write", "items:write"), Rank: ptr(int64(10))})
	must(t, err)
	if a := f.mustLogin(); hasScope(a.Scope, "items:write") {
		t.Errorf("a restricted scope went to a user without the role: %q", a.Scope)
	}
	_, err = f.operator().Roles().Create(f.ctx, "editor", admin.RoleChange{})
	var taken *storage.DuplicateError
	if !errors.As(err, &taken) {
		t.Errorf("second editor: %v", err)
	}
	_, err = f.operator().Roles().Create(f.ctx, "Bad Name", admin.RoleChange{})
	wantField(t, "bad name", err, "name")
	_, err = f.operator().Roles().Create(f.ctx, "boss", admin.RoleChange{Rank: ptr(int64(5000))})
	wantField(t, "rank", err, "rank")
	wantField(t, "built-in", f.operator().Roles().Delete(f.ctx, "admin", false), "name")
}

// A change of roles that would open a restricted scope to everybody is refused
// unless it is said to be meant.
func TestReleaseScopes(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.operator().Roles().Create(f.ctx, "editor", admin.RoleChange{Scopes: strs("items:write")})
	must(t, err)
	_, err = f.operator().Roles().Update(f.ctx, "editor", admin.RoleChange{Scopes: strs()})
	wantField(t, "scope taken from its last role", err, "scopes")
	wantField(t, "last role deleted", f.operator().Roles().Delete(f.ctx, "editor", false), "scopes")
	_, err = f.operator().Roles().Create(f.ctx, "writer", admin.RoleChange{Scopes: strs("items:write")})
	must(t, err)
	_, err = f.operator().Roles().Update(f.ctx, "editor", admin.RoleChange{Scopes: strs()})
	must(t, err)
	_, err = f.operator().Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Roles: strs("writer")})
	must(t, err)
	wantField(t, "held role", f.operator().Roles().Delete(f.ctx, "writer", true), "name")
	_, err = f.operator().Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Roles: strs("user")})
	must(t, err)
	must(t, f.operator().Roles().Delete(f.ctx, "writer", true))
	if a := f.mustLogin(); !hasScope(a.Scope, "items:write") {
		t.Errorf("released, and still %q", a.Scope)
	}
}

func TestClientSettings(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name   string
		client admin.NewClient
		field  string
	}{
		{"id like a user's", admin.NewClient{ID: "0190f3b0-7a4e-7c3a-8d5e-0123456789ab"}, "client_id"},
		{"id with a colon", admin.NewClient{ID: "a:b"}, "client_id"},
		{"unknown grant", admin.NewClient{ID: "c", Settings: admin.ClientChange{Grants: strs("implicit")}}, "grant_types"},
		{"relative audience", admin.NewClient{ID: "c", Settings: admin.ClientChange{Audiences: strs("/api")}}, "audiences"},
		{"fragment", admin.NewClient{ID: "c", Settings: admin.ClientChange{Resources: strs("https://a.example.org/#x")}}, "resources"},
		{"origin with path", admin.NewClient{ID: "c", Settings: admin.ClientChange{Origins: strs("https://a.example.org/x")}}, "origins"},
		{"origin null", admin.NewClient{ID: "c", Settings: admin.ClientChange{Origins: strs("null")}}, "origins"},
		{"public with secret", admin.NewClient{ID: "c", Public: true, Secret: "0123456789abcdef"}, "client_secret"},
		{"public with client_credentials", admin.NewClient{ID: "c", Public: true, Settings: admin.ClientChange{Grants: strs("client_credentials")}}, "grant_types"},
		{"public API", admin.NewClient{ID: "c", Public: true, Settings: admin.ClientChange{Resources: strs(apiURL)}}, "resources"},
		{"bad scope", admin.NewClient{ID: "c", Settings: admin.ClientChange{Scopes: strs(`a"b`)}}, "scope"},
	} {
		_, err := f.operator().Clients().Create(f.ctx, tt.client)
		wantField(t, tt.name, err, tt.field)
	}
	view, err := f.operator().Clients().Create(f.ctx, admin.NewClient{ID: "c", Settings: admin.ClientChange{Origins: strs("https://app.example.org")}})
	must(t, err)
	if len(view.Secret) != 43 {
		t.Errorf("drawn secret of %d characters, want 43", len(view.Secret))
	}
	shown, err := f.operator().Clients().Show(f.ctx, "c")
	must(t, err)
	if shown.Secret != "" {
		t.Error("the secret was shown a second time")
	}
	if got, err := f.ClientOrigins(f.ctx); err != nil || !slices.Equal(got, []string{"https://app.example.org"}) {
		t.Errorf("ClientOrigins = %v, %v", got, err)
	}
	if used, err := f.PasswordGrantInUse(f.ctx); err != nil || used {
		t.Errorf("PasswordGrantInUse = %t, %v without such a client", used, err)
	}
}

// R21: once an administrative end is answered, nothing of the session lives,
// however it raced a refresh.
func TestEndsRaceRefresh(t *testing.T) {
	for name, end := range map[string]func(*fixture, issuer.TokenResponse) error{
		"revoke": func(f *fixture, a issuer.TokenResponse) error {
			return f.Revoke(f.ctx, issuer.RevokeRequest{Client: basic("web"), Token: issuer.Secret(a.AccessToken), Info: f.info})
		},
		"disable": func(f *fixture, _ issuer.TokenResponse) error {
			_, err := f.operator().Users().Disable(f.ctx, f.userID("alice"))
			return err
		},
		"password": func(f *fixture, _ issuer.TokenResponse) error {
			_, err := f.operator().Users().SetPassword(f.ctx, f.userID("alice"), alicePass)
			return err
		},
		"client": func(f *fixture, _ issuer.TokenResponse) error {
			_, err := f.operator().Clients().Update(f.ctx, "web", admin.ClientChange{Disabled: ptr(true)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *issuer.Config) { c.Throttle = issuer.Throttle{} }).withAlice()
			for range 20 {
				_, err := f.operator().Users().Enable(f.ctx, f.userID("alice"))
				must(t, err)
				_, err = f.operator().Clients().Update(f.ctx, "web", admin.ClientChange{Disabled: ptr(false)})
				must(t, err)
				a := f.mustLogin()
				var refreshed issuer.TokenResponse
				var wg sync.WaitGroup
				wg.Go(func() { refreshed, _ = f.refreshWith("web", a.RefreshToken) })
				must(t, end(f, a))
				wg.Wait()
				for _, token := range []string{a.AccessToken, refreshed.AccessToken, a.RefreshToken, refreshed.RefreshToken} {
					if token != "" && f.introspect("api", token).Active {
						t.Fatal("a token is active after its session was ended")
					}
				}
			}
		})
	}
}

func TestSessionsAndSweep(t *testing.T) {
	f := newFixture(t).withAlice()
	f.mustLogin()
	a := f.mustLogin()
	page, err := f.operator().Sessions().List(f.ctx, admin.SessionQuery{UserID: f.userID("alice")}, storage.Page{})
	must(t, err)
	if len(page.Items) != 2 || !page.Items[0].Active {
		t.Fatalf("sessions %+v", page.Items)
	}
	_, claims := claimsOf(t, a.AccessToken)
	must(t, f.operator().Sessions().End(f.ctx, claims["sid"].(string)))
	if f.active(a.AccessToken) {
		t.Error("still active")
	}
	if err := f.operator().Sessions().End(f.ctx, "nothing"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("no such session: %v", err)
	}
	f.advance(72 * time.Hour)
	if n, err := f.Sweep(f.ctx); err != nil || n == 0 {
		// the counters of the logins are long over, the sessions only just
		t.Logf("swept %d, %v", n, err)
	}
	if page, err = f.operator().Sessions().List(f.ctx, admin.SessionQuery{}, storage.Page{}); err != nil || len(page.Items) != 2 {
		t.Errorf("sessions went within a day of their end: %d, %v", len(page.Items), err)
	}
	f.advance(25 * time.Hour)
	if _, err := f.Sweep(f.ctx); err != nil {
		t.Fatal(err)
	}
	if page, err = f.operator().Sessions().List(f.ctx, admin.SessionQuery{}, storage.Page{}); err != nil || len(page.Items) != 0 {
		t.Errorf("%d sessions left a day after their end, %v", len(page.Items), err)
	}
}

// Rules hold for passwords that are set, and the one that is there still logs in.
func TestPasswordRulesHoldWhenSet(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.operator().Users().SetPassword(f.ctx, f.userID("alice"), "alice@example.org")
	wantField(t, "the user's e-mail", err, "password")
	_, err = f.operator().Users().SetPassword(f.ctx, f.userID("alice"), "qwertyuiop")
	wantField(t, "a row of keys", err, "password")

	hash, err := bcrypt.GenerateFromPassword([]byte("letmein"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.operator().Users().Create(f.ctx, admin.NewUser{Username: "bob", PasswordHash: issuer.Secret(hash)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.login("bob", "letmein"); err != nil {
		t.Errorf("an old password: %v", err)
	}
}
