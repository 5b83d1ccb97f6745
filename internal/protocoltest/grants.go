package protocoltest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

var grantCases = []testCase{
	{name: "the three grants", run: testGrants},
	{name: "T25 grants that are not allowed or not known", run: testGrantPolicy},
	{name: "T27 scopes", run: testScopes},
	{name: "T27 restricted scopes are left out and said so", run: testRoleScopes},
	{name: "T28 T29 nothing of the request is echoed", run: testGrantedScope},
	{name: "what is refused is named", run: testRefusedNames},
	{name: "a role that is refused is named", configure: mergedAdmin, run: testRefusedRole},
	{name: "a resource with an empty path", run: testEmptyPath},
	{name: "an audience that is a plain name", run: testNamedAudience},
	{name: "offline_access", run: testOfflineAccess},
	{name: "audiences", run: testAudiences},
	{name: "R23 J27 a new jti every time", run: testUnique},
}

func testGrants(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid profile items:read")
	if tokens.Refresh == "" || tokens.ID == "" || tokens.ExpiresIn != 900 || tokens.Scope != "openid profile items:read" {
		t.Errorf("login: expires_in %d, scope %q, refresh token %t, ID token %t", tokens.ExpiresIn, tokens.Scope, tokens.Refresh != "", tokens.ID != "")
	}
	next := s.Refresh(t, s.Web, tokens.Refresh)
	if next.Refresh == "" || next.Refresh == tokens.Refresh || next.ID != "" || next.Scope != tokens.Scope {
		t.Errorf("refresh: scope %q, ID token %t", next.Scope, next.ID != "")
	}
	own := s.ClientToken(t, s.Machine)
	if own.Refresh != "" || own.ID != "" || own.Scope != "items:read" { // RFC 6749 §4.4.3
		t.Errorf("client_credentials: scope %q, refresh token %t", own.Scope, own.Refresh != "")
	}
	for name, token := range map[string]string{"login": tokens.Access, "refresh": next.Access, "own": own.Access} {
		if !s.Active(t, s.ResourceServer, token) {
			t.Errorf("%s: the access token is not active", name)
		}
	}
}

func testGrantPolicy(t *testing.T, s *Signet) {
	defaults := s.AddClient(t, "defaults", admin.ClientChange{Scopes: &appScopes})
	public := s.AddPublicClient(t, "public", admin.ClientChange{Grants: &[]string{"refresh_token"}, Scopes: &appScopes})
	for _, c := range []Client{defaults, public, s.Machine, s.ResourceServer} {
		s.TryLogin(c, s.Alice, "").ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	}
	tokens := s.Login(t, s.Web, s.Alice, "")
	for _, c := range []Client{defaults, s.Machine} {
		s.TryRefresh(c, tokens.Refresh).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	}
	for _, c := range []Client{s.Web, s.SPA, defaults} {
		s.PostAs(c, Token, Form("grant_type", "client_credentials")).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	}
	for _, grant := range []string{
		"implicit", "Authorization_code", "Password", "password ", "refresh-token", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"device_code", "urn:ietf:params:oauth:grant-type:token-exchange", "null", strings.Repeat("x", 60000),
	} {
		s.Post(Token, Form("grant_type", grant, "code", "x"), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "unsupported_grant_type")
	}
	s.Post(Token, Form("grant_type", "authorization_code", "code", "x"), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "unauthorized_client")
	s.Post(Token, Form(), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
}

func testScopes(t *testing.T, s *Signet) {
	many := strings.TrimSpace(strings.Repeat("items:read ", 5000))
	for _, scope := range []string{
		"unknown", "openid unknown", "Openid", "items:*", `"openid"`, `open\id`, "openid\u00a0profile",
		"ｏpenid", many, strings.Repeat("x", 60000), "openid,profile", "admin",
	} {
		s.TryLogin(s.Web, s.Alice, scope).ExpectError(t, http.StatusBadRequest, "invalid_scope")
	}
	for _, scope := range []string{"openid", "items:write", "unknown"} {
		f := Form("grant_type", "client_credentials", "scope", scope)
		s.Post(Token, f, Basic(s.Machine)).ExpectError(t, http.StatusBadRequest, "invalid_scope")
	}
	if got := s.Login(t, s.Web, s.Alice, "openid openid items:read openid").Scope; got != "openid items:read" {
		t.Errorf("a scope asked twice: %q", got)
	}
	s.PostRaw(Token, s.Alice.LoginForm("").Encode()+"&scope="+strings.Repeat("x+", 1<<19), Basic(s.Web)).
		ExpectError(t, http.StatusRequestEntityTooLarge, "invalid_request")
}

func testRoleScopes(t *testing.T, s *Signet) {
	if got := s.Login(t, s.Web, s.Alice, "items:read items:write").Scope; got != "items:read" {
		t.Errorf("alice: %q", got)
	}
	if got := s.Login(t, s.Web, s.Editor, "items:read items:write").Scope; got != "items:read items:write" {
		t.Errorf("editor: %q", got)
	}
	all := strings.Fields(s.Login(t, s.Web, s.Editor, "").Scope)
	slices.Sort(all)
	if want := slices.Sorted(slices.Values(appScopes)); !slices.Equal(all, want) {
		t.Errorf("nothing asked: %q", all)
	}
}

func testGrantedScope(t *testing.T, s *Signet) {
	const marker = "EchoEchoEcho"
	for _, body := range []string{
		"grant_type=" + marker, "grant_type=password&username=" + marker + "&password=" + marker, "grant_type=refresh_token&refresh_token=" + marker,
		"grant_type=password&scope=" + marker, "grant_type=password&resource=" + marker, "client_id=" + marker, marker + "=%zz",
	} {
		if a := s.PostRaw(Token, body, Basic(s.Web)); a.Status < 400 || strings.Contains(string(a.Body), marker) {
			t.Errorf("%q: %d %s", body, a.Status, a.Body)
		}
	}
	for name, values := range s.Post(Token, Form("grant_type", marker), Basic(Client{marker, marker})).Header {
		if strings.Contains(strings.Join(values, ""), marker) {
			t.Errorf("header %s: %v", name, values)
		}
	}
	if a := s.Get("/" + marker + "?" + marker); strings.Contains(string(a.Body), marker) {
		t.Errorf("404: %s", a.Body)
	}
}

func testAudiences(t *testing.T, s *Signet) {
	two := s.AddClient(t, "two", admin.ClientChange{
		Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}, Audiences: &[]string{API, OtherAPI},
	})
	none := s.AddClient(t, "none", admin.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}})
	f := Form("grant_type", "client_credentials", "resource", OtherAPI)
	chosen := s.Post(Token, f, Basic(two)).Tokens(t)
	if aud := claims(t, chosen.Access)["aud"]; aud != OtherAPI {
		t.Errorf("asked for one: aud %v", aud)
	}
	if s.Active(t, s.ResourceServer, chosen.Access) || !s.Active(t, s.OtherResourceServer, chosen.Access) {
		t.Error("the token counts for the wrong resource server")
	}
	if aud, ok := claims(t, s.ClientToken(t, two).Access)["aud"].([]any); !ok || len(aud) != 2 {
		t.Errorf("asked for none: aud %v", aud)
	}
	if aud := claims(t, s.ClientToken(t, none).Access)["aud"]; aud != s.Issuer {
		t.Errorf("no audience: aud %v, want the issuer", aud)
	}
	for _, wrong := range []string{OtherAPI, API + "/v1", API + "//", API + "?", strings.ToUpper(API), "api", s.Issuer} {
		f := Form("grant_type", "client_credentials", "resource", wrong)
		s.Post(Token, f, Basic(s.Machine)).ExpectError(t, http.StatusBadRequest, "invalid_target")
	}
}

