package protocoltest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"example.org/signet/endpoints"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

var apiScopeCases = []testCase{
	{name: "every route without its scope", configure: mergedAdmin, run: testRoutesWithoutScope},
	{name: "a token of a client without audiences administers nothing", configure: mergedAdmin, run: testScopeOfClients},
	{name: "a public client never has signet:admin", configure: mergedAdmin, run: testPublicClientScope},
	{name: "a scope that its client has lost", configure: mergedAdmin, run: testScopeTaken},
	{name: "clients' own tokens and roles have no signet scope", configure: mergedAdmin, run: testReservedScopes},
}

// expectMissingScope expects 403 and a challenge that names the scope (RFC 6750 §3.1).
func (a Response) expectMissingScope(t *testing.T, what, scope string) {
	t.Helper()
	challenge := a.Header.Get("WWW-Authenticate")
	if a.Status != http.StatusForbidden || a.Object(t)["code"] != "insufficient_scope" ||
		!strings.Contains(challenge, `error="insufficient_scope"`) || !strings.Contains(challenge, `scope="`+scope+`"`) {
		t.Errorf("%s: %d, %q, %s, want scope %s to be missing", what, a.Status, challenge, a.Body, scope)
	}
}

// expectFieldError expects the field to be refused.
func expectFieldError(t *testing.T, err error, field string) {
	t.Helper()
	var f *issuer.FieldError
	if !errors.As(err, &f) || f.Field != field {
		t.Errorf("%v, want %s to be refused", err, field)
	}
}

// scopeOfRule is the scope that a route demands, "" for none.
func scopeOfRule(r endpoints.Rule) string {
	switch r {
	case endpoints.RuleSelf:
		return issuer.ScopeAccount
	case endpoints.RuleAdmin, endpoints.RuleSuperAdmin:
		return issuer.ScopeAdmin
	}
	return ""
}

// testRoutesWithoutScope plays every route with a super_admin's tokens that have all
// scopes but its own.
func testRoutesWithoutScope(t *testing.T, s *Signet) {
	portal, super := s.Portal(t), s.AddUser(t, "rita", "user", "super_admin")
	lacking := map[string]RequestOption{
		issuer.ScopeAccount: Bearer(s.Login(t, portal, super, "openid profile items:read signet:admin").Access),
		issuer.ScopeAdmin:   Bearer(s.Login(t, portal, super, "openid profile items:read signet:account").Access),
	}
	played := 0
	for _, route := range s.Handler.Routes() {
		scope := scopeOfRule(route.Rule)
		if scope == "" || route.Method == http.MethodHead { // no body tells about it
			continue
		}
		played++
		path := strings.NewReplacer("{", "", "}", "").Replace(route.Path)
		var body Object
		if route.Method != http.MethodGet && route.Method != http.MethodDelete {
			body = Object{}
		}
		s.Store.Reset()
		s.JSON(route.Method, path, body, lacking[scope]).expectMissingScope(t, route.Method+" "+path, scope)
		expectReadOnlyCalls(t, s, route.Method+" "+path)
	}
	if played < 30 {
		t.Errorf("only %d routes were played: the table is broken", played)
	}
}

// testScopeOfClients: that a client's tokens are for the issuer gives no power there.
func testScopeOfClients(t *testing.T, s *Signet) {
	super := s.AddUser(t, "rita", "user", "super_admin")
	grants := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	settings := admin.ClientChange{Grants: &grants, Scopes: &appScopes}
	for what, client := range map[string]Client{"confidential": s.AddClient(t, "plain", settings), "public": s.AddPublicClient(t, "page", settings)} {
		for _, scope := range []string{"items:read", "", "openid"} {
			tokens := s.Login(t, client, super, scope)
			for _, tk := range []Tokens{tokens, s.Refresh(t, client, tokens.Refresh)} {
				s.JSON("GET", Users, nil, Bearer(tk.Access)).expectMissingScope(t, what+", "+scope, issuer.ScopeAdmin)
				s.JSON("GET", Me, nil, Bearer(tk.Access)).expectMissingScope(t, what+", "+scope, issuer.ScopeAccount)
				s.JSON("POST", Users, Object{"username": "mallet"}, Bearer(tk.Access)).expectMissingScope(t, what+", "+scope, issuer.ScopeAdmin)
			}
		}
		for _, scope := range []string{issuer.ScopeAdmin, issuer.ScopeAccount, "openid " + issuer.ScopeAdmin} {
			s.TryLogin(client, super, scope).ExpectError(t, http.StatusBadRequest, "invalid_scope")
		}
	}
	// Where they are named, asking for nothing asks for them too.
	portal := s.Portal(t)
	tokens := s.Login(t, portal, super, "")
	s.JSON("GET", Users, nil, Bearer(tokens.Access)).ExpectStatus(t, http.StatusOK)
	s.JSON("GET", Me, nil, Bearer(s.Refresh(t, portal, tokens.Refresh).Access)).ExpectStatus(t, http.StatusOK)
}

