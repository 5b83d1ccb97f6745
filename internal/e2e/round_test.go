package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const jwksPath = "/.well-known/jwks.json"

// round is the whole life of a session, each step one test on what the one
// before has left.
type round struct {
	server   *server
	api      *api
	ctx      context.Context // holds the HTTP client for x/oauth2 and go-oidc
	provider *oidc.Provider
	config   oauth2.Config
	web      credentials
	machine  credentials
	resource credentials

	subject string
	idToken string
	first   *oauth2.Token // of the login
	token   *oauth2.Token // the newest
	oldKID  string
}

// TestRound plays the round with golang.org/x/oauth2, coreos/go-oidc and a
// resource server on package verify.
func TestRound(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.addUsers(t)
	s.start(t)
	r := &round{server: s, api: newAPI(t, s.issuer), web: s.addWeb(t), machine: s.addMachine(t), resource: s.addResource(t)}
	r.ctx = oidc.ClientContext(t.Context(), s.http)
	for _, step := range []struct {
		name string
		play func(*testing.T)
	}{
		{"discovery", r.discovery},
		{"login", r.login},
		{"userinfo", r.userinfo},
		{"offline verification", r.verification},
		{"client credentials", r.clientCredentials},
		{"refresh", r.refresh},
		{"introspection", r.introspection},
		{"rotation", r.rotation},
		{"rotation on its heels", r.secondRotation},
		{"restart", r.restart},
		{"crash", r.crash},
		{"revoked key", r.revokedKey},
		{"revocation", r.revocation},
	} {
		if !t.Run(step.name, step.play) {
			t.FailNow()
		}
	}
}

func (r *round) discovery(t *testing.T) {
	var metadata struct {
		Grants []string `json:"grant_types_supported"`
		Auth   []string `json:"token_endpoint_auth_methods_supported"`
	}
	// The client that has the password grant was made while the server ran.
	eventually(t, "discovery to name the password grant", func() bool {
		provider, err := oidc.NewProvider(r.ctx, r.server.issuer)
		if err != nil {
			t.Fatal(err)
		}
		if err := provider.Claims(&metadata); err != nil {
			t.Fatal(err)
		}
		r.provider = provider
		return slices.Contains(metadata.Grants, "password")
	})
	r.config = oauth2.Config{ClientID: r.web.ID, ClientSecret: r.web.Secret, Endpoint: r.provider.Endpoint(), Scopes: []string{"openid", "profile", "email", "items:read", "items:write"}}
	r.config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	for _, grant := range []string{"refresh_token", "client_credentials"} {
		if !slices.Contains(metadata.Grants, grant) {
			t.Errorf("grant_types_supported is %q, without %s", metadata.Grants, grant)
		}
	}
	for _, method := range []string{"client_secret_basic", "client_secret_post"} {
		if !slices.Contains(metadata.Auth, method) {
			t.Errorf("token_endpoint_auth_methods_supported is %q, without %s", metadata.Auth, method)
		}
	}
}

func (r *round) login(t *testing.T) {
	token, err := r.config.PasswordCredentialsToken(r.ctx, alice, alicePassword)
	if err != nil {
		t.Fatal(err)
	}
	if token.Type() != "Bearer" || token.ExpiresIn != 900 || token.RefreshToken == "" || token.Extra("scope") != scope {
		t.Errorf("type %q, expires_in %d, scope %q; want Bearer, 900, %q and a refresh token", token.Type(), token.ExpiresIn, token.Extra("scope"), scope)
	}
	r.first, r.token = token, token
	r.idToken, _ = token.Extra("id_token").(string)
	id, err := r.provider.Verifier(&oidc.Config{ClientID: r.web.ID}).Verify(r.ctx, r.idToken)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil { // at_hash
		t.Error(err)
	}
	if id.Nonce != "" {
		t.Errorf("nonce %q, none was sent", id.Nonce)
	}
	r.subject = id.Subject
}

func (r *round) userinfo(t *testing.T) {
	info, err := r.provider.UserInfo(r.ctx, oauth2.StaticTokenSource(r.token))
	if err != nil {
		t.Fatal(err)
	}
	if info.Subject != r.subject || info.Email != "alice@example.com" {
		t.Errorf("userinfo of %q <%s>, want %q <alice@example.com>", info.Subject, info.Email, r.subject)
	}
	_, err = r.provider.UserInfo(r.ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: r.idToken}))
	if err == nil {
		t.Error("userinfo took the ID token")
	}
}

