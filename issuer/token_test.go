package issuer_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// claimsOf decodes a token without checking it: what a client could read.
func claimsOf(t testing.TB, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %d parts", len(parts))
	}
	for n, to := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[n])
		must(t, err)
		must(t, json.Unmarshal(raw, to))
	}
	return header, claims
}

// RFC 9068 §2.1, §2.2: header and claims of an access token.
func TestAccessTokenClaims(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	header, claims := claimsOf(t, a.AccessToken)
	if header["typ"] != "at+jwt" || header["alg"] != "ES256" || header["kid"] == "" {
		t.Errorf("header %v", header)
	}
	alice, err := f.operator().Users().Find(f.ctx, "alice")
	must(t, err)
	now := float64(f.clock.Now().Unix())
	for name, want := range map[string]any{
		"iss": issuerURL, "sub": alice.ID, "aud": apiURL, "client_id": "web", "iat": now, "exp": now + 900, "auth_time": now, "scope": a.Scope,
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	if roles, _ := claims["roles"].([]any); len(roles) != 1 || roles[0] != "user" {
		t.Errorf("roles = %v, want [user]", claims["roles"])
	}
	if jti, _ := claims["jti"].(string); len(jti) < 27 || claims["sid"] == nil {
		t.Errorf("jti %q, sid %v", jti, claims["sid"])
	}
	if a.TokenType != "Bearer" || a.ExpiresIn != 900 {
		t.Errorf("token_type %s, expires_in %d", a.TokenType, a.ExpiresIn)
	}
}

func TestClientCredentials(t *testing.T) {
	f := newFixture(t).withAlice()
	ask := func(client issuer.ClientAuth, scope string) (issuer.TokenResponse, error) {
		return f.Token(f.ctx, issuer.TokenRequest{Client: client, Grant: issuer.GrantClientCredentials, Scope: scope, Info: f.info})
	}
	a, err := ask(basic("web"), "")
	must(t, err)
	_, claims := claimsOf(t, a.AccessToken)
	if claims["sub"] != "web" || claims["client_id"] != "web" || claims["roles"] != nil || claims["sid"] != nil {
		t.Errorf("claims %v", claims)
	}
	if a.RefreshToken != "" || a.IDToken != "" || hasScope(a.Scope, "openid") {
		t.Errorf("a client alone got %q, refresh token %t, ID token %t", a.Scope, a.RefreshToken != "", a.IDToken != "")
	}
	_, err = ask(basic("web"), "openid")
	wantCode(t, "openid without a user", err, issuer.InvalidScope)
	_, err = ask(basic("api"), "")
	wantCode(t, "grant not given", err, issuer.UnauthorizedClient)
}

// OpenID Connect Core §2: the ID token comes with openid, on refresh only where
// the client asks for it.
func TestIDToken(t *testing.T) {
	f := newFixture(t).withAlice()
	a := f.mustLogin()
	header, claims := claimsOf(t, a.IDToken)
	if header["typ"] != "JWT" || claims["aud"] != "web" || claims["nonce"] != nil || claims["at_hash"] == nil || claims["auth_time"] == nil {
		t.Errorf("ID token %v %v", header, claims)
	}
	f.advance(3600e9)
	if a = f.mustRefresh(a.RefreshToken); a.IDToken != "" {
		t.Error("an ID token came with a refresh unasked")
	}
	_, err := f.operator().Clients().Update(f.ctx, "web", admin.ClientChange{IDTokenOnRefresh: ptr(true)})
	must(t, err)
	a = f.mustRefresh(a.RefreshToken)
	_, later := claimsOf(t, a.IDToken)
	if later["auth_time"] != claims["auth_time"] || later["sub"] != claims["sub"] || later["iat"] == claims["iat"] {
		t.Errorf("ID token of the refresh %v, of the login %v", later, claims)
	}
	if f.active(a.IDToken) { // J12
		t.Error("an ID token passes for an access token")
	}
}

func TestSharedChecks(t *testing.T) {
	f := newFixture(t).withAlice()
	good := issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass, Info: f.info}
	for _, tt := range []struct {
		name   string
		change func(*issuer.TokenRequest)
		want   issuer.Code
	}{
		{"no grant", func(r *issuer.TokenRequest) { r.Grant = "" }, issuer.InvalidRequest},
		{"unknown grant", func(r *issuer.TokenRequest) { r.Grant = "magic" }, issuer.UnsupportedGrantType},
		{"no client", func(r *issuer.TokenRequest) { r.Client = issuer.ClientAuth{Method: issuer.AuthNone} }, issuer.InvalidClient},
		{"unknown client", func(r *issuer.TokenRequest) { r.Client.ID = "nobody" }, issuer.InvalidClient},
		{"wrong secret", func(r *issuer.TokenRequest) { r.Client.Secret = secretOf("api") }, issuer.InvalidClient},
		{"empty secret", func(r *issuer.TokenRequest) { r.Client.Secret = "" }, issuer.InvalidClient},
		{"confidential as public", func(r *issuer.TokenRequest) { r.Client = issuer.ClientAuth{ID: "web", Method: issuer.AuthNone} }, issuer.InvalidClient},
		{"scope not allowed", func(r *issuer.TokenRequest) { r.Scope = "items:delete" }, issuer.InvalidScope},
		{"resource not allowed", func(r *issuer.TokenRequest) { r.Resource = "https://elsewhere.example.org" }, issuer.InvalidTarget},
		{"scope of refresh missing token", func(r *issuer.TokenRequest) { r.Grant = issuer.GrantRefreshToken }, issuer.InvalidRequest},
	} {
		r := good
		tt.change(&r)
		_, err := f.Token(f.ctx, r)
		wantCode(t, tt.name, err, tt.want)
	}
	r := good
	r.Resource = apiURL
	if _, err := f.Token(f.ctx, r); err != nil {
		t.Errorf("the client's own audience: %v", err)
	}
}

