package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
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
			return s.operator().Sessions().End(ctx, sid(tokens))
		}},
		{"by the user", func(s *Signet, _ Client, p User, tokens Tokens) error {
			return s.owner(t, p, tokens).EndSession(ctx, sid(tokens))
		}},
		{"all of the user", func(s *Signet, _ Client, p User, _ Tokens) error {
			return second(s.operator().Users().EndSessions(ctx, p.ID))
		}},
		{"all others of the user", func(s *Signet, c Client, p User, _ Tokens) error {
			return second(s.owner(t, p, s.Login(t, c, p, "openid")).EndOtherSessions(ctx))
		}},
		{"a new password", func(s *Signet, _ Client, p User, _ Tokens) error {
			return second(s.operator().Users().SetPassword(ctx, p.ID, admin.NewPassword{Password: issuer.Secret(s.NewSecret("new-password"))}))
		}},
		{"user disabled and enabled", func(s *Signet, _ Client, p User, _ Tokens) error {
			if _, err := s.operator().Users().Disable(ctx, p.ID); err != nil {
				return err
			}
			return second(s.operator().Users().Enable(ctx, p.ID))
		}},
		{"user deleted", func(s *Signet, _ Client, p User, _ Tokens) error { return s.operator().Users().Delete(ctx, p.ID) }},
		{"client disabled and enabled", func(s *Signet, c Client, _ User, _ Tokens) error {
			if _, err := s.operator().Clients().Update(ctx, c.ID, admin.ClientChange{Disabled: &yes}); err != nil {
				return err
			}
			return second(s.operator().Clients().Update(ctx, c.ID, admin.ClientChange{Disabled: &no}))
		}},
		{"client deleted", func(s *Signet, c Client, _ User, _ Tokens) error {
			return s.operator().Clients().Delete(ctx, c.ID)
		}},
		{"client secret rotated and taken for stolen", func(s *Signet, c Client, _ User, _ Tokens) error {
			return second(s.operator().Clients().RotateSecret(ctx, c.ID, admin.SecretRotation{Secret: issuer.Secret(c.Secret), Revoke: true}))
		}},
		{"everything", func(s *Signet, _ Client, _ User, _ Tokens) error {
			return second(s.operator().Sessions().EndAll(ctx))
		}},
	}
}

// testSessionEndsOnEveryInstance: the next request is rejected on instances that have cached
// user, client and roles, whichever generation is presented.
func testSessionEndsOnEveryInstance(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	apps := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	for n, e := range sessionEndings(t) {
		name := "end-" + strings.Repeat("x", n)
		c := a.AddClient(t, name, admin.ClientChange{Grants: &apps, Scopes: &appScopes, Audiences: &[]string{API}})
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
