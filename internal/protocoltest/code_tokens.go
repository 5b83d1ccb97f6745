package protocoltest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

var codeTokenCases = []testCase{
	{name: "C17 the ID token of a code", run: testCodeIDToken},
	{name: "C18 the nonce", run: testCodeNonce},
	{name: "C19 auth_time is that of the login", run: testCodeAuthTime},
	{name: "C21 C18 C19 a refresh of a code's session", run: testCodeRefresh},
	{name: "C22 a refresh token needs the grant", run: testCodeRefreshGrant},
	{name: "S14 sid differs from client to client", run: testCodeSid},
	{name: "Z21 no ID token and no userinfo without openid", run: testCodeWithoutOpenID},
	{name: "Z30 claims asked for by name", run: testCodeClaims},
	{name: "acr and amr of a password", run: testACR},
}

func testCodeIDToken(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	loggedIn := s.Clock.Now().Add(-loggedInBefore).Unix()
	tokens := s.Redeem(t, app, s.Code(t, app, s.Alice, append(openIDScopes, "email", "phone"), func(r *issuer.CodeRequest) { r.Nonce = "n-1" }))
	now, half := s.Clock.Now().Unix(), sha256.Sum256([]byte(tokens.Access))
	want := map[string]any{
		"iss": s.Issuer, "sub": s.Alice.ID, "aud": app.ID, "iat": float64(now), "exp": float64(now + 900), "auth_time": float64(loggedIn),
		"nonce": "n-1", "sid": sessionOf(t, tokens), "at_hash": base64.RawURLEncoding.EncodeToString(half[:16]), "acr": "urn:signet:1fa", "amr": []any{"pwd"},
	}
	if got := claims(t, tokens.ID); jsonText(t, got) != jsonText(t, want) {
		t.Errorf("claims %s, want %s", jsonText(t, got), jsonText(t, want))
	}
	header := decodePart(t, tokens.ID, 0)
	if jwks := string(s.Get(JWKS).Body); header["typ"] != "JWT" || !strings.Contains(jwks, header["kid"].(string)) {
		t.Errorf("header %v, JWKS %s", header, jwks)
	}
}

func testCodeNonce(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", func(c *storage.Client) { c.IDTokenOnRefresh = true })
	for _, nonce := range []string{"", "x", strings.Repeat("n", 43), strings.Repeat("n", 64), strings.Repeat("ü\"<", 128)} {
		tokens := s.Redeem(t, app, s.Code(t, app, s.Alice, openIDScopes, func(r *issuer.CodeRequest) { r.Nonce = nonce }))
		got, there := claims(t, tokens.ID)["nonce"]
		if there != (nonce != "") || there && got != nonce {
			t.Errorf("nonce %v, want %q", got, nonce)
		}
		if got := claims(t, s.Refresh(t, app, tokens.Refresh).ID)["nonce"]; got != nil {
			t.Errorf("nonce %v after a refresh", got)
		}
	}
}

func testCodeAuthTime(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	login := s.Clock.Now().Add(-3 * time.Hour)
	code := s.Code(t, app, s.Alice, openIDScopes, func(r *issuer.CodeRequest) { r.Browser.AuthTime = storage.Time(login) })
	s.Advance(30 * time.Second)
	tokens := s.Redeem(t, app, code)
	for name, token := range map[string]string{"ID": tokens.ID, "access": tokens.Access} {
		if got := claims(t, token)["auth_time"]; got != float64(login.Unix()) {
			t.Errorf("auth_time %v of the %s token, want %d", got, name, login.Unix())
		}
	}
	if got := s.Introspect(s.ResourceServer, tokens.Access).Object(t)["auth_time"]; got != float64(login.Unix()) {
		t.Errorf("auth_time %v at introspection", got)
	}
	// A login and a request in one millisecond: the record keeps them apart.
	code = s.Code(t, app, s.Alice, openIDScopes, func(r *issuer.CodeRequest) { r.Browser.AuthTime = storage.Time(s.Clock.Now()) })
	at := s.Clock.Now().Unix()
	s.Advance(30 * time.Second)
	if got := claims(t, s.Redeem(t, app, code).ID)["auth_time"]; got != float64(at) {
		t.Errorf("auth_time %v, want %d", got, at)
	}
}

func testCodeRefresh(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", func(c *storage.Client) { c.IDTokenOnRefresh = true })
	other := s.AddCodeClient(t, "second")
	first := s.Redeem(t, app, s.Code(t, app, s.Alice, openIDScopes))
	s.Advance(time.Minute)
	s.expectRefreshRejected(t, other, first.Refresh)
	second := s.Refresh(t, app, first.Refresh)
	old, fresh := claims(t, first.ID), claims(t, second.ID)
	for _, same := range []string{"iss", "sub", "aud", "auth_time", "sid", "acr"} { // OpenID Connect Core §12.2
		if old[same] == nil || old[same] != fresh[same] {
			t.Errorf("%s: %v became %v", same, old[same], fresh[same])
		}
	}
	s.expectActive(t, app, second)
}

