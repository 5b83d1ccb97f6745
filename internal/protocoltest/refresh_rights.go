package protocoltest

import (
	"context"
	"net/http"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
)

var refreshRightsCases = []testCase{
	{name: "R11 another client's token", run: testRefreshByOtherClient},
	{name: "R13 wider and narrower scope", run: testScopeNarrowing},
	{name: "R14 rights taken away between refreshes", run: testRightsRemoved},
	{name: "R15 a password change", run: testPasswordChange},
	{name: "R16 a user disabled, enabled, deleted", run: testUserDeleted},
	{name: "R17 a client disabled, deleted, given a new secret", run: testClientDeleted},
	{name: "R18 sessions ended by an administrator", run: testEndedSession},
	{name: "R30 an audience taken away", run: testAudienceRemoved},
}

func testRefreshByOtherClient(t *testing.T, s *Signet) {
	for _, c := range []struct{ owner, thief Client }{{s.Web, s.Other}, {s.Web, s.SPA}, {s.SPA, s.Web}} {
		before := s.events(t, audit.EventRefreshForeign)
		tokens := s.Login(t, c.owner, s.Alice, "openid")
		s.expectRefreshRejected(t, c.thief, tokens.Refresh)
		narrow := RefreshForm(tokens.Refresh)
		narrow.Set("scope", "openid")
		s.PostAs(c.thief, Token, narrow).ExpectError(t, http.StatusBadRequest, "invalid_grant")
		if n := s.events(t, audit.EventRefreshForeign) - before; n != 2 {
			t.Errorf("%d security events, want 2", n)
		}
		for range 20 {
			s.expectRefreshRejected(t, c.thief, tokens.Refresh)
		}
		if n := s.events(t, audit.EventRefreshForeign) - before; n != 10 {
			t.Errorf("%d security events of a token that is presented again and again, want 10", n)
		}
		newest := s.Refresh(t, c.owner, tokens.Refresh)     // it has not moved
		s.expectRefreshRejected(t, c.thief, tokens.Refresh) // nor does an old one end it
		s.Refresh(t, c.owner, newest.Refresh)
	}
}

func testScopeNarrowing(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Editor, "openid items:read items:write")
	ask := func(token, scope string) Response {
		f := RefreshForm(token)
		f.Set("scope", scope)
		return s.Post(Token, f, Basic(s.Web))
	}
	for _, wider := range []string{"openid items:read items:write email", "email", "unknown", "openid\u00a0email"} {
		ask(tokens.Refresh, wider).ExpectError(t, http.StatusBadRequest, "invalid_scope")
	}
	narrow := ask(tokens.Refresh, "items:read").Tokens(t)
	if narrow.ID != "" || narrow.Scope != "items:read" || claims(t, narrow.Access)["scope"] != "items:read" {
		t.Errorf("narrower: %q", narrow.Scope)
	}
	full := s.Refresh(t, s.Web, narrow.Refresh) // RFC 6749 §6: the refresh token keeps its scope
	if full.Scope != "openid items:read items:write" {
		t.Errorf("full again: %q", full.Scope)
	}
	f := RefreshForm(full.Refresh)
	f.Set("resource", OtherAPI)
	s.Post(Token, f, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_target")
	f.Set("resource", API)
	s.Post(Token, f, Basic(s.Web)).Tokens(t)
}

func testRightsRemoved(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Editor, "openid items:read items:write")
	if roles := claims(t, tokens.Access)["roles"].([]any); len(roles) != 2 {
		t.Fatalf("roles %v", roles)
	}
	_, err := s.operator().Users().Update(context.Background(), s.Editor.ID, admin.UserChange{Roles: &[]string{"user"}})
	must(t, err)
	tokens = s.Refresh(t, s.Web, tokens.Refresh)
	c := claims(t, tokens.Access)
	if roles := c["roles"].([]any); tokens.Scope != "openid items:read" || len(roles) != 1 || roles[0] != "user" {
		t.Errorf("a role taken away: scope %q, roles %v", tokens.Scope, roles)
	}
	s.setRoles(t, s.Editor, "user", "editor")
	if tokens = s.Refresh(t, s.Web, tokens.Refresh); tokens.Scope != "openid items:read items:write" {
		t.Errorf("the role given back: scope %q", tokens.Scope)
	}
	_, err = s.operator().Clients().Update(context.Background(), s.Web.ID, admin.ClientChange{Scopes: &[]string{"openid"}})
	must(t, err)
	if tokens = s.Refresh(t, s.Web, tokens.Refresh); tokens.Scope != "openid" {
		t.Errorf("a scope taken from the client: %q", tokens.Scope)
	}
	_, err = s.operator().Clients().Update(context.Background(), s.Web.ID, admin.ClientChange{Grants: &[]string{"password"}})
	must(t, err)
	s.TryRefresh(s.Web, tokens.Refresh).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
}