func testPublicClientScope(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	body := Object{"client_id": "page", "public": true, "grant_types": []string{"password"}, "insecure_public_password": true}
	s.JSON("POST", Clients, body.with("scope", "openid signet:admin"), f.superAdmin).ExpectProblem(t, 422, "invalid_field", "scope")
	s.JSON("POST", Clients, body.with("scope", "openid signet:account"), f.superAdmin).ExpectStatus(t, http.StatusCreated)
	s.JSON("PATCH", Clients+"/page", Object{"scope": "openid signet:admin"}, f.superAdmin).ExpectProblem(t, 422, "invalid_field", "scope")
	for _, scopes := range [][]string{{issuer.ScopeAdmin}, {"openid", issuer.ScopeAdmin}} {
		_, err := s.operator().Clients().Create(t.Context(), admin.NewClient{ID: "cli", Public: true, Settings: admin.ClientChange{Scopes: &scopes}})
		expectFieldError(t, err, "scope")
		_, err = s.operator().Clients().Update(t.Context(), "page", admin.ClientChange{Scopes: &scopes})
		expectFieldError(t, err, "scope")
	}
	token := Bearer(s.Login(t, Client{ID: "page"}, f.SuperAdmin, "openid signet:account").Access)
	s.JSON("GET", Me, nil, token).ExpectStatus(t, http.StatusOK)
	s.JSON("GET", Users, nil, token).expectMissingScope(t, "a public client", issuer.ScopeAdmin)

	// A record that says otherwise, such as one put into the database, gives nothing.
	c, err := s.backend.Client(t.Context(), "page")
	must(t, err)
	c.Scopes = append(c.Scopes, issuer.ScopeAdmin)
	_, err = s.backend.UpdateClient(t.Context(), c)
	must(t, err)
	s.TryLogin(Client{ID: "page"}, f.SuperAdmin, issuer.ScopeAdmin).ExpectError(t, http.StatusBadRequest, "invalid_scope")
}

// testScopeTaken: a token that was issued with the scope is of no use once the client
// has lost it.
func testScopeTaken(t *testing.T, s *Signet) {
	portal, super := s.Portal(t), s.AddUser(t, "rita", "user", "super_admin")
	token := Bearer(s.Login(t, portal, super, portalScope).Access)
	s.JSON("GET", Users, nil, token).ExpectStatus(t, http.StatusOK)
	_, err := s.operator().Clients().Update(t.Context(), portal.ID, admin.ClientChange{Scopes: &appScopes})
	must(t, err)
	s.Service.InvalidateClient(portal.ID)
	for path, scope := range map[string]string{Users: issuer.ScopeAdmin, Me: issuer.ScopeAccount} {
		a := s.JSON("GET", path, nil, token)
		if a.Status != http.StatusUnauthorized { // the session's tokens may have ended altogether
			a.expectMissingScope(t, path, scope)
		}
	}
}

func testReservedScopes(t *testing.T, s *Signet) {
	daemon := s.AddClient(t, "daemon", admin.ClientChange{
		Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read", issuer.ScopeAdmin, issuer.ScopeAccount},
	})
	own := s.ClientToken(t, daemon)
	if own.Scope != "items:read" {
		t.Errorf("a client's own token has the scope %q", own.Scope)
	}
	s.JSON("GET", Users, nil, Bearer(own.Access)).ExpectProblem(t, http.StatusForbidden, "insufficient_scope")
	for _, scope := range []string{issuer.ScopeAdmin, issuer.ScopeAccount} {
		s.PostAs(daemon, Token, Form("grant_type", "client_credentials", "scope", scope)).ExpectError(t, http.StatusBadRequest, "invalid_scope")
		_, err := s.operator().Roles().Create(t.Context(), "made", admin.RoleChange{Scopes: &[]string{"a", scope}})
		expectFieldError(t, err, "scopes")
		_, err = s.operator().Roles().Update(t.Context(), "editor", admin.RoleChange{Scopes: &[]string{scope}})
		expectFieldError(t, err, "scopes")
	}
}