func testCodeRefreshGrant(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app", func(c *storage.Client) { c.Grants = []string{issuer.GrantAuthorizationCode} })
	tokens := s.Redeem(t, app, s.Code(t, app, s.Alice, openIDScopes))
	if tokens.Refresh != "" {
		t.Error("a refresh token for a client without the grant")
	}
	record, err := s.backend.Session(context.Background(), sessionOf(t, tokens))
	must(t, err)
	if got := record.ExpiresAt.Sub(record.CreatedAt); got != 15*time.Minute {
		t.Errorf("a session that nobody can refresh lives %v", got)
	}
}

func testCodeSid(t *testing.T, s *Signet) {
	app, other := s.AddCodeClient(t, "app"), s.AddCodeClient(t, "second")
	seen := map[any]bool{}
	for _, c := range []Client{app, other, app} {
		sid := claims(t, s.Redeem(t, c, s.Code(t, c, s.Alice, openIDScopes)).ID)["sid"]
		if sid == nil || seen[sid] || strings.Contains(jsonText(t, sid), "browser") {
			t.Errorf("sid %v", sid)
		}
		seen[sid] = true
	}
}

func testCodeWithoutOpenID(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	tokens := s.Redeem(t, app, s.Code(t, app, s.Alice, []string{"profile", "items:read"}, func(r *issuer.CodeRequest) { r.Nonce = "n" }))
	if tokens.ID != "" || s.Refresh(t, app, tokens.Refresh).ID != "" {
		t.Error("an ID token without openid")
	}
	a := s.UserInfo(tokens.Access)
	if a.Status != http.StatusForbidden || !strings.Contains(a.Header.Get("WWW-Authenticate"), "insufficient_scope") {
		t.Errorf("userinfo: %d %v", a.Status, a.Header["Www-Authenticate"])
	}
}

func testCodeClaims(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	named := func(names ...string) func(*issuer.CodeRequest) {
		return func(r *issuer.CodeRequest) { r.Claims = names }
	}
	members := func(o map[string]any) string {
		var names []string
		for name := range o {
			names = append(names, name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	tokens := s.Redeem(t, app, s.Code(t, app, s.Alice, []string{"openid"}, named("userinfo/name", "id_token/email")))
	for range 2 {
		o := s.UserInfo(tokens.Access).ExpectStatus(t, http.StatusOK).Object(t)
		if members(o) != "name sub" || o["name"] != "Full alice" {
			t.Errorf("userinfo %v", o)
		}
		if tokens.ID != "" {
			if id := claims(t, tokens.ID); id["email"] != "alice@example.com" || id["email_verified"] != false || id["name"] != nil {
				t.Errorf("ID token %v", id)
			}
		}
		tokens = s.Refresh(t, app, tokens.Refresh)
	}
	if scope := tokens.Scope; scope != "openid" {
		t.Errorf("scope %q: claims grant no scope", scope)
	}
	// A claim of a scope that is taken from the client is gone.
	left := []string{"openid"}
	_, err := s.operator().Clients().Update(context.Background(), app.ID, admin.ClientChange{Scopes: &left})
	must(t, err)
	s.Advance(10 * time.Second)
	if o := s.UserInfo(tokens.Access).ExpectStatus(t, http.StatusOK).Object(t); members(o) != "sub" {
		t.Errorf("userinfo %v after the client lost profile", o)
	}
}

// testACR: a login by password alone says so, in the access token, at introspection and in the
// ID token, whichever grant began the session, and so do refreshed tokens.
func testACR(t *testing.T, s *Signet) {
	app := s.AddCodeClient(t, "app")
	first := s.Redeem(t, app, s.Code(t, app, s.Alice, openIDScopes))
	for name, tokens := range map[string]Tokens{
		"code": first, "refresh": s.Refresh(t, app, first.Refresh), "password": s.Login(t, s.Web, s.Alice, "openid"),
	} {
		for where, o := range map[string]map[string]any{
			"access token": claims(t, tokens.Access), "introspection": s.Introspect(s.ResourceServer, tokens.Access).Object(t),
		} {
			if o["acr"] != "urn:signet:1fa" || jsonText(t, o["amr"]) != `["pwd"]` || o["auth_time"] == nil {
				t.Errorf("%s: acr %v, amr %v, auth_time %v in the %s", name, o["acr"], o["amr"], o["auth_time"], where)
			}
		}
	}
	own := s.ClientToken(t, s.Machine)
	if c := claims(t, own.Access); c["acr"] != nil || c["amr"] != nil {
		t.Errorf("a client's own token: %v", c)
	}
}