func (r *round) verification(t *testing.T) {
	r.api.call(t, "GET", "/items", r.token.AccessToken, http.StatusOK)
	r.api.call(t, "POST", "/items", r.token.AccessToken, http.StatusOK)
	r.api.call(t, "GET", "/desk", r.token.AccessToken, http.StatusOK)

	config := r.config
	small, err := config.PasswordCredentialsToken(r.ctx, bob, bobPassword)
	if err != nil {
		t.Fatal(err)
	}
	r.api.call(t, "GET", "/items", small.AccessToken, http.StatusOK)
	r.api.call(t, "POST", "/items", small.AccessToken, http.StatusForbidden)
	r.api.call(t, "GET", "/desk", small.AccessToken, http.StatusForbidden)
	r.api.call(t, "GET", "/items", r.idToken, http.StatusUnauthorized)
	r.api.call(t, "GET", "/items", r.token.RefreshToken, http.StatusUnauthorized)
	r.api.call(t, "GET", "/items", "", http.StatusUnauthorized)
}

func (r *round) clientCredentials(t *testing.T) {
	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "parameters": oauth2.AuthStyleInParams} {
		config := clientcredentials.Config{
			ClientID: r.machine.ID, ClientSecret: r.machine.Secret, TokenURL: r.provider.Endpoint().TokenURL,
			Scopes: []string{"items:read"}, AuthStyle: style,
		}
		token, err := config.Token(r.ctx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if token.RefreshToken != "" { // RFC 6749 §4.4.3
			t.Errorf("%s: a refresh token", name)
		}
		r.api.call(t, "GET", "/items", token.AccessToken, http.StatusOK)
		r.api.call(t, "POST", "/items", token.AccessToken, http.StatusForbidden)
		claims := r.verified(t, token.AccessToken)
		if claims.Subject != r.machine.ID {
			t.Errorf("%s: sub %q, want %q", name, claims.Subject, r.machine.ID)
		}
	}
}