func testUnique(t *testing.T, s *Signet) {
	seen := map[string]bool{}
	once := func(kind, value string) {
		if value == "" || seen[value] {
			t.Errorf("%s %.20q: empty or seen before", kind, value)
		}
		seen[value] = true
	}
	for range rounds(20, 1000) {
		tokens := s.Login(t, s.Web, s.Alice, "")
		for range 5 {
			c := claims(t, tokens.Access)
			once("jti", c["jti"].(string))
			once("refresh token", tokens.Refresh)
			if raw := strings.TrimPrefix(tokens.Refresh, "sgr_"); len(raw) < 43 || strings.Trim(raw, urlSafe) != "" {
				t.Fatalf("refresh token of %d characters, or others than base64url", len(raw))
			}
			tokens = s.Refresh(t, s.Web, tokens.Refresh)
		}
	}
	_, err := s.operator().Sessions().EndAll(context.Background())
	must(t, err)
}

const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// testRefusedNames: the answer and the log line say which scope, resource or grant
// was refused, unless it looks like a secret.
func testRefusedNames(t *testing.T, s *Signet) {
	for _, c := range []struct{ parameter, value, code, named string }{
		{"scope", "openid items:delete items:read", "invalid_scope", ": items:delete"},
		{"scope", "items:delete users.all x/y z", "invalid_scope", ": items:delete users.all x/y"},
		{"scope", "Hunter2-Hunter2", "invalid_scope", "ask for it"},
		{"scope", strings.Repeat("x", 128) + " a:b", "invalid_scope", ": " + strings.Repeat("x", 128) + " a:b"},
		{"resource", "https://unknown.example.com/v1", "invalid_target", ": https://unknown.example.com/v1"},
		{"resource", "https://user:Secret@unknown.example.com/", "invalid_target", "that resource"},
		{"resource", "unknown-api", "invalid_target", ": unknown-api"},
		{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "unsupported_grant_type", ": urn:ietf:params:oauth:grant-type:token-exchange"},
		{"grant_type", "client_credentials", "unauthorized_client", ": client_credentials"},
	} {
		s.Log.Reset()
		f := s.Alice.LoginForm("")
		f.Set(c.parameter, c.value)
		a := s.Post(Token, f, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, c.code)
		description, _ := a.Object(t)["error_description"].(string)
		if !strings.HasSuffix(description, c.named) {
			t.Errorf("%s %.40q: the answer says %q, want it to end in %q", c.parameter, c.value, description, c.named)
		}
		if logged := s.Log.Events(t)[0]["description"]; logged != description {
			t.Errorf("%s %.40q: logged %v, answered %q", c.parameter, c.value, logged, description)
		}
	}
	// A refresh asks for more than its login was granted.
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	f := RefreshForm(tokens.Refresh)
	f.Set("scope", "openid items:read")
	a := s.Post(Token, f, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_scope")
	if description, _ := a.Object(t)["error_description"].(string); !strings.HasSuffix(description, ": items:read") {
		t.Errorf("a wider refresh: %q", description)
	}
}

// testEmptyPath: RFC 3986 §6.2.3 makes an empty path and "/" the same.
func testEmptyPath(t *testing.T, s *Signet) {
	slash := s.AddClient(t, "slash", admin.ClientChange{
		Grants: &[]string{issuer.GrantPassword, issuer.GrantRefreshToken}, Scopes: &[]string{"openid"}, Audiences: &[]string{API + "/", OtherAPI + "/v1"},
	})
	for client, want := range map[Client]string{s.Web: API, slash: API + "/"} {
		for _, resource := range []string{API, API + "/"} {
			f := s.Alice.LoginForm("")
			f.Set("resource", resource)
			tokens := s.Post(Token, f, Basic(client)).Tokens(t)
			if aud := claims(t, tokens.Access)["aud"]; aud != want {
				t.Errorf("%s asks for %s: aud %v, want %s", client.ID, resource, aud, want)
			}
			if !s.Active(t, s.ResourceServer, tokens.Access) {
				t.Errorf("%s asks for %s: the resource server is told nothing", client.ID, resource)
			}
			f = RefreshForm(tokens.Refresh)
			f.Set("resource", resource)
			if aud := claims(t, s.Post(Token, f, Basic(client)).Tokens(t).Access)["aud"]; aud != want {
				t.Errorf("%s refreshes for %s: aud %v, want %s", client.ID, resource, aud, want)
			}
		}
	}
	f := s.Alice.LoginForm("")
	f.Set("resource", OtherAPI+"/v1/")
	s.Post(Token, f, Basic(slash)).ExpectError(t, http.StatusBadRequest, "invalid_target") // another path
}

// testOfflineAccess: every client with the refresh_token grant knows the scope.
func testOfflineAccess(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid offline_access")
	if tokens.Scope != "openid offline_access" || tokens.Refresh == "" {
		t.Errorf("asked for: scope %q", tokens.Scope)
	}
	if refreshed := s.Refresh(t, s.Web, tokens.Refresh); refreshed.Scope != "openid offline_access" {
		t.Errorf("after a refresh: scope %q", refreshed.Scope)
	}
	if all := s.Login(t, s.Web, s.Alice, ""); strings.Contains(all.Scope, "offline_access") {
		t.Errorf("not asked for: scope %q", all.Scope)
	}
	f := Form("grant_type", "client_credentials", "scope", "items:read offline_access")
	s.Post(Token, f, Basic(s.Machine)).ExpectError(t, http.StatusBadRequest, "invalid_scope") // no refresh_token grant
	both := s.AddClient(t, "both", admin.ClientChange{
		Grants: &[]string{issuer.GrantClientCredentials, issuer.GrantRefreshToken}, Scopes: &[]string{"items:read"}, Audiences: &[]string{API},
	})
	if own := s.Post(Token, f, Basic(both)).Tokens(t); own.Scope != "items:read" || own.Refresh != "" {
		t.Errorf("without a user: scope %q", own.Scope)
	}
}

// testNamedAudience: an audience is a StringOrURI (RFC 7519 §4.1.3); only what is
// asked for by resource must be an absolute URI (RFC 8707 §2).
func testNamedAudience(t *testing.T, s *Signet) {
	app := s.AddClient(t, "app", admin.ClientChange{Grants: &[]string{issuer.GrantPassword}, Scopes: &[]string{"openid"}, Audiences: &[]string{"items-api"}})
	api := s.AddClient(t, "named-api", admin.ClientChange{Resources: &[]string{"items-api"}})
	tokens := s.Login(t, app, s.Alice, "")
	if aud := claims(t, tokens.Access)["aud"]; aud != "items-api" {
		t.Errorf("aud %v, want the plain name", aud)
	}
	if !s.Active(t, api, tokens.Access) || s.Active(t, s.ResourceServer, tokens.Access) {
		t.Error("the token counts for the wrong resource server")
	}
	f := s.Alice.LoginForm("")
	f.Set("resource", "items-api")
	s.PostAs(app, Token, f).ExpectError(t, http.StatusBadRequest, "invalid_target")
}

func testRefusedRole(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	a := s.JSON("PATCH", Users+"/"+s.Alice.ID, Object{"roles": []string{"user", "super_admin"}}, f.admin).ExpectProblem(t, http.StatusForbidden, "access_denied")
	if detail, _ := a.Object(t)["detail"].(string); !strings.HasSuffix(detail, ": super_admin") {
		t.Errorf("the answer says %q, and not which role", detail)
	}
}