// What was changed by another process is noticed within the cache's time, and a
// rejection is never made from a cached record.
func TestClientCache(t *testing.T) {
	f := newFixture(t).withAlice()
	f.mustLogin()
	stored, err := f.store.Client(f.ctx, "web")
	must(t, err)
	stored.Scopes = append(stored.Scopes, "items:delete")
	stored.Grants = []string{issuer.GrantPassword}
	_, err = f.store.UpdateClient(f.ctx, stored) // past the issuer's back
	must(t, err)

	a, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic("web"), Grant: issuer.GrantPassword, Username: "alice", Password: alicePass, Scope: "items:delete", Info: f.info})
	must(t, err)
	if a.Scope != "items:delete" || a.RefreshToken != "" {
		t.Errorf("scope %q, refresh token %t", a.Scope, a.RefreshToken != "")
	}
	must(t, f.store.DeleteClient(f.ctx, "web", 0))
	f.advance(5e9)
	_, err = f.login("alice", alicePass)
	wantCode(t, "client deleted elsewhere", err, issuer.InvalidClient)
}

// A client made anew under the name of a remembered one is another client.
func TestClientMadeAnew(t *testing.T) {
	f := newFixture(t).withAlice()
	f.mustLogin()
	stored, err := f.store.Client(f.ctx, "web")
	must(t, err)
	other, err := f.store.Client(f.ctx, "other")
	must(t, err)
	must(t, f.store.DeleteClient(f.ctx, "web", 0))
	f.clock.Advance(time.Millisecond)
	stored.SecretHash, stored.CreatedAt = other.SecretHash, f.clock.Now()
	must(t, f.store.CreateClient(f.ctx, stored))
	ask := issuer.ClientAuth{ID: "web", Secret: secretOf("other"), Method: issuer.AuthBasic}
	_, err = f.Token(f.ctx, issuer.TokenRequest{Client: ask, Grant: issuer.GrantClientCredentials, Info: f.info})
	must(t, err)
}

