package issuer_test

import (
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// R01: a chain of refreshes, each with a new token.
func TestRefreshChain(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	seen := map[string]bool{a.RefreshToken: true}
	for n := range 100 {
		f.advance(time.Minute)
		a = f.mustRefresh(a.RefreshToken)
		if seen[a.RefreshToken] || !f.active(a.AccessToken) {
			t.Fatalf("refresh %d: seen %t, active %t", n, seen[a.RefreshToken], f.active(a.AccessToken))
		}
		seen[a.RefreshToken] = true
	}
}

// R03, R05: the direct predecessor gives the same successor inside the window,
// to the millisecond, and ends the session after it.
func TestRefreshReplayWindow(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after time.Duration
		alive bool
	}{
		{"at once", 0, true},
		{"at the border", 30 * time.Second, true},
		{"a millisecond late", 30*time.Second + time.Millisecond, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t).withAlice()
			first := f.mustLogin()
			second := f.mustRefresh(first.RefreshToken)
			f.advance(tt.after)
			again, err := f.refreshWith("web", first.RefreshToken)
			if tt.alive {
				must(t, err)
				if again.RefreshToken != second.RefreshToken || again.AccessToken == second.AccessToken {
					t.Error("a retry must give the same refresh token and a fresh access token")
				}
			} else {
				wantCode(t, "replay after the window", err, issuer.InvalidGrant)
			}
			if _, err := f.refreshWith("web", second.RefreshToken); (err == nil) != tt.alive {
				t.Errorf("newest token afterwards: %v, want alive %t", err, tt.alive)
			}
			if f.active(second.AccessToken) != tt.alive {
				t.Errorf("access token active %t, want %t", !tt.alive, tt.alive)
			}
		})
	}
}

// R04, R08: any generation but the newest and its direct predecessor is reuse.
func TestRefreshReuseEndsTheSession(t *testing.T) {
	for older := range 4 {
		f := newFixture(t).withAlice()
		tokens := []string{f.mustLogin().RefreshToken}
		var newest issuer.TokenResponse
		for range 5 {
			newest = f.mustRefresh(tokens[len(tokens)-1])
			tokens = append(tokens, newest.RefreshToken)
		}
		_, err := f.refreshWith("web", tokens[older])
		wantCode(t, "reuse", err, issuer.InvalidGrant)
		_, err = f.refreshWith("web", newest.RefreshToken)
		wantCode(t, "newest after reuse", err, issuer.InvalidGrant)
		if f.active(newest.AccessToken) {
			t.Error("the access token outlived its session")
		}
		if n := f.events(audit.EventRefreshReused); n != 1 {
			t.Errorf("%d reuse events, want 1", n)
		}
	}
}

func (f *fixture) events(kind string) int {
	f.t.Helper()
	page, err := f.store.ListAudit(f.ctx, storage.AuditFilter{Type: kind}, storage.Page{Limit: storage.MaxPage})
	must(f.t, err)
	return len(page.Events)
}

// Strict single use: with no window even the direct predecessor is reuse.
func TestRefreshStrict(t *testing.T) {
	f := newFixture(t, func(c *issuer.Config) { c.RefreshGrace = 0 }).withAlice()
	first := f.mustLogin()
	second := f.mustRefresh(first.RefreshToken)
	_, err := f.refreshWith("web", first.RefreshToken)
	wantCode(t, "predecessor", err, issuer.InvalidGrant)
	_, err = f.refreshWith("web", second.RefreshToken)
	wantCode(t, "newest", err, issuer.InvalidGrant)
}

// R06: of 64 parallel uses of one token all get the same successor.
func TestRefreshRace(t *testing.T) {
	f := newFixture(t).withAlice()
	token := f.mustLogin().RefreshToken
	for range 5 {
		var wg sync.WaitGroup
		answers := make([]issuer.TokenResponse, 64)
		errs := make([]error, len(answers))
		for n := range answers {
			wg.Go(func() { answers[n], errs[n] = f.refreshWith("web", token) })
		}
		wg.Wait()
		for n := range answers {
			must(t, errs[n])
			if answers[n].RefreshToken != answers[0].RefreshToken {
				t.Fatal("two successors of one refresh token")
			}
		}
		token = answers[0].RefreshToken
	}
}

