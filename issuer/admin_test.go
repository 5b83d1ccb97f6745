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
	"example.org/signet/storage"
)

func TestCreateUserRefusals(t *testing.T) {
	f := newFixture(t).withAlice()
	for _, tt := range []struct {
		name  string
		user  issuer.NewUser
		field string
	}{
		{"no username", issuer.NewUser{}, "username"},
		{"spaces", issuer.NewUser{Username: "two words"}, "username"},
		{"bad e-mail", issuer.NewUser{Username: "bob", Email: "bob"}, "email"},
		{"short password", issuer.NewUser{Username: "bob", Password: "short"}, "password"},
		{"common password", issuer.NewUser{Username: "bob", Password: "P@ssw0rd1"}, "password"},
		{"the user's name", issuer.NewUser{Username: "bob", FullName: "Robert Oppenheimer", Password: "oppenheimer!"}, "password"},
		{"the e-mail", issuer.NewUser{Username: "bob", Email: "bob@quark.example", Password: "bob@quark.example"}, "password"},
		{"the service's host", issuer.NewUser{Username: "bob", Password: "id.example.org"}, "password"},
		{"long password", issuer.NewUser{Username: "bob", Password: issuer.Secret(strings.Repeat("x", 1025))}, "password"},
		{"unknown hash", issuer.NewUser{Username: "bob", PasswordHash: "$1$abc$def"}, "hashed_password"},
		{"two passwords", issuer.NewUser{Username: "bob", Password: alicePass, PasswordHash: tutorialHash}, "password"},
		{"unknown role", issuer.NewUser{Username: "bob", Roles: []string{"wizard"}}, "roles"},
		{"control characters", issuer.NewUser{Username: "bob", FullName: "Bob\x1b[31m"}, "full_name"},
		{"turned text", issuer.NewUser{Username: "bob", Phone: "\u202e123"}, "phone"},
	} {
		_, err := f.CreateUser(f.ctx, tt.user, f.info)
		wantField(t, tt.name, err, tt.field)
		if _, err := f.FindUser(f.ctx, "bob"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: left a user behind: %v", tt.name, err)
		}
	}
	for _, u := range []issuer.NewUser{{Username: "ALICE"}, {Username: "bob", Email: "Alice@example.org"}, {Username: "alice@example.org"}} {
		_, err := f.CreateUser(f.ctx, u, f.info)
		var taken *storage.DuplicateError
		if !errors.As(err, &taken) {
			t.Errorf("%+v: %v, want a duplicate", u, err)
		}
	}
}

