package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/issuer"
)

// sessionEnding is one of the ways in which a session ends.
type sessionEnding struct {
	name string
	end  func(s *Signet, c Client, p User, tokens Tokens) error
}

// sessionEndings are all ways but expiry and a reused token.
func sessionEndings(t *testing.T) []sessionEnding {
	ctx, yes, no := context.Background(), true, false
	second := func(_ any, err error) error { return err }
	sid := func(tokens Tokens) string { return sessionOf(t, tokens) }
	return []sessionEnding{
		{"refresh token revoked", func(s *Signet, c Client, _ User, tokens Tokens) error { s.Revoke(t, c, tokens.Refresh); return nil }},
		{"access token revoked", func(s *Signet, c Client, _ User, tokens Tokens) error { s.Revoke(t, c, tokens.Access); return nil }},
		{"by an administrator", func(s *Signet, _ Client, _ User, tokens Tokens) error {
			return s.Service.EndSession(ctx, sid(tokens), testSource)
		}},
		{"by the user", func(s *Signet, _ Client, p User, tokens Tokens) error {
			return s.Service.EndOwnSession(ctx, p.ID, sid(tokens), testSource)
		}},
		{"all of the user", func(s *Signet, _ Client, p User, _ Tokens) error {
			return second(s.Service.EndUserSessions(ctx, p.ID, testSource))
		}},
		{"all others of the user", func(s *Signet, c Client, p User, _ Tokens) error {
			return second(s.Service.EndOtherSessions(ctx, p.ID, sid(s.Login(t, c, p, "openid")), testSource))
		}},
		{"a new password", func(s *Signet, _ Client, p User, _ Tokens) error {
			return second(s.Service.SetPassword(ctx, p.ID, issuer.Secret(s.NewSecret("new-password")), testSource))
		}},
		{"user disabled and enabled", func(s *Signet, _ Client, p User, _ Tokens) error {
			if _, err := s.Service.DisableUser(ctx, p.ID, testSource); err != nil {
				return err
			}
			return second(s.Service.EnableUser(ctx, p.ID, testSource))
		}},
		{"user deleted", func(s *Signet, _ Client, p User, _ Tokens) error { return s.Service.DeleteUser(ctx, p.ID, testSource) }},
		{"client disabled and enabled", func(s *Signet, c Client, _ User, _ Tokens) error {
			if _, err := s.Service.UpdateClient(ctx, c.ID, issuer.ClientChange{Disabled: &yes}, testSource); err != nil {
				return err
			}
			return second(s.Service.UpdateClient(ctx, c.ID, issuer.ClientChange{Disabled: &no}, testSource))
		}},
		{"client deleted", func(s *Signet, c Client, _ User, _ Tokens) error {
			return s.Service.DeleteClient(ctx, c.ID, testSource)
		}},
		{"client secret rotated and taken for stolen", func(s *Signet, c Client, _ User, _ Tokens) error {
			return second(s.Service.RotateClientSecret(ctx, c.ID, issuer.SecretRotation{Secret: issuer.Secret(c.Secret), Revoke: true}, testSource))
		}},
		{"everything", func(s *Signet, _ Client, _ User, _ Tokens) error {
			return second(s.Service.EndAllSessions(ctx, testSource))
		}},
	}
}

// testSessionEndsOnEveryInstance: at the very next request, at instances that remember user,
// client and roles, and whichever generation is presented.
func testSessionEndsOnEveryInstance(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	apps := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	for n, e := range sessionEndings(t) {
		name := "end-" + strings.Repeat("x", n)
		c := a.AddClient(t, name, issuer.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}})
		p := a.AddUser(t, name+"y", "user")
		first := a.Login(t, c, p, "openid")
		second := b.Refresh(t, c, first.Refresh)
		for _, instance := range []*Signet{a, b} {
			if !instance.Active(t, a.ResourceServer, second.Access) {
				t.Fatalf("%s: not active before", e.name)
			}
		}
		must(t, e.end(a, c, p, second))
		for _, instance := range []*Signet{b, a} {
			for _, tokens := range []Tokens{second, first} {
				if got := instance.TryRefresh(c, tokens.Refresh); got.Status != http.StatusBadRequest && got.Status != http.StatusUnauthorized {
					t.Errorf("%s: a refresh is answered %d", e.name, got.Status)
				}
				if instance.Active(t, a.ResourceServer, tokens.Access) {
					t.Errorf("%s: an access token is active", e.name)
				}
			}
		}
	}
}