// R11: a token in the wrong client's hands changes nothing.
func TestRefreshByAnotherClient(t *testing.T) {
	f := newFixture(t).withAlice()
	first := f.mustLogin()
	second := f.mustRefresh(first.RefreshToken)
	f.advance(time.Hour)
	for _, token := range []string{first.RefreshToken, second.RefreshToken} {
		_, err := f.refreshWith("other", token)
		wantCode(t, "another client", err, issuer.InvalidGrant)
	}
	third := f.mustRefresh(second.RefreshToken)
	if !f.active(third.AccessToken) || f.events(audit.EventRefreshForeign) != 2 {
		t.Errorf("active %t, %d foreign events", f.active(third.AccessToken), f.events(audit.EventRefreshForeign))
	}
}

// R13: scope may be narrowed for one access token, never widened.
func TestRefreshScope(t *testing.T) {
	f := newFixture(t).withAlice()
	a, err := f.Token(f.ctx, issuer.TokenRequest{
		Client: basic("web"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass,
		Scope: "items:read openid", Info: f.info,
	})
	must(t, err)
	ask := func(scope string) (issuer.TokenResponse, error) {
		r, err := f.Token(f.ctx, issuer.TokenRequest{
			Client: basic("web"), Grant: issuer.GrantRefreshToken, RefreshToken: issuer.Secret(a.RefreshToken), Scope: scope, Info: f.info,
		})
		if err == nil {
			a = r
		}
		return r, err
	}
	_, err = ask("items:read items:write")
	wantCode(t, "wider than granted", err, issuer.InvalidScope)
	narrow, err := ask("items:read")
	must(t, err)
	full, err := ask("")
	must(t, err)
	if narrow.Scope != "items:read" || full.Scope != "items:read openid" || narrow.IDToken != "" {
		t.Errorf("narrowed to %q, then full %q", narrow.Scope, full.Scope)
	}
}

// R14: what the user may do is read afresh.
func TestRefreshReadsRolesAfresh(t *testing.T) {
	f := newFixture(t).withAlice()
	_, err := f.operator().Roles().Create(f.ctx, "writer", admin.RoleChange{Scopes: strs("items:write"), Rank: ptr(int64(10))})
	must(t, err)
	_, err = f.operator().Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Roles: strs("user", "writer")})
	must(t, err)
	a := f.mustLogin()
	if !hasScope(a.Scope, "items:write") {
		t.Fatalf("writer got %q", a.Scope)
	}
	_, err = f.operator().Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Roles: strs("user")})
	must(t, err)
	a = f.mustRefresh(a.RefreshToken)
	if hasScope(a.Scope, "items:write") || len(f.introspect("web", a.AccessToken).Roles) != 1 {
		t.Errorf("after losing the role: scope %q", a.Scope)
	}
	_, err = f.operator().Users().Update(f.ctx, f.userID("alice"), admin.UserChange{Roles: strs("user", "writer")})
	must(t, err)
	if a = f.mustRefresh(a.RefreshToken); !hasScope(a.Scope, "items:write") {
		t.Errorf("after getting the role back: scope %q", a.Scope)
	}
}

// R22: refreshing prolongs the idle life, never the absolute one.
func TestSessionLifetimes(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		f := newFixture(t).withAlice()
		a := f.mustLogin()
		f.advance(24*time.Hour - time.Millisecond)
		a = f.mustRefresh(a.RefreshToken)
		f.advance(24 * time.Hour)
		_, err := f.refreshWith("web", a.RefreshToken)
		wantCode(t, "idle for the whole idle life", err, issuer.InvalidGrant)
	})
	t.Run("absolute", func(t *testing.T) {
		f := newFixture(t).withAlice()
		a := f.mustLogin()
		for range 7 {
			f.advance(10 * time.Hour)
			a = f.mustRefresh(a.RefreshToken)
		}
		f.advance(2*time.Hour - time.Second)
		a = f.mustRefresh(a.RefreshToken)
		if a.ExpiresIn != 1 {
			t.Errorf("the access token lives %d s, the session 1 s", a.ExpiresIn)
		}
		f.advance(time.Second)
		_, err := f.refreshWith("web", a.RefreshToken)
		wantCode(t, "after the absolute life", err, issuer.InvalidGrant)
	})
}

// R26, R27, X10: a store that fails leaves the outcome unknown, and the same token works
// afterwards.
func TestRefreshWithStoreDown(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	f.store.failing.Store(true)
	_, err := f.refreshWith("web", a.RefreshToken)
	wantCode(t, "store down", err, issuer.Unavailable)
	f.advance(time.Minute) // the remembered client is too old now
	_, err = f.refreshWith("web", a.RefreshToken)
	wantCode(t, "store down, nothing remembered", err, issuer.Unavailable)
	f.store.failing.Store(false)
	f.mustRefresh(a.RefreshToken)
}
