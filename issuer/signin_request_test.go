package issuer_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// idToken signs an ID token of these claims.
func (f *fixture) idToken(typ string, claims map[string]any) string {
	f.t.Helper()
	signer, err := f.keys.Current()
	must(f.t, err)
	token, err := signer.Sign(context.Background(), typ, claims)
	must(f.t, err)
	return token
}

// Z28: an ID token of this issuer for this client, however old; anything else is refused.
func TestSignIn_IDTokenHint_MustBeOneOfThisClient(t *testing.T) {
	f, b := newSignInFixture(t)
	b.logIn(request())
	claims := func(more ...any) map[string]any {
		c := map[string]any{"iss": issuerURL, "sub": f.userID("alice"), "aud": "app", "exp": f.clock.Now().Add(-90 * 24 * time.Hour).Unix()}
		for n := 0; n < len(more); n += 2 {
			c[more[n].(string)] = more[n+1]
		}
		return c
	}
	good := f.idToken("JWT", claims())
	head, rest, _ := strings.Cut(good, ".")
	payload, _, _ := strings.Cut(rest, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	for name, hint := range map[string]string{
		"altered": head + "." + payload[:len(payload)-4] + "AAAA." + strings.Repeat("A", 86), "alg none": none + "." + payload + ".", "no JWT": "hint",
		"another issuer": f.idToken("JWT", claims("iss", "https://other.example")), "another client": f.idToken("JWT", claims("aud", "web")),
		"an access token": f.idToken("at+jwt", claims()), "no subject": f.idToken("JWT", claims("sub", "")), "aud is a number": f.idToken("JWT", claims("aud", 1)),
	} {
		for _, prompt := range []string{"none", ""} {
			o := b.authorize(request("prompt", prompt, "id_token_hint", hint))
			wantError(t, name, o, "invalid_request")
			if o.Refusal == nil || o.Refusal.Param != "id_token_hint" {
				t.Errorf("%s: %+v", name, o.Refusal)
			}
		}
	}
	wantCodeOf(t, "expired", b.authorize(request("prompt", "none", "id_token_hint", good)))
	wantCodeOf(t, "several audiences", b.authorize(request("prompt", "none", "id_token_hint", f.idToken("JWT", claims("aud", []string{"web", "app"})))))
	_, err := f.keys.Rotate(f.ctx, keys.Change{Force: true})
	must(t, err)
	f.advance(time.Minute)
	wantCodeOf(t, "of a retired key", b.authorize(request("prompt", "none", "id_token_hint", good)))
	f.advance(60 * 24 * time.Hour)
	if _, _, err := f.keys.Verify(f.ctx, good); !errors.Is(err, keys.ErrInvalidToken) {
		t.Fatalf("the key is still published: %v", err)
	}
	b.logIn(request())
	wantCodeOf(t, "of a key that is published no more", b.authorize(request("prompt", "none", "id_token_hint", good)))
}

// Z29, Z31: the hint and the claim sub name who must be signed in.
func TestSignIn_HintOfAnotherUser_IsLoginRequired(t *testing.T) {
	f, b := newSignInFixture(t)
	f.withBob()
	b.logIn(request())
	cookie := b.cookie
	for name, more := range map[string][]string{
		"id_token_hint": {"id_token_hint", f.idToken("JWT", map[string]any{"iss": issuerURL, "sub": "bob-id", "aud": "app"})},
		"claim sub":     {"claims", `{"id_token":{"sub":{"value":"bob-id"}}}`},
	} {
		wantError(t, name, b.authorize(request(append(more, "prompt", "none")...)), "login_required")
		query := page(t, name, b.authorize(request(more...)), authorization.StepLogin)
		o := b.logIn(query)
		wantError(t, name+", as the wrong one", o, "login_required")
		if o.Cookie != nil || !b.alive() {
			t.Errorf("%s: the browser is not as it was: %+v", name, o.Cookie)
		}
		o = b.logInAs(query, "bob", alicePass)
		wantCodeOf(t, name+", as the right one", o)
		b.cookie = cookie
		b.logIn(request())
		cookie = b.cookie
	}
}

// Z31: an acr that no login reaches.
func TestSignIn_EssentialACR_ThatCannotBeReached(t *testing.T) {
	_, b := newSignInFixture(t)
	const wanted = `{"id_token":{"acr":{"essential":true,"values":[%q]}}}`
	wantError(t, "another", b.authorize(request("claims", fmt.Sprintf(wanted, "urn:example:2fa"))), "unmet_authentication_requirements")
	wantCodeOf(t, "1fa", b.logIn(request("claims", fmt.Sprintf(wanted, "urn:signet:1fa"))))
	wantCodeOf(t, "voluntary", b.authorize(request("acr_values", "urn:signet:phr 2 1", "prompt", "none")))
}

// Z03, Z04, Z10, Z36: each refusal leaves one event, and only some are told the client.
func TestSignIn_RefusedRequest_IsAuditedWithTheRequestID(t *testing.T) {
	f, b := newSignInFixture(t)
	for n, tt := range []struct {
		query, detail, client string
		redirect              bool
	}{
		{request("client_id", "nobody"), "invalid_request: ", "", false},
		{request("redirect_uri", appURI+"/"), `received "` + appURI + `/", nearest registered "` + appURI + `"`, "app", false},
		{request("response_type", "token"), "unsupported_response_type: ", "app", true},
		{request("client_id", "web", "redirect_uri", ""), "invalid_request: ", "web", false},
		{strings.Repeat("x", 17<<10), "invalid_request: the request is larger", "", false},
	} {
		b.info.RequestID = fmt.Sprint("request-", n)
		o := b.authorize(tt.query)
		if o.Refusal == nil || (o.Response != nil) != tt.redirect || o.Query != "" {
			t.Errorf("%d: %+v", n, o)
		}
		e := f.wantEvents(audit.EventAuthorizeRefused, n+1)
		if last := e[len(e)-1]; !strings.Contains(last.Detail, tt.detail) || last.RequestID != b.info.RequestID || last.ClientID != tt.client {
			t.Errorf("%d: %+v", n, last)
		}
	}
	for range 400 {
		b.authorize(request("scope", "unknown"))
	}
	f.wantEvents(audit.EventAuthorizeRefused, 300)
}

// A client that was changed a moment ago is read again before anything is refused.
func TestSignIn_RefusesByTheClientAsItIsNow(t *testing.T) {
	f, b := newSignInFixture(t)
	b.authorize(request())
	change := func(change func(*storage.Client)) {
		c, err := f.store.Store.Client(f.ctx, "app")
		must(t, err)
		change(&c)
		_, err = f.store.UpdateClient(f.ctx, c)
		must(t, err)
	}
	change(func(c *storage.Client) { c.RedirectURIs = append(c.RedirectURIs, appURI+"/2") })
	page(t, "a new redirect URI", b.authorize(request("redirect_uri", appURI+"/2")), authorization.StepLogin)
	change(func(c *storage.Client) { c.Disabled = true })
	f.advance(time.Minute)
	if o := b.authorize(request()); o.Refusal == nil || o.Response != nil {
		t.Errorf("disabled: %+v", o.Step)
	}
	change(func(c *storage.Client) { c.Disabled = false })
	page(t, "enabled again", b.authorize(request()), authorization.StepLogin)
}

// Z19: what the user's roles do not allow is left out, and refused where nothing is left.
func TestSignIn_ScopesOfTheUsersRoles(t *testing.T) {
	f, b := newSignInFixture(t)
	_, err := f.operator().Roles().Create(f.ctx, "editor", admin.RoleChange{Scopes: strs("items:write")})
	must(t, err)
	wantCodeOf(t, "one is left", b.logIn(request("scope", "items:read items:write")))
	if s := f.pending("alice"); strings.Join(s[0].Scopes, " ") != "items:read" {
		t.Errorf("%v", s[0].Scopes)
	}
	wantError(t, "nothing is left", b.authorize(request("scope", "items:write")), "invalid_scope")
}

// C26: a browser opens an application of a private-use scheme after a click alone.
func TestSignIn_PrivateUseScheme_ContinuesByAClick(t *testing.T) {
	_, b := newSignInFixture(t, func(c *storage.Client) { c.RedirectURIs, c.Consent = []string{"com.example.app:/cb"}, "never" })
	q := request("redirect_uri", "com.example.app:/cb")
	o := b.logIn(q)
	if wantCodeOf(t, "login", o); o.Step.Continue {
		t.Error("the login was a click")
	}
	for name, query := range map[string]string{"single sign-on": q, "an error": q + "&prompt=none&max_age=0", "a refusal": q + "&response_mode=x"} {
		if o = b.authorize(query); !o.Step.Continue || o.Response == nil {
			t.Errorf("%s: %+v", name, o.Step)
		}
	}
}

var _ issuer.PasswordReplacer = (*failingReplacer)(nil)

type failingReplacer struct{ err error }

func (r *failingReplacer) ReplacePassword(context.Context, storage.User, issuer.Secret, issuer.RequestInfo) (storage.User, error) {
	return storage.User{}, r.err
}