func testPasswordChange(t *testing.T, s *Signet) {
	one, two, other := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.SPA, s.Alice, "openid"), s.Login(t, s.Web, s.Editor, "openid")
	s.setPassword(t, s.Alice, s.NewSecret("the next password"))
	s.expectEnded(t, s.Web, one)
	s.expectEnded(t, s.SPA, two)
	s.expectActive(t, s.Web, other)
	s.TryLogin(s.Web, s.Alice, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
}

func testUserDeleted(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	tokens := a.Login(t, a.Web, a.Alice, "openid")
	a.disable(t, a.Alice)
	a.expectEnded(t, a.Web, tokens)
	b.expectEnded(t, a.Web, tokens)
	_, err := a.operator().Users().Enable(context.Background(), a.Alice.ID)
	must(t, err)
	a.expectEnded(t, a.Web, tokens) // enabling revives nothing
	fresh := a.Login(t, a.Web, a.Alice, "openid")
	a.expectEnded(t, a.Web, tokens)
	fresh = a.expectActive(t, a.Web, fresh)
	must(t, a.operator().Users().Delete(context.Background(), a.Alice.ID))
	a.expectEnded(t, a.Web, fresh)
	b.expectEnded(t, a.Web, fresh)
}

func testClientDeleted(t *testing.T, s *Signet) {
	web, other := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Other, s.Alice, "openid")
	yes, no := true, false
	change := func(c admin.ClientChange) {
		_, err := s.operator().Clients().Update(context.Background(), s.Web.ID, c)
		must(t, err)
	}
	change(admin.ClientChange{Disabled: &yes})
	s.TryRefresh(s.Web, web.Refresh).expectInvalidClient(t)
	change(admin.ClientChange{Disabled: &no})
	s.expectEnded(t, s.Web, web)

	web = s.Login(t, s.Web, s.Alice, "openid")
	fresh := Client{s.Web.ID, s.NewSecret("rotated-secret")}
	_, err := s.operator().Clients().RotateSecret(context.Background(), s.Web.ID, admin.SecretRotation{Secret: issuer.Secret(fresh.Secret), Revoke: true})
	must(t, err)
	s.TryRefresh(s.Web, web.Refresh).expectInvalidClient(t)
	s.expectEnded(t, fresh, web)

	must(t, s.operator().Clients().Delete(context.Background(), s.Other.ID))
	s.TryRefresh(s.Other, other.Refresh).expectInvalidClient(t)
	if s.Active(t, s.ResourceServer, other.Access) {
		t.Error("a deleted client's token is active")
	}
}

func testEndedSession(t *testing.T, s *Signet) {
	tokens, other := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Alice, "openid")
	must(t, s.operator().Sessions().End(context.Background(), claims(t, tokens.Access)["sid"].(string)))
	s.expectEnded(t, s.Web, tokens)
	other = s.expectActive(t, s.Web, other)
	_, err := s.operator().Users().EndSessions(context.Background(), s.Alice.ID)
	must(t, err)
	s.expectEnded(t, s.Web, other)
	other = s.Login(t, s.Web, s.Editor, "openid")
	_, err = s.operator().Sessions().EndAll(context.Background())
	must(t, err)
	s.expectEnded(t, s.Web, other)
}

func testAudienceRemoved(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	_, err := s.operator().Clients().Update(context.Background(), s.Web.ID, admin.ClientChange{Audiences: &[]string{OtherAPI}})
	must(t, err)
	s.expectRefreshRejected(t, s.Web, tokens.Refresh)
}
