package protocoltest

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// What a client's own tokens are worth after the client was changed.
var clientRightsCases = []testCase{
	{name: "I04 whatever revokes a client ends its own tokens", run: testOwnTokensRevoked},
	{name: "I04 a client's own tokens say what it has now", run: testOwnTokensReduced},
	{name: "I04 a user's tokens say what their client has now", run: testUserTokensReduced},
	{name: "A05 a scope that is restricted later", configure: mergedAdmin, run: testScopeRestrictedLater},
	{name: "A05 anybody who administers disables a client", configure: mergedAdmin, run: testDisableClientAbove},
	{name: "A05 no role restricts a scope of OpenID Connect", configure: mergedAdmin, run: testStandardScopesStayOpen},
}

func testOwnTokensRevoked(t *testing.T, a *Signet) {
	ctx, yes, no, b := context.Background(), true, false, a.StartInstance(t)
	settings := admin.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}, Audiences: &[]string{API}}
	for _, r := range []struct {
		name string
		end  func(s *Signet, c *Client) error
	}{
		{"its secret is revoked", func(s *Signet, c *Client) error {
			c.Secret = s.NewSecret("rotated-secret")
			rotation := admin.SecretRotation{Secret: issuer.Secret(c.Secret), Revoke: true}
			return secondError(s.operator().Clients().RotateSecret(ctx, c.ID, rotation))
		}},
		{"it is disabled, and enabled again", func(s *Signet, c *Client) error {
			_, err := s.operator().Clients().Update(ctx, c.ID, admin.ClientChange{Disabled: &yes})
			must(t, err)
			return secondError(s.operator().Clients().Update(ctx, c.ID, admin.ClientChange{Disabled: &no}))
		}},
		{"it is deleted, and created again", func(s *Signet, c *Client) error {
			must(t, s.operator().Clients().Delete(ctx, c.ID))
			s.Clock.Advance(time.Millisecond) // the second in which it was created goes on
			*c = s.AddClient(t, c.ID, settings)
			return nil
		}},
	} {
		c := a.AddClient(t, "own-"+strings.Repeat("x", len(r.name)), settings)
		old := a.ClientToken(t, c)
		for _, s := range []*Signet{a, b} {
			if !s.Active(t, a.ResourceServer, old.Access) {
				t.Fatalf("%s: not active before", r.name)
			}
		}
		must(t, r.end(a, &c))
		a.Clock.Advance(a.options.Issuer.CacheTTL) // b has remembered the client until now
		fresh := a.ClientToken(t, c)
		for _, s := range []*Signet{a, b} {
			if s.Active(t, a.ResourceServer, old.Access) {
				t.Errorf("%s: the old token is active", r.name)
			}
			if !s.Active(t, a.ResourceServer, fresh.Access) {
				t.Errorf("%s: the new token is not active", r.name)
			}
		}
	}
}

// expectSays expects of the token, as the resource server of API sees it, that scope;
// "-" stands for an inactive token.
func (s *Signet) expectSays(t *testing.T, what string, token, scope string) {
	t.Helper()
	o := s.Introspect(s.ResourceServer, token).ExpectStatus(t, http.StatusOK).Object(t)
	got := "-"
	if o["active"] == true {
		got, _ = o["scope"].(string)
	}
	if got != scope {
		t.Errorf("%s: the token says %q, want %q", what, got, scope)
	}
}

func testOwnTokensReduced(t *testing.T, s *Signet) {
	c := s.AddClient(t, "robot", admin.ClientChange{
		Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read", "items:count"}, Audiences: &[]string{API, OtherAPI},
	})
	token := s.ClientToken(t, c).Access
	update := func(ch admin.ClientChange) {
		t.Helper()
		_, err := s.operator().Clients().Update(t.Context(), c.ID, ch)
		must(t, err)
	}
	s.expectSays(t, "before", token, "items:count items:read")
	update(admin.ClientChange{Scopes: &[]string{"items:read"}})
	s.expectSays(t, "a scope is taken", token, "items:read")
	update(admin.ClientChange{Audiences: &[]string{OtherAPI}})
	s.expectSays(t, "the audience is taken", token, "-")
	o := s.Introspect(s.OtherResourceServer, token).Object(t)
	if o["active"] != true || o["aud"] != OtherAPI {
		t.Errorf("to the audience that is left it is %v", o)
	}
	update(admin.ClientChange{Audiences: &[]string{API}, Scopes: &[]string{"items:read", "items:count"}})
	s.expectSays(t, "both are given back", token, "items:count items:read")
}

// testUserTokensReduced keeps the marks away: introspection and userinfo look at the
// client, not at the marks.
func testUserTokensReduced(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Editor, "openid email items:read items:write")
	s.Store.LeaveOut("UpdateRights")
	s.setScopes(t, s.Web, "openid", "items:read", "items:write")
	s.Store.Reset()
	s.expectSays(t, "a scope is taken from the client", tokens.Access, "openid items:read items:write")
	if info := s.Get(UserInfo, Bearer(tokens.Access)).ExpectStatus(t, http.StatusOK).Object(t); info["email"] != nil {
		t.Errorf("userinfo gives %v", info)
	}
	if o := s.Introspect(s.Web, tokens.Refresh).Object(t); o["scope"] != "openid items:read items:write" {
		t.Errorf("the refresh token says %v", o["scope"])
	}
	s.setScopes(t, s.Web, "items:read")
	s.Get(UserInfo, Bearer(tokens.Access)).ExpectStatus(t, http.StatusForbidden)
	_, err := s.operator().Clients().Update(t.Context(), s.Web.ID, admin.ClientChange{Audiences: &[]string{OtherAPI}})
	must(t, err)
	s.expectSays(t, "the audience is taken from the client", tokens.Access, "-")
}

