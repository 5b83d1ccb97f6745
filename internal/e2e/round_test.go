package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const jwksPath = "/.well-known/jwks.json"

// round is the whole life of a session, each step one test on what the one
// before has left.
type round struct {
	server   *server
	api      *api
	library  *foreignLibrary
	web      credentials
	machine  credentials
	resource credentials

	subject string
	idToken string
	first   tokens // of the login
	token   tokens // the newest
	oldKID  string
}

// TestRound plays the round with golang.org/x/oauth2, coreos/go-oidc and a
// resource server on package verify.
func TestRound(t *testing.T) {
	long(t)
	t.Parallel()
	s := newServer(t)
	s.addUsers(t)
	s.start(t)
	r := &round{server: s, api: newAPI(t, s.issuer), web: s.addWeb(t), machine: s.addMachine(t), resource: s.addResource(t)}
	r.library = newLibrary(t, s)
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
	// The client that has the password grant was made while the server ran.
	var metadata libraryReply
	eventually(t, "discovery to name the password grant", func() bool {
		metadata = r.library.must(t, libraryCall{Use: "discovery"})
		return slices.Contains(metadata.Grants, "password")
	})
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
	login := passwordCall(r.web, alice, alicePassword)
	login.Scopes = strings.Fields(scope)
	token := r.library.must(t, login)
	if token.Type != "Bearer" || token.ExpiresIn != 900 || token.RefreshToken == "" || token.Scope != scope {
		t.Errorf("type %q, expires_in %d, scope %q; want Bearer, 900, %q and a refresh token", token.Type, token.ExpiresIn, token.Scope, scope)
	}
	r.first, r.token, r.idToken = token.tokens, token.tokens, token.IDToken
	id := r.library.must(t, libraryCall{Use: "ID token", Client: foreignClient(r.web), Token: r.idToken, Access: token.AccessToken}) // with at_hash
	if id.Nonce != "" {
		t.Errorf("nonce %q, none was sent", id.Nonce)
	}
	if lives := id.Expires - id.Issued; lives != 900 {
		t.Errorf("the ID token lives %d s, want 900", lives)
	}
	if _, err := r.library.call(t, libraryCall{Use: "ID token", Client: foreignClient(r.web), Token: token.AccessToken}); err == nil {
		t.Error("J12 an access token passes for an ID token")
	}
	r.subject = id.Subject
}

func (r *round) userinfo(t *testing.T) {
	info := r.library.must(t, libraryCall{Use: "userinfo", Token: r.token.AccessToken})
	if info.Subject != r.subject || info.Email != "alice@example.com" {
		t.Errorf("userinfo of %q <%s>, want %q <alice@example.com>", info.Subject, info.Email, r.subject)
	}
	if _, err := r.library.call(t, libraryCall{Use: "userinfo", Token: r.idToken}); err == nil {
		t.Error("userinfo took the ID token")
	}
}

func (r *round) verification(t *testing.T) {
	r.api.call(t, "GET", "/items", r.token.AccessToken, http.StatusOK)
	r.api.call(t, "POST", "/items", r.token.AccessToken, http.StatusOK)
	r.api.call(t, "GET", "/desk", r.token.AccessToken, http.StatusOK)

	login := passwordCall(r.web, bob, bobPassword)
	login.Scopes = strings.Fields(scope)
	small := r.library.must(t, login)
	r.api.call(t, "GET", "/items", small.AccessToken, http.StatusOK)
	r.api.call(t, "POST", "/items", small.AccessToken, http.StatusForbidden)
	r.api.call(t, "GET", "/desk", small.AccessToken, http.StatusForbidden)
	r.api.call(t, "GET", "/items", r.idToken, http.StatusUnauthorized)
	r.api.call(t, "GET", "/items", r.token.RefreshToken, http.StatusUnauthorized)
	r.api.call(t, "GET", "/items", "", http.StatusUnauthorized)
}

func (r *round) clientCredentials(t *testing.T) {
	for _, style := range []string{"header", "parameters"} {
		token := r.library.must(t, libraryCall{
			Use: "client credentials", Client: foreignClient(r.machine), Scopes: []string{"items:read"}, Style: style,
		})
		if token.RefreshToken != "" { // RFC 6749 §4.4.3
			t.Errorf("%s: a refresh token", style)
		}
		r.api.call(t, "GET", "/items", token.AccessToken, http.StatusOK)
		r.api.call(t, "POST", "/items", token.AccessToken, http.StatusForbidden)
		claims := r.verified(t, token.AccessToken)
		if claims.Subject != r.machine.ID {
			t.Errorf("%s: sub %q, want %q", style, claims.Subject, r.machine.ID)
		}
	}
}

// verified checks an access token as go-oidc's remote key set does, with keys
// that it fetches for this one token.
func (r *round) verified(t *testing.T, token string) libraryReply {
	t.Helper()
	return r.library.must(t, libraryCall{Use: "access token", Audience: audience, Token: token})
}

// next refreshes the session as x/oauth2 does for a token that has expired.
func (r *round) next(t *testing.T) tokens {
	t.Helper()
	token := r.library.must(t, refreshCall(r.web, r.token.RefreshToken))
	if token.RefreshToken == r.token.RefreshToken || token.AccessToken == r.token.AccessToken {
		t.Error("the refresh gave the same token again")
	}
	return token.tokens
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
	for _, token := range []tokens{old, r.token} {
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
	for _, token := range []tokens{r.first, before, r.token} {
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
	for _, token := range []tokens{r.first, before, r.token} {
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
	r.server.run(t, "", "keys", "revoke", kid, "--yes")
	eventually(t, "the revoked key's tokens to be dead", func() bool {
		return r.server.introspect(t, r.web, before.AccessToken)["active"] == false
	})
	r.server.wantActive(t, r.web, before.RefreshToken, r.first.AccessToken)
	r.token = r.next(t)
	r.verified(t, r.token.AccessToken)
	if _, err := r.library.call(t, libraryCall{Use: "signature", Token: before.AccessToken}); err == nil {
		t.Error("the revoked key is still published")
	}
}

func (r *round) revocation(t *testing.T) {
	r.server.revoke(t, r.web, r.token.RefreshToken)
	r.server.wantDead(t, r.web, r.token.RefreshToken, r.token.AccessToken, r.first.AccessToken)
	_, err := r.library.call(t, refreshCall(r.web, r.token.RefreshToken))
	wantRefusal(t, err, "invalid_grant")
	if _, err := r.library.call(t, libraryCall{Use: "userinfo", Token: r.token.AccessToken}); err == nil {
		t.Error("userinfo answers for a revoked session")
	}
	r.server.revoke(t, r.web, r.token.RefreshToken) // RFC 7009 §2.2: again is no error
}
