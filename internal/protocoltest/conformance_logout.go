package protocoltest

import (
	"crypto"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// conformanceLogout are the modules of the RP-Initiated Logout OP plan.
var conformanceLogout = []conformanceModule{
	{name: "oidcc-rp-initiated-logout-discovery-endpoint-verification", outcome: "pass", play: playLogoutDiscovery},
	{name: "oidcc-rp-initiated-logout", outcome: "pass", play: playLogoutRedirect()},
	{name: "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", outcome: "pass", play: playLogoutPage("post_logout_redirect_uri", suiteBase+"/bad_post_logout_redirect_uri")},
	{name: "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", outcome: "pass", play: playLogoutPage("post_logout_redirect_uri", suiteGoodbye+"?foo=bar")},
	{name: "oidcc-rp-initiated-logout-modified-id-token-hint", outcome: "pass", play: playLogoutUnsignedHint},
	{name: "oidcc-rp-initiated-logout-bad-id-token-hint", outcome: "pass", play: playLogoutForeignHint},
	{name: "oidcc-rp-initiated-logout-no-id-token-hint", outcome: "pass", play: playLogoutPage("id_token_hint", "")},
	{name: "oidcc-rp-initiated-logout-no-params", outcome: "pass", play: playLogoutPage("id_token_hint", "", "post_logout_redirect_uri", "", "state", "")},
	{name: "oidcc-rp-initiated-logout-no-post-logout-redirect-uri", outcome: "pass", play: playLogoutPage("post_logout_redirect_uri", "")},
	{name: "oidcc-rp-initiated-logout-only-state", outcome: "pass", play: playLogoutPage("id_token_hint", "", "post_logout_redirect_uri", "")},
	{name: "oidcc-rp-initiated-logout-no-state", outcome: "pass", play: playLogoutRedirect("state", "")},
}

// conformanceBackchannel are the modules of the Back-Channel Logout OP plan.
var conformanceBackchannel = []conformanceModule{
	{name: "oidcc-backchannel-logout-discovery-endpoint-verification", outcome: "pass", play: playBackchannelDiscovery},
	{name: "oidcc-backchannel-rp-initiated-logout", outcome: "pass", play: playBackchannelLogout},
}

func playLogoutDiscovery(c *conformance) {
	c.checkHTTPS(c.s.Get(Discovery).Object(c))
}

func playBackchannelDiscovery(c *conformance) {
	o := c.s.Get(Discovery).Object(c)
	c.checkHTTPS(o)
	if o["backchannel_logout_supported"] != true || o["backchannel_logout_session_supported"] != true {
		c.Errorf("%v", o)
	}
}

// anyLogoutState has every character that the suite sends in a state.
const anyLogoutState = `!"#$%&'()*~,-./0123456789:~<=>?@ABCXYZ[\]^_` + "`abcxyz{|}~"

// logout signs in, and opens the logout endpoint with the changes made to the request.
func (c *conformance) logout(changes ...string) (signedIn, url.Values, screen) {
	c.Helper()
	r := c.signIn()
	c.s.Advance(time.Second)
	q := Form("id_token_hint", r.tokens.ID, "post_logout_redirect_uri", suiteGoodbye, "state", anyLogoutState)
	for n := 0; n+1 < len(changes); n += 2 {
		if q.Set(changes[n], changes[n+1]); changes[n+1] == "" {
			q.Del(changes[n])
		}
	}
	requested := Logout + "?" + q.Encode()
	return r, q, c.run(requested, c.browser.Open(requested))
}

// expectRedirect expects the browser back at the suite with the state and nothing else, and
// signed out.
func (c *conformance) expectRedirect(q url.Values, at screen) {
	c.Helper()
	back := c.returned(at)
	got := back.target.Query()
	if to, _, _ := strings.Cut(at.url, "?"); back.method != http.MethodGet || to != suiteGoodbye || got.Get("state") != q.Get("state") || got.Has("state") != q.Has("state") {
		c.Errorf("%s %q, want state %q", back.method, at.url, q.Get("state"))
	}
	for name := range got {
		if name != "state" {
			c.warn("the redirect has the parameter %s", name)
		}
	}
	c.expectSignedOut()
}

// expectSignedOut expects that prompt=none fails.
func (c *conformance) expectSignedOut() {
	c.Helper()
	q := c.request("prompt", "none")
	c.refused(q, c.authorize(q), "login_required", "interaction_required", "account_selection_required", "consent_required")
}

func playLogoutRedirect(changes ...string) func(c *conformance) {
	return func(c *conformance) {
		_, q, at := c.logout(changes...)
		c.expectRedirect(q, at)
	}
}

// playLogoutPage expects a page, and no redirect: not after the confirmation either.
func playLogoutPage(changes ...string) func(c *conformance) {
	return func(c *conformance) {
		c.picture = true
		_, _, at := c.logout(changes...)
		c.expectPage(at)
	}
}

// expectPage expects that the page says that the person is signed out, or asks: which is so
// unless the hint is good and no redirect is asked for.
func (c *conformance) expectPage(at screen) {
	c.Helper()
	if d := c.browser.Document(c, at.page); d.Has("sign-out") {
		q := c.request("prompt", "none")
		c.code(q, c.authorize(q)) // nobody is signed out unasked
		at = c.click(d, "sign-out")
	}
	if at.back != nil || at.page.Status != http.StatusOK || !c.browser.Document(c, at.page).Has("signed-out") {
		c.Errorf("%d at %.80s: %.300s", at.page.Status, at.url, at.page.Body)
	}
	c.expectSignedOut()
}

// playLogoutUnsignedHint sends the claims of a good ID token without a signature.
func playLogoutUnsignedHint(c *conformance) {
	r := c.signIn()
	parts := strings.Split(r.tokens.ID, ".")
	c.expectAsked(b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".")
}

// playLogoutForeignHint sends an ID token that the client has signed with its secret.
func playLogoutForeignHint(c *conformance) {
	now := c.s.Clock.Now().Unix()
	claims := jsonText(c, Object{"iss": c.clients.first.ID, "sub": "SubjectID", "aud": c.s.Issuer, "nonce": "flibble", "iat": now, "exp": now + 300})
	c.expectAsked(jwt(`{"alg":"HS256"}`, claims, hmacWith(crypto.SHA256, []byte(c.clients.first.Secret))))
}

// expectAsked expects the page that asks whether to sign out, for a hint that proves nothing.
func (c *conformance) expectAsked(hint string) {
	c.Helper()
	c.picture = true
	_, _, at := c.logout("id_token_hint", hint)
	if at.back != nil || !c.browser.Document(c, at.page).Has("sign-out") {
		c.Errorf("signed out, at %.80s", at.url)
	}
	c.expectPage(at)
}

func playBackchannelLogout(c *conformance) {
	c.clients.relyingParty.received() // of the logouts before
	r, q, at := c.logout()
	c.expectRedirect(q, at)
	c.s.deliver(c.T)
	all := c.clients.relyingParty.received()
	if len(all) != 1 || all[0].contentType != "application/x-www-form-urlencoded" {
		c.Fatalf("%d requests", len(all))
	}
	if all[0].fields != 1 {
		c.warn("the back-channel request has %d parameters", all[0].fields)
	}
	token := claims(c, c.verified(all[0].token))
	events, _ := token["events"].(map[string]any)
	event, isObject := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	if token["iss"] != c.s.Issuer || token["aud"] != r.client.ID || token["sub"] != r.id["sub"] || token["sid"] == nil || token["sid"] != r.id["sid"] ||
		token["jti"] == nil || token["iat"] == nil || token["nonce"] != nil || len(events) != 1 || !isObject || len(event) != 0 {
		c.Errorf("logout token %v", token)
	}
	// The suite answers 200 with Cache-Control: no-store, and that is the end of it.
	c.s.deliver(c.T)
	if more := c.clients.relyingParty.received(); len(more) != 0 {
		c.Errorf("%d more requests", len(more))
	}
}