// verified checks an access token as go-oidc's remote key set does, with keys
// that it fetches for this one token.
func (r *round) verified(t *testing.T, token string) *oidc.IDToken {
	t.Helper()
	keys := oidc.NewRemoteKeySet(r.ctx, r.server.issuer+jwksPath)
	claims, err := oidc.NewVerifier(r.server.issuer, keys, &oidc.Config{ClientID: audience}).Verify(r.ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// next refreshes the session as x/oauth2 does for a token that has expired.
func (r *round) next(t *testing.T) *oauth2.Token {
	t.Helper()
	token, err := r.config.TokenSource(r.ctx, &oauth2.Token{RefreshToken: r.token.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	if token.RefreshToken == r.token.RefreshToken || token.AccessToken == r.token.AccessToken {
		t.Error("the refresh gave the same token again")
	}
	return token
}

func (r *round) refresh(t *testing.T) {
	r.token = r.next(t)
	if claims := r.verified(t, r.token.AccessToken); claims.Subject != r.subject {
		t.Errorf("sub %q after the refresh, %q before", claims.Subject, r.subject)
	}
	r.api.call(t, "POST", "/items", r.token.AccessToken, http.StatusOK)
}

func (r *round) introspection(t *testing.T) {
	r.server.wantActive(t, r.web, r.first.AccessToken, r.token.AccessToken, r.token.RefreshToken)
	r.server.wantActive(t, r.resource, r.token.AccessToken)
	r.server.wantDead(t, r.machine, r.token.AccessToken, r.token.RefreshToken) // another's
	r.server.wantDead(t, r.web, r.token.AccessToken+"x", r.idToken)
}

// rotate makes the next key sign, and waits until the running server does. A
// second rotation on the heels of the first is refused until every instance
// has published what the first has made.
func (s *server) rotate(t *testing.T, c credentials, old string) (kid string) {
	t.Helper()
	eventually(t, "the rotation", func() bool {
		_, err := s.try(t, "", "keys", "rotate", "--now")
		return err == nil
	})
	eventually(t, "the next key to sign", func() bool {
		kid = s.signingKID(t, c)
		return kid != old
	})
	return kid
}

// signingKID is the id of the key that signs now.
func (s *server) signingKID(t *testing.T, c credentials) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	return header(t, s.mustPost(t, "/oauth2/token", c, form).granted(t).AccessToken).KID
}

func (r *round) rotation(t *testing.T) {
	old := r.token
	r.oldKID = header(t, old.AccessToken).KID
	kid := r.server.rotate(t, r.machine, r.oldKID)
	r.token = r.next(t)
	if got := header(t, r.token.AccessToken); got.KID != kid || got.Typ != "at+jwt" || got.Alg != "RS256" {
		t.Errorf("header %+v after the rotation, want the kid %s", got, kid)
	}
	for _, token := range []*oauth2.Token{old, r.token} {
		r.verified(t, token.AccessToken)
		r.api.call(t, "GET", "/items", token.AccessToken, http.StatusOK)
	}
	r.server.wantActive(t, r.web, old.AccessToken, r.token.AccessToken)
	// The key was published before it signed: no verifier had to ask again.
	if n := r.api.wire.count(jwksPath); n != 1 {
		t.Errorf("the API fetched the keys %d times, want once", n)
	}
}

// secondRotation starts a key that the API has not heard of: a forced rotation
// right after another has no lead, and the API asks once more.
func (r *round) secondRotation(t *testing.T) {
	before := r.token
	r.server.rotate(t, r.machine, header(t, before.AccessToken).KID)
	r.token = r.next(t)
	for _, token := range []*oauth2.Token{r.first, before, r.token} {
		r.api.call(t, "GET", "/items", token.AccessToken, http.StatusOK)
		r.verified(t, token.AccessToken)
	}
	if n := r.api.wire.count(jwksPath); n != 2 {
		t.Errorf("the API fetched the keys %d times, want twice", n)
	}
}

// goesOn demands that the session is what it was before the server's end.
func (r *round) goesOn(t *testing.T) {
	t.Helper()
	before := r.token
	r.server.wantActive(t, r.web, before.AccessToken, before.RefreshToken)
	r.token = r.next(t)
	if was, is := header(t, before.AccessToken).KID, header(t, r.token.AccessToken).KID; was != is {
		t.Errorf("signed with %s before the restart, with %s after it", was, is)
	}
	for _, token := range []*oauth2.Token{r.first, before, r.token} {
		r.api.call(t, "GET", "/items", token.AccessToken, http.StatusOK)
		r.verified(t, token.AccessToken)
	}
}

func (r *round) restart(t *testing.T) {
	r.server.restart(t)
	r.goesOn(t)
}

func (r *round) crash(t *testing.T) {
	r.server.crash(t)
	r.goesOn(t)
}

// revokedKey withdraws the signing key: its tokens are dead at once, the
// session is not.
func (r *round) revokedKey(t *testing.T) {
	before := r.token
	kid := header(t, before.AccessToken).KID
	r.server.run(t, "", "keys", "revoke", kid)
	eventually(t, "the revoked key's tokens to be dead", func() bool {
		return r.server.introspect(t, r.web, before.AccessToken)["active"] == false
	})
	r.server.wantActive(t, r.web, before.RefreshToken, r.first.AccessToken)
	r.token = r.next(t)
	r.verified(t, r.token.AccessToken)
	keys := oidc.NewRemoteKeySet(r.ctx, r.server.issuer+jwksPath)
	if _, err := keys.VerifySignature(r.ctx, before.AccessToken); err == nil {
		t.Error("the revoked key is still published")
	}
}

func (r *round) revocation(t *testing.T) {
	r.server.revoke(t, r.web, r.token.RefreshToken)
	r.server.wantDead(t, r.web, r.token.RefreshToken, r.token.AccessToken, r.first.AccessToken)
	_, err := r.config.TokenSource(r.ctx, &oauth2.Token{RefreshToken: r.token.RefreshToken}).Token()
	wantRefusal(t, err, "invalid_grant")
	if _, err := r.provider.UserInfo(r.ctx, oauth2.StaticTokenSource(r.token)); err == nil {
		t.Error("userinfo answers for a revoked session")
	}
	r.server.revoke(t, r.web, r.token.RefreshToken) // RFC 7009 §2.2: again is no error
}

// wantRefusal demands an RFC 6749 §5.2 answer as x/oauth2 understands it.
func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != code || refused.Response.StatusCode != http.StatusBadRequest {
		t.Fatalf("got %v, want 400 %s", err, code)
	}
}