func TestUpdateUser(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	u, err := f.UpdateUser(f.ctx, "alice", issuer.UserChange{Username: ptr("Alicia"), Email: ptr(""), FullName: ptr("Alicia Smith"), Phone: ptr("+44 20 7946 0000")}, f.info)
	must(t, err)
	if u.Username != "alicia" || u.Email != "" || u.FullName != "Alicia Smith" {
		t.Errorf("updated to %+v", u)
	}
	if _, err := f.FindUser(f.ctx, "alice@example.org"); !errors.Is(err, storage.ErrNotFound) {
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
	must(t, func() error { _, err := f.EndUserSessions(f.ctx, "alice", f.info); return err }())
	before, err := f.store.UserByLogin(f.ctx, "alice")
	must(t, err)
	var wg sync.WaitGroup
	var busy, done sync.Map
	for n := range 16 {
		wg.Go(func() {
			if _, err := f.EndUserSessions(f.ctx, "alice", f.info); errors.Is(err, issuer.ErrConcurrentUpdate) {
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
	must(t, f.EnsureRoles(f.ctx)) // again
	all, err := f.ListRoles(f.ctx)
	must(t, err)
	if len(all.Items) != 3 {
		t.Fatalf("built-in roles: %+v", all.Items)
	}
	_, err = f.CreateRole(f.ctx, "editor", issuer.RoleChange{Scopes: strs("items:write", "items:write"), Rank: ptr(int64(10))}, f.info)
	must(t, err)
	if a := f.mustLogin(); hasScope(a.Scope, "items:write") {
		t.Errorf("a restricted scope went to a user without the role: %q", a.Scope)
	}
	_, err = f.CreateRole(f.ctx, "editor", issuer.RoleChange{}, f.info)
	var taken *storage.DuplicateError
	if !errors.As(err, &taken) {
		t.Errorf("second editor: %v", err)
	}
	_, err = f.CreateRole(f.ctx, "Bad Name", issuer.RoleChange{}, f.info)
	wantField(t, "bad name", err, "name")
	_, err = f.CreateRole(f.ctx, "boss", issuer.RoleChange{Rank: ptr(int64(5000))}, f.info)
	wantField(t, "rank", err, "rank")
	wantField(t, "built-in", f.DeleteRole(f.ctx, "admin", false, f.info), "name")
}

// A change of roles that would open a restricted scope to everybody is refused
// unless it is said to be meant.
func TestReleaseScopes(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.CreateRole(f.ctx, "editor", issuer.RoleChange{Scopes: strs("items:write")}, f.info)
	must(t, err)
	_, err = f.UpdateRole(f.ctx, "editor", issuer.RoleChange{Scopes: strs()}, f.info)
	wantField(t, "scope taken from its last role", err, "scopes")
	wantField(t, "last role deleted", f.DeleteRole(f.ctx, "editor", false, f.info), "scopes")
	_, err = f.CreateRole(f.ctx, "writer", issuer.RoleChange{Scopes: strs("items:write")}, f.info)
	must(t, err)
	_, err = f.UpdateRole(f.ctx, "editor", issuer.RoleChange{Scopes: strs()}, f.info)
	must(t, err)
	_, err = f.UpdateUser(f.ctx, "alice", issuer.UserChange{Roles: strs("writer")}, f.info)
	must(t, err)
	wantField(t, "held role", f.DeleteRole(f.ctx, "writer", true, f.info), "name")
	_, err = f.UpdateUser(f.ctx, "alice", issuer.UserChange{Roles: strs("user")}, f.info)
	must(t, err)
	must(t, f.DeleteRole(f.ctx, "writer", true, f.info))
	if a := f.mustLogin(); !hasScope(a.Scope, "items:write") {
		t.Errorf("released, and still %q", a.Scope)
	}
}

func TestClientSettings(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name   string
		client issuer.NewClient
		field  string
	}{
		{"id like a user's", issuer.NewClient{ID: "0190f3b0-7a4e-7c3a-8d5e-0123456789ab"}, "client_id"},
		{"id with a colon", issuer.NewClient{ID: "a:b"}, "client_id"},
		{"unknown grant", issuer.NewClient{ID: "c", Settings: issuer.ClientChange{Grants: strs("implicit")}}, "grant_types"},
		{"relative audience", issuer.NewClient{ID: "c", Settings: issuer.ClientChange{Audiences: strs("/api")}}, "audiences"},
		{"fragment", issuer.NewClient{ID: "c", Settings: issuer.ClientChange{Resources: strs("https://a.example.org/#x")}}, "resources"},
		{"origin with path", issuer.NewClient{ID: "c", Settings: issuer.ClientChange{Origins: strs("https://a.example.org/x")}}, "origins"},
		{"origin null", issuer.NewClient{ID: "c", Settings: issuer.ClientChange{Origins: strs("null")}}, "origins"},
		{"public with secret", issuer.NewClient{ID: "c", Public: true, Secret: "0123456789abcdef"}, "client_secret"},
		{"public with client_credentials", issuer.NewClient{ID: "c", Public: true, Settings: issuer.ClientChange{Grants: strs("client_credentials")}}, "grant_types"},
		{"public API", issuer.NewClient{ID: "c", Public: true, Settings: issuer.ClientChange{Resources: strs(apiURL)}}, "resources"},
		{"bad scope", issuer.NewClient{ID: "c", Settings: issuer.ClientChange{Scopes: strs(`a"b`)}}, "scope"},
	} {
		_, err := f.CreateClient(f.ctx, tt.client, f.info)
		wantField(t, tt.name, err, tt.field)
	}
	view, err := f.CreateClient(f.ctx, issuer.NewClient{ID: "c", Settings: issuer.ClientChange{Origins: strs("https://app.example.org")}}, f.info)
	must(t, err)
	if len(view.Secret) != 43 {
		t.Errorf("drawn secret of %d characters, want 43", len(view.Secret))
	}
	shown, err := f.FindClient(f.ctx, "c")
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
			_, err := f.DisableUser(f.ctx, "alice", f.info)
			return err
		},
		"password": func(f *fixture, _ issuer.TokenResponse) error {
			_, err := f.SetPassword(f.ctx, "alice", alicePass, f.info)
			return err
		},
		"client": func(f *fixture, _ issuer.TokenResponse) error {
			_, err := f.UpdateClient(f.ctx, "web", issuer.ClientChange{Disabled: ptr(true)}, f.info)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *issuer.Config) { c.Throttle = issuer.Throttle{} }).withAlice()
			for range 20 {
				_, err := f.EnableUser(f.ctx, "alice", f.info)
				must(t, err)
				_, err = f.UpdateClient(f.ctx, "web", issuer.ClientChange{Disabled: ptr(false)}, f.info)
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
	page, err := f.ListSessions(f.ctx, issuer.SessionQuery{User: "alice"}, storage.Page{})
	must(t, err)
	if len(page.Items) != 2 || !page.Items[0].Active {
		t.Fatalf("sessions %+v", page.Items)
	}
	_, claims := claimsOf(t, a.AccessToken)
	must(t, f.EndSession(f.ctx, claims["sid"].(string), f.info))
	if f.active(a.AccessToken) {
		t.Error("still active")
	}
	if err := f.EndSession(f.ctx, "nothing", f.info); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("no such session: %v", err)
	}
	f.advance(72 * time.Hour)
	if n, err := f.Sweep(f.ctx); err != nil || n == 0 {
		// the counters of the logins are long over, the sessions only just
		t.Logf("swept %d, %v", n, err)
	}
	if page, err = f.ListSessions(f.ctx, issuer.SessionQuery{}, storage.Page{}); err != nil || len(page.Items) != 2 {
		t.Errorf("sessions went within a day of their end: %d, %v", len(page.Items), err)
	}
	f.advance(25 * time.Hour)
	if _, err := f.Sweep(f.ctx); err != nil {
		t.Fatal(err)
	}
	if page, err = f.ListSessions(f.ctx, issuer.SessionQuery{}, storage.Page{}); err != nil || len(page.Items) != 0 {
		t.Errorf("%d sessions left a day after their end, %v", len(page.Items), err)
	}
}

// Rules hold for passwords that are set, and the one that is there still logs in.
func TestPasswordRulesHoldWhenSet(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.SetPassword(f.ctx, "alice", "alice@example.org", f.info)
	wantField(t, "the user's e-mail", err, "password")
	_, err = f.SetPassword(f.ctx, "alice", "qwertyuiop", f.info)
	wantField(t, "a row of keys", err, "password")

	hash, err := bcrypt.GenerateFromPassword([]byte("letmein"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.CreateUser(f.ctx, issuer.NewUser{Username: "bob", PasswordHash: issuer.Secret(hash)}, f.info)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.login("bob", "letmein"); err != nil {
		t.Errorf("an old password: %v", err)
	}
}
