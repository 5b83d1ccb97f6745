package protocoltest

import (
	"net/http"
	"time"

	"example.org/signet/issuer/authorization"
)

// conformanceTokens are the modules about the answers of the token endpoint and of userinfo.
var conformanceTokens = []conformanceModule{
	{name: "oidcc-server", outcome: "pass", play: playServer},
	{name: "oidcc-response-type-missing", outcome: "pass", play: playResponseTypeMissing},
	{name: "oidcc-idtoken-signature", outcome: "pass", play: playIDTokenSignature},
	{name: "oidcc-idtoken-unsigned", outcome: "skip: none is no signing algorithm", play: playIDTokenUnsigned},
	{name: "oidcc-userinfo-get", outcome: "pass", play: playUserInfoGet},
	{name: "oidcc-userinfo-post-header", outcome: "pass", play: playUserInfoPostHeader},
	{name: "oidcc-userinfo-post-body", outcome: "pass", play: playUserInfoPostBody},
	{name: "oidcc-ensure-request-without-nonce-succeeds-for-code-flow", outcome: "pass", play: playWithoutNonce},
	{name: "oidcc-codereuse", outcome: "pass", play: playCodeReuse},
	{name: "oidcc-codereuse-30seconds", outcome: "pass", play: playCodeReuseLater},
	{name: "oidcc-server-client-secret-post", outcome: "pass", play: playServerClientSecretPost},
	{name: "oidcc-refresh-token", outcome: "pass", play: playRefreshToken},
	{name: "oidcc-ensure-request-with-valid-pkce-succeeds", outcome: "pass", play: playValidPKCE},
}

func playServer(c *conformance) {
	r := c.signIn()
	if len(r.code)*8 < 128 || entropy(r.code) < 96 {
		c.Errorf("a code of %d characters with %.0f bits", len(r.code), entropy(r.code))
	}
}

func playResponseTypeMissing(c *conformance) {
	q := c.request("response_type", "")
	c.refused(q, c.authorize(q), "invalid_request", "unsupported_response_type")
}

// playIDTokenSignature needs a key id, which c.verified checks in every module.
func playIDTokenSignature(c *conformance) {
	if !c.lists("id_token_signing_alg_values_supported", "RS256") {
		c.Error("RS256 is not listed")
	}
	c.signIn()
}

func playIDTokenUnsigned(c *conformance) {
	if !c.lists("id_token_signing_alg_values_supported", "none") {
		c.skip("none is no signing algorithm")
	}
}

func playUserInfoGet(c *conformance) { c.signIn() }

func playUserInfoPostHeader(c *conformance) {
	r := c.signIn()
	c.userInfo(c.s.Send(http.MethodPost, UserInfo, "", Bearer(r.tokens.Access)), r)
}

func playUserInfoPostBody(c *conformance) {
	r := c.signIn()
	a := c.s.Post(UserInfo, Form("access_token", r.tokens.Access))
	if a.Status/100 != 2 {
		c.warn("userinfo refuses a token in the body")
		return
	}
	c.userInfo(a, r)
}

func playWithoutNonce(c *conformance) { c.signIn("nonce", "") }

func playCodeReuse(c *conformance) {
	a := c.redeem(c.signIn())
	if a.Status == http.StatusOK {
		c.warn("a code is good for a second use at once")
		return
	}
	a.ExpectError(c, http.StatusBadRequest, "invalid_grant")
}

func playCodeReuseLater(c *conformance) {
	r := c.signIn()
	c.s.Advance(30 * time.Second)
	c.redeem(r).ExpectError(c, http.StatusBadRequest, "invalid_grant")
	if a := c.s.UserInfo(r.tokens.Access); a.Status/100 != 4 {
		c.warn("the access token outlives the second use of the code")
	}
}

func playServerClientSecretPost(c *conformance) { c.signIn("client_id", c.clients.byPost.ID) }

func playRefreshToken(c *conformance) {
	first := c.refresh(c.clients.first, "scope", "openid offline_access")
	second := c.refresh(c.clients.second)
	if first.tokens.ID != "" || second.tokens.ID == "" {
		c.Error("a refresh brings an ID token where the client asks for one")
	}
	f := RefreshForm(second.tokens.Refresh)
	f.Set("scope", "openid offline_access")
	c.askToken(c.clients.first, f).ExpectError(c, http.StatusBadRequest, "invalid_grant")
}

// refresh signs in with offline access, refreshes, and compares the ID tokens (OpenID Connect
// Core §12.2).
func (c *conformance) refresh(client Client, more ...string) signedIn {
	c.Helper()
	if !c.lists("scopes_supported", "offline_access") || !c.lists("grant_types_supported", "refresh_token") {
		c.Error("the discovery document names no offline access")
	}
	r := c.signIn("client_id", client.ID, "scope", "openid offline_access", "prompt", "consent", "nonce", "n-0123456789012345678901234567890123456789-")
	if r.tokens.Refresh == "" {
		c.Fatal("no refresh token")
	}
	c.s.Advance(time.Second)
	f := RefreshForm(r.tokens.Refresh)
	for n := 0; n+1 < len(more); n += 2 {
		f.Set(more[n], more[n+1])
	}
	old, before := r.tokens, r.id
	r.tokens = c.askToken(client, f).Tokens(c) // expects no-store, no-cache and Bearer
	if r.tokens.Access == old.Access || r.tokens.Refresh != "" && len(r.tokens.Refresh)*8 < 128 {
		c.Error("the access token is the old one, or the refresh token is short")
	}
	if r.tokens.ID != "" {
		fresh := claims(c, c.verified(r.tokens.ID))
		for _, same := range []string{"iss", "sub", "aud", "auth_time", "azp"} {
			if jsonText(c, fresh[same]) != jsonText(c, before[same]) {
				c.Errorf("%s: %v became %v", same, before[same], fresh[same])
			}
		}
		if fresh["iat"].(float64) <= before["iat"].(float64) {
			c.Errorf("iat %v, before %v", fresh["iat"], before["iat"])
		}
	}
	c.userInfo(c.s.UserInfo(r.tokens.Access), r)
	return r
}

func playValidPKCE(c *conformance) {
	verifier := c.s.NewSecret("verifier-0123456789")
	q := c.request("code_challenge", authorization.Challenge(verifier), "code_challenge_method", "S256")
	c.complete(q, c.authorize(q), "code_verifier", verifier)
}
