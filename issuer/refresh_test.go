package issuer_test

import (
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

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