func TestPublicClient(t *testing.T) {
	f := newFixture(t).withAlice()
	n := admin.NewClient{ID: "spa", Public: true, Settings: admin.ClientChange{Grants: strs(issuer.GrantPassword, issuer.GrantRefreshToken), Scopes: strs("items:read")}}
	_, err := f.operator().Clients().Create(f.ctx, n)
	wantField(t, "password on a public client", err, "grant_types")
	n.InsecurePublicPassword = true
	view, err := f.operator().Clients().Create(f.ctx, n)
	must(t, err)
	if view.Secret != "" {
		t.Error("a public client got a secret")
	}
	as := func(m issuer.AuthMethod, secret issuer.Secret) (issuer.TokenResponse, error) {
		return f.Token(f.ctx, issuer.TokenRequest{
			Client: issuer.ClientAuth{ID: "spa", Method: m, Secret: secret}, Grant: issuer.GrantPassword,
			Username: "alice", Password: alicePass, Info: f.info,
		})
	}
	a, err := as(issuer.AuthNone, "")
	must(t, err)
	_, err = as(issuer.AuthPost, "anything")
	wantCode(t, "a secret for a public client", err, issuer.InvalidClient)
	_, err = f.Introspect(f.ctx, issuer.IntrospectRequest{Client: issuer.ClientAuth{ID: "spa", Method: issuer.AuthNone}, Token: issuer.Secret(a.AccessToken)})
	wantCode(t, "introspection by a public client", err, issuer.InvalidClient)
	must(t, f.Revoke(f.ctx, issuer.RevokeRequest{Client: issuer.ClientAuth{ID: "spa", Method: issuer.AuthNone}, Token: issuer.Secret(a.RefreshToken), Info: f.info}))
	if _, err := f.refreshAs("spa", a.RefreshToken); err == nil {
		t.Error("revoked by its public client, and still alive")
	}
}

func (f *fixture) refreshAs(public, token string) (issuer.TokenResponse, error) {
	return f.Token(f.ctx, issuer.TokenRequest{
		Client: issuer.ClientAuth{ID: public, Method: issuer.AuthNone}, Grant: issuer.GrantRefreshToken, RefreshToken: issuer.Secret(token), Info: f.info,
	})
}

// A short secret that somebody chose costs a password hash, once; guesses at it
// are throttled.
func TestChosenSecret(t *testing.T) {
	f := newFixture(t).withAlice()
	grants := []string{issuer.GrantClientCredentials}
	_, err := f.operator().Clients().Create(f.ctx, admin.NewClient{ID: "chosen", Secret: "s3cret-chosen", Settings: admin.ClientChange{Grants: &grants}})
	must(t, err)
	ask := func(secret issuer.Secret) error {
		_, err := f.Token(f.ctx, issuer.TokenRequest{
			Client: issuer.ClientAuth{ID: "chosen", Secret: secret, Method: issuer.AuthPost}, Grant: issuer.GrantClientCredentials, Info: f.info,
		})
		return err
	}
	before := f.hashes.Evaluations()
	for range 5 {
		must(t, ask("s3cret-chosen"))
	}
	if n := f.hashes.Evaluations() - before; n != 1 {
		t.Errorf("%d hash evaluations for five requests, want 1", n)
	}
	var throttled bool
	for range 20 {
		err := ask("s3cret-guess")
		throttled = throttled || strings.Contains(err.Error(), string(issuer.TooManyAttempts))
	}
	if !throttled {
		t.Error("guesses at a client secret are not throttled")
	}
	must(t, ask("s3cret-chosen"))
	_, err = f.operator().Clients().RotateSecret(f.ctx, "chosen", admin.SecretRotation{Secret: "", Revoke: false})
	must(t, err)
	wantCode(t, "the old secret", ask("s3cret-chosen"), issuer.InvalidClient)
	for _, s := range []string{"short", "with space in it", "with%percent", strings.Repeat("x", 600)} {
		_, err := f.operator().Clients().RotateSecret(f.ctx, "chosen", admin.SecretRotation{Secret: issuer.Secret(s), Revoke: false})
		wantField(t, s, err, "client_secret")
	}
}

func TestAudienceOfSeveral(t *testing.T) {
	f := newFixture(t).withAlice()
	f.client("two", admin.ClientChange{Grants: strs(issuer.GrantClientCredentials), Audiences: strs("https://a.example.org", "https://b.example.org")})
	f.client("none", admin.ClientChange{Grants: strs(issuer.GrantClientCredentials)})
	for id, want := range map[string][]string{"two": {"https://a.example.org", "https://b.example.org"}, "none": {issuerURL}} {
		a, err := f.Token(f.ctx, issuer.TokenRequest{Client: basic(id), Grant: issuer.GrantClientCredentials, Info: f.info})
		must(t, err)
		_, claims := claimsOf(t, a.AccessToken)
		var got []string
		switch aud := claims["aud"].(type) {
		case string:
			got = []string{aud}
		case []any:
			for _, s := range aud {
				got = append(got, s.(string))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: aud %v, want %v", id, got, want)
		}
	}
}
