package protocoltest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.org/signet/issuer"
)

var grantCases = []testCase{
	{name: "the three grants", run: testGrants},
	{name: "T25 grants that are not allowed or not known", run: testGrantPolicy},
	{name: "T27 scopes", run: testScopes},
	{name: "T27 restricted scopes are left out and said so", run: testRoleScopes},
	{name: "T28 T29 nothing of the request is echoed", run: testGrantedScope},
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
	defaults := s.AddClient(t, "defaults", issuer.ClientChange{Scopes: &appScopes})
	public := s.AddPublicClient(t, "public", issuer.ClientChange{Grants: &[]string{"refresh_token"}, Scopes: &appScopes})
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
		"authorization_code", "implicit", "Password", "password ", "refresh-token", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange", "null", strings.Repeat("x", 60000),
	} {
		s.Post(Token, Form("grant_type", grant, "code", "x"), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "unsupported_grant_type")
	}
	s.Post(Token, Form(), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
}

func testScopes(t *testing.T, s *Signet) {
	many := strings.TrimSpace(strings.Repeat("items:read ", 5000))
	for _, scope := range []string{
		"unknown", "openid unknown", "Openid", "items:*", "openid  profile", " openid", "openid ", `"openid"`, `open\id`, "openid\u00a0profile",
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
	two := s.AddClient(t, "two", issuer.ClientChange{
		Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}, Audiences: &[]string{API, OtherAPI},
	})
	none := s.AddClient(t, "none", issuer.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}})
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
	for _, wrong := range []string{OtherAPI, API + "/", strings.ToUpper(API), "api", s.Issuer} {
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
	_, err := s.Service.EndAllSessions(context.Background(), testSource)
	must(t, err)
}

const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
