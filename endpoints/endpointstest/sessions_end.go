package endpointstest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/issuer"
)

// ending is one of the ways in which a session ends.
type ending struct {
	how string
	end func(s *Signet, c Client, p Person, tokens Tokens) error
}

// endings are all there are but time and a reused token.
func endings(t *testing.T) []ending {
	ctx, yes, no := context.Background(), true, false
	second := func(_ any, err error) error { return err }
	sid := func(tokens Tokens) string { return sessionOf(t, tokens) }
	return []ending{
		{"refresh token revoked", func(s *Signet, c Client, _ Person, tokens Tokens) error { s.Revoke(t, c, tokens.Refresh); return nil }},
		{"access token revoked", func(s *Signet, c Client, _ Person, tokens Tokens) error { s.Revoke(t, c, tokens.Access); return nil }},
		{"by an administrator", func(s *Signet, _ Client, _ Person, tokens Tokens) error {
			return s.Service.EndSession(ctx, sid(tokens), source)
		}},
		{"by the user", func(s *Signet, _ Client, p Person, tokens Tokens) error {
			return s.Service.EndOwnSession(ctx, p.ID, sid(tokens), source)
		}},
		{"all of the user", func(s *Signet, _ Client, p Person, _ Tokens) error {
			return second(s.Service.EndUserSessions(ctx, p.ID, source))
		}},
		{"all others of the user", func(s *Signet, c Client, p Person, _ Tokens) error {
			return second(s.Service.EndOtherSessions(ctx, p.ID, sid(s.Login(t, c, p, "openid")), source))
		}},
		{"a new password", func(s *Signet, _ Client, p Person, _ Tokens) error {
			return second(s.Service.SetPassword(ctx, p.ID, issuer.Secret(s.Marker("new-password")), source))
		}},
		{"user disabled and enabled", func(s *Signet, _ Client, p Person, _ Tokens) error {
			if _, err := s.Service.DisableUser(ctx, p.ID, source); err != nil {
				return err
			}
			return second(s.Service.EnableUser(ctx, p.ID, source))
		}},
		{"user deleted", func(s *Signet, _ Client, p Person, _ Tokens) error { return s.Service.DeleteUser(ctx, p.ID, source) }},
		{"client disabled and enabled", func(s *Signet, c Client, _ Person, _ Tokens) error {
			if _, err := s.Service.UpdateClient(ctx, c.ID, issuer.ClientChange{Disabled: &yes}, source); err != nil {
				return err
			}
			return second(s.Service.UpdateClient(ctx, c.ID, issuer.ClientChange{Disabled: &no}, source))
		}},
		{"client deleted", func(s *Signet, c Client, _ Person, _ Tokens) error { return s.Service.DeleteClient(ctx, c.ID, source) }},
		{"client secret rotated and taken for stolen", func(s *Signet, c Client, _ Person, _ Tokens) error {
			return second(s.Service.RotateClientSecret(ctx, c.ID, issuer.SecretRotation{Secret: issuer.Secret(c.Secret), Revoke: true}, source))
		}},
		{"everything", func(s *Signet, _ Client, _ Person, _ Tokens) error {
			return second(s.Service.EndAllSessions(ctx, source))
		}},
	}
}

// playEndsEverywhere: at the very next request, at instances that remember user,
// client and roles, and whichever generation is presented.
func playEndsEverywhere(t *testing.T, a *Signet) {
	b := a.Sibling(t)
	apps := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	for n, e := range endings(t) {
		name := "end-" + strings.Repeat("x", n)
		c := a.AddClient(t, name, issuer.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}})
		p := a.AddUser(t, name+"y", "user")
		first := a.Login(t, c, p, "openid")
		second := b.Refresh(t, c, first.Refresh)
		for _, instance := range []*Signet{a, b} {
			if !instance.Active(t, a.Guard, second.Access) {
				t.Fatalf("%s: not active before", e.how)
			}
		}
		must(t, e.end(a, c, p, second))
		for _, instance := range []*Signet{b, a} {
			for _, tokens := range []Tokens{second, first} {
				if got := instance.TryRefresh(c, tokens.Refresh); got.Status != http.StatusBadRequest && got.Status != http.StatusUnauthorized {
					t.Errorf("%s: a refresh is answered %d", e.how, got.Status)
				}
				if instance.Active(t, a.Guard, tokens.Access) {
					t.Errorf("%s: an access token is active", e.how)
				}
			}
		}
	}
}