// testScopeRestrictedLater: a client that has the scope does not have it on its own
// behalf until somebody who may give it has confirmed that.
func testScopeRestrictedLater(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	c := s.AddClient(t, "robot", admin.ClientChange{
		Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read", "money:move"}, Audiences: &[]string{API},
	})
	old := s.ClientToken(t, c)
	if old.Scope != "items:read money:move" {
		t.Fatalf("an open scope: %q", old.Scope)
	}
	above := int64(500)
	_, err := s.operator().Roles().Create(t.Context(), "banker", admin.RoleChange{Rank: &above, Scopes: &[]string{"money:move"}})
	must(t, err)
	s.expectSays(t, "restricted since", old.Access, "items:read")
	if next := s.ClientToken(t, c); next.Scope != "items:read" {
		t.Errorf("restricted since: %q", next.Scope)
	}
	asked := s.PostAs(c, Token, Form("grant_type", "client_credentials", "scope", "money:move items:read")).Tokens(t)
	if asked.Scope != "items:read" {
		t.Errorf("asked for: %q", asked.Scope)
	}
	path, scope := Clients+"/"+c.ID, Object{"scope": "items:read money:move"}
	s.JSON("PATCH", path, scope, f.admin).ExpectStatus(t, http.StatusForbidden)
	s.JSON("PATCH", path, Object{"client_name": "Robot"}, f.superAdmin).ExpectStatus(t, http.StatusOK)
	if next := s.ClientToken(t, c); next.Scope != "items:read" {
		t.Errorf("renamed: %q", next.Scope)
	}
	s.JSON("PATCH", path, scope, f.superAdmin).ExpectStatus(t, http.StatusOK)
	if next := s.ClientToken(t, c); next.Scope != "items:read money:move" {
		t.Errorf("confirmed: %q", next.Scope)
	}
	s.expectSays(t, "confirmed", old.Access, "items:read money:move")
	for _, rank := range []int64{10, 600} { // given by an admin while it was theirs to give, and then lifted above them
		_, err = s.operator().Roles().Update(t.Context(), "banker", admin.RoleChange{Rank: &rank})
		must(t, err)
		if rank == 10 {
			s.JSON("PATCH", path, scope, f.admin).ExpectStatus(t, http.StatusOK)
			s.expectSays(t, "given by an admin", old.Access, "items:read money:move")
		}
	}
	s.expectSays(t, "lifted above who gave it", old.Access, "items:read")
	fresh := s.AddClient(t, "second-robot", admin.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"money:move"}})
	if tokens := s.ClientToken(t, fresh); tokens.Scope != "money:move" {
		t.Errorf("a client that was created with it has %q", tokens.Scope)
	}
}

func testDisableClientAbove(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	above := int64(500)
	_, err := s.operator().Roles().Create(t.Context(), "banker", admin.RoleChange{Rank: &above, Scopes: &[]string{"items:read"}})
	must(t, err)
	tokens, path := s.Login(t, s.Web, s.Alice, "openid"), Clients+"/"+s.Web.ID
	user := Bearer(s.Login(t, f.Portal, s.Alice, "openid signet:account").Access)
	s.JSON("POST", path+"/disable", nil, user).ExpectStatus(t, http.StatusForbidden)
	s.JSON("POST", path+"/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	s.TryRefresh(s.Web, tokens.Refresh).expectInvalidClient(t)
	s.JSON("POST", path+"/disable", nil, f.admin).ExpectStatus(t, http.StatusOK) // again
	for _, ask := range []struct {
		method, path string
		body         Object
	}{{"POST", path + "/enable", nil}, {"POST", path + "/secret", Object{}}, {"PATCH", path, Object{"client_name": "x"}}, {"DELETE", path, nil}} {
		s.JSON(ask.method, ask.path, ask.body, f.admin).ExpectStatus(t, http.StatusForbidden)
	}
	s.JSON("POST", path+"/enable", nil, f.superAdmin).ExpectStatus(t, http.StatusOK)
}

func testStandardScopesStayOpen(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	for _, scope := range []string{"openid", "profile", "email", "phone", "address", "offline_access"} {
		s.JSON("POST", Roles, Object{"name": "grabber", "scopes": []string{"items:count", scope}}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "scopes")
		s.JSON("PATCH", Roles+"/editor", Object{"scopes": []string{"items:write", scope}}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "scopes")
	}
	if tokens := s.Login(t, s.Web, s.Alice, "openid email profile phone"); tokens.Scope != "openid email profile phone" {
		t.Errorf("a user gets %q", tokens.Scope)
	}
}
