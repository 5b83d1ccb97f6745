package protocoltest

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/safehttp"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Logout is the path of the logout endpoint, Goodbye the post-logout redirect URI of the
// clients of addLogoutClient.
const (
	Logout  = "/oauth2/logout"
	Goodbye = "https://app.example.com/goodbye?from=signet"
)

var logoutCases = []testCase{
	{name: "O01 O06 O11 a hint of this browser and a registered URI", configure: reachLoopback, run: testLogout},
	{name: "O01 a POST of a client goes on by GET", configure: reachLoopback, run: testLogoutByPost},
	{name: "O02 a URI that is not registered", configure: reachLoopback, run: testLogoutURI},
	{name: "O03 a hint that is not ours", configure: reachLoopback, run: testLogoutBadHint},
	{name: "O04 O05 without a hint", configure: reachLoopback, run: testLogoutNoHint},
	{name: "O07 E07 a hint by an old key", configure: reachLoopback, run: testLogoutOldKey},
	{name: "O08 a hint of somebody else", configure: reachLoopback, run: testLogoutOtherSession},
	{name: "O09 refused requests", configure: reachLoopback, run: testLogoutRefused},
	{name: "O10 nobody is signed in", configure: reachLoopback, run: testLogoutNoCookie},
	{name: "O12 the confirmation", configure: reachLoopback, run: testLogoutConfirmation},
	{name: "O13 O16 a back-channel logout token", configure: reachLoopback, run: testBackchannel},
	{name: "O14 a client that is down", configure: reachLoopback, run: testBackchannelDown},
	{name: "O14 a private address", run: testBackchannelPrivate},
	{name: "O15 S09 whatever ends a session", configure: reachLoopback, run: testBackchannelCauses},
	{name: "O15 S07 the end of a browser session", configure: reachLoopback, run: testBrowserSessionEnd},
	{name: "S14 sid of each client", configure: reachLoopback, run: testSIDs},
	{name: "503 with the store away", configure: reachLoopback, run: testLogoutStoreAway},
}

// reachLoopback lets the issuer post to servers of the test.
func reachLoopback(o *Options) { o.Issuer.Messages.Allow = safehttp.Loopback }

// addLogoutClient makes a client with a post-logout URI, which is told of ended sessions.
func (s *Signet) addLogoutClient(t *testing.T, id string, rp *relyingParty, change ...func(*storage.Client)) Client {
	t.Helper()
	return s.AddCodeClient(t, id, append([]func(*storage.Client){func(c *storage.Client) {
		c.PostLogoutRedirectURIs = []string{Goodbye}
		if rp != nil {
			c.BackchannelLogoutURI = rp.URL + "/" + id
		}
	}}, change...)...)
}

// signedInApp is an application in which somebody has signed in.
type signedInApp struct {
	Tokens
	client Client
	sid    string
}

// enter signs the user in at the client in this browser.
func (b *Browser) enter(t *testing.T, c Client, u User, changes ...string) signedInApp {
	t.Helper()
	tokens := b.s.Redeem(t, c, b.GetCode(t, c, u, changes...))
	sid, _ := claims(t, tokens.Access)["sid"].(string)
	if sid == "" || claims(t, tokens.ID)["sid"] != sid {
		t.Fatalf("the tokens have no common sid: %v, %v", claims(t, tokens.Access), claims(t, tokens.ID))
	}
	return signedInApp{tokens, c, sid}
}

// logoutURL is a logout request.
func logoutURL(params ...string) string { return Logout + "?" + Form(params...).Encode() }

// signedOut is the page that says so, and confirmPage the one that asks.
func (p Page) signedOut(t *testing.T) Page {
	t.Helper()
	if p.Status != http.StatusOK || strings.Contains(string(p.Body), `id="sign-out"`) || !strings.HasPrefix(p.Path, Logout) {
		t.Errorf("not the signed-out page: %d at %.60s to %q: %.500s", p.Status, p.Path, p.Header.Get("Location"), p.Body)
	}
	return p
}

func (p Page) asks(t *testing.T) Page {
	t.Helper()
	if p.Status != http.StatusOK || !strings.Contains(string(p.Body), `id="sign-out"`) || p.Header.Get("Location") != "" {
		t.Fatalf("not the confirmation page: %d at %.60s to %q: %.500s", p.Status, p.Path, p.Header.Get("Location"), p.Body)
	}
	return p
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// fields are the hidden fields of the page's form, with the button that was pressed.
func (p Page) fields() url.Values {
	v := url.Values{"decision": {"sign-out"}}
	for _, f := range hiddenField.FindAllSubmatch(p.Body, -1) {
		v.Set(html.UnescapeString(string(f[1])), html.UnescapeString(string(f[2])))
	}
	return v
}

// confirm presses the button of the confirmation page.
func (b *Browser) confirm(t *testing.T, p Page) Page { return b.Send(t, p.asks(t), p.fields()) }

func (p Page) redirected(t *testing.T, to string) {
	t.Helper()
	if p.Status != http.StatusSeeOther || p.Header.Get("Location") != to {
		t.Errorf("%d to %q, want a redirect to %q: %.500s", p.Status, p.Header.Get("Location"), to, p.Body)
	}
}

// isSignedIn tells whether prompt=none succeeds in the browser.
func (b *Browser) isSignedIn(t *testing.T, c Client) bool {
	t.Helper()
	answer := b.Clone().Open(b.s.authorizeURL(c, "prompt", "none")).Answer(t)
	if answer.Get("code") == "" && answer.Get("error") != "login_required" {
		t.Errorf("prompt=none answers %v", answer)
	}
	return answer.Get("code") != ""
}

// isActive tells whether the tokens of an application are.
func (s *Signet) isActive(t *testing.T, a signedInApp) bool {
	t.Helper()
	stored, err := s.backend.Session(context.Background(), a.sid)
	must(t, err)
	active := s.PostAs(a.client, Introspect, Form("token", a.Access)).Object(t)["active"] == true
	if active != stored.RevokedAt.IsZero() {
		t.Errorf("introspection says %v, the record %v", active, stored.RevokedAt)
	}
	return active
}

func testLogout(t *testing.T, s *Signet) {
	web, other := s.addLogoutClient(t, "logout-web", nil), s.addLogoutClient(t, "logout-other", nil)
	b, elsewhere := s.NewBrowser(), s.NewBrowser()
	a, second := b.enter(t, web, s.Alice), b.enter(t, other, s.Alice)
	staying := b.enter(t, other, s.Alice, "scope", "openid offline_access")
	abroad := elsewhere.enter(t, web, s.Alice)
	if !b.isSignedIn(t, web) {
		t.Fatal("prompt=none fails before the logout")
	}
	state := strings.Repeat("s", 120) + `"'<>&+% `
	b.Open(logoutURL("id_token_hint", a.ID, "post_logout_redirect_uri", Goodbye, "state", state)).
		redirected(t, Goodbye+"&state="+strings.ReplaceAll(url.QueryEscape(state), "+", "%20"))
	if len(b.Cookies) != 0 || b.isSignedIn(t, web) {
		t.Errorf("still signed in, with cookies %v", b.Cookies)
	}
	if s.isActive(t, a) || s.isActive(t, second) {
		t.Error("an application is still signed in")
	}
	s.PostAs(web, Token, RefreshForm(a.Refresh)).expectInvalidGrant(t)
	if !s.isActive(t, staying) || !s.isActive(t, abroad) || !elsewhere.isSignedIn(t, web) {
		t.Error("offline access or another browser has ended too")
	}
	s.PostAs(other, Token, RefreshForm(staying.Refresh)).Tokens(t)
	elsewhere.Open(logoutURL("id_token_hint", abroad.ID, "post_logout_redirect_uri", Goodbye)).redirected(t, Goodbye)
}

// The cookie does not come with a form of another site, so the request goes on by GET.
func testLogoutByPost(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	b := s.NewBrowser()
	a := b.enter(t, web, s.Alice)
	b.Post(Logout, Form("id_token_hint", a.ID, "post_logout_redirect_uri", Goodbye, "state", "x")).redirected(t, Goodbye+"&state=x")
	if b.isSignedIn(t, web) || s.isActive(t, a) {
		t.Error("still signed in")
	}
	b.Post(Logout, Form("state", "x")).signedOut(t)
	b.Post(Logout, url.Values{"state": {"x", "y"}}).ExpectErrorPage(t, http.StatusBadRequest, "logout_refused")
}

func testLogoutURI(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	s.addLogoutClient(t, "logout-other", nil, func(c *storage.Client) { c.PostLogoutRedirectURIs = []string{"https://other.example.com/bye"} })
	b := s.NewBrowser()
	for _, uri := range []string{"https://evil.example/", Goodbye + "&x=y", Goodbye + "#x", "https://other.example.com/bye", "HTTPS://app.example.com/goodbye?from=signet", "javascript:alert(1)"} {
		a := b.enter(t, web, s.Alice)
		p := b.Open(logoutURL("id_token_hint", a.ID, "post_logout_redirect_uri", uri, "state", "x")).asks(t)
		if !b.isSignedIn(t, web) || strings.Contains(string(p.Body), `href="`+html.EscapeString(uri)) {
			t.Errorf("%s: signed out unasked, or a link to it: %s", uri, p.Body)
		}
		b.confirm(t, p).signedOut(t)
		if b.isSignedIn(t, web) || s.isActive(t, a) {
			t.Errorf("%s: still signed in after the confirmation", uri)
		}
	}
}

func testLogoutBadHint(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	b := s.NewBrowser()
	a := b.enter(t, web, s.Alice)
	parts := strings.Split(a.ID, ".")
	none := b64([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	for name, hint := range map[string]string{
		"alg none": none, "altered": parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-4] + "AAAA", "an access token": a.Access, "garbage": "x.y.z", "too long": strings.Repeat("x", 9000),
	} {
		p := b.Open(logoutURL("id_token_hint", hint, "client_id", web.ID, "post_logout_redirect_uri", Goodbye, "state", "x")).asks(t)
		if !b.isSignedIn(t, web) || !s.isActive(t, a) {
			t.Fatalf("%s: signed out unasked", name)
		}
		if name == "alg none" {
			defer b.confirm(t, p).signedOut(t)
			a = b.enter(t, web, s.Alice)
		}
		s.NewBrowser().Open(logoutURL("id_token_hint", hint, "post_logout_redirect_uri", Goodbye)).signedOut(t)
	}
}

func testLogoutNoHint(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	b := s.NewBrowser()
	for name, c := range map[string]struct{ query, redirect string }{
		"no parameters": {Logout, ""}, "only state": {logoutURL("state", "x"), ""}, "only a URI": {logoutURL("post_logout_redirect_uri", Goodbye), ""},
		"client and URI": {logoutURL("client_id", web.ID, "post_logout_redirect_uri", Goodbye, "state", "x"), Goodbye + "&state=x"},
	} {
		a := b.enter(t, web, s.Alice)
		p := b.Open(c.query).asks(t)
		if !b.isSignedIn(t, web) || !strings.Contains(string(p.Body), s.Alice.Username) {
			t.Errorf("%s: signed out unasked, or the page does not say who is signed in", name)
		}
		if done := b.confirm(t, p); c.redirect == "" {
			done.signedOut(t)
		} else {
			done.redirected(t, c.redirect)
		}
		if b.isSignedIn(t, web) || s.isActive(t, a) {
			t.Errorf("%s: still signed in", name)
		}
		b.Open(c.query).signedOut(t) // nobody is signed in, and nobody vouches for a redirect
	}
}

// No rotation between login and logout breaks a hint: neither when its key is retired nor
// when it has left the JWKS.
func testLogoutOldKey(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	retired, gone := s.NewBrowser(), s.NewBrowser()
	a, b := retired.enter(t, web, s.Alice), gone.enter(t, web, s.Alice)
	_, err := s.Keys.Rotate(t.Context(), keys.Change{Force: true})
	must(t, err)
	s.Advance(time.Second)
	retired.Open(logoutURL("id_token_hint", a.ID, "post_logout_redirect_uri", Goodbye)).redirected(t, Goodbye)
	s.Advance(s.options.Keys.Retention() + time.Minute)
	if _, _, err := s.Keys.Verify(t.Context(), b.ID); err == nil {
		t.Fatal("the key is still published")
	}
	gone.Open(logoutURL("id_token_hint", b.ID, "post_logout_redirect_uri", Goodbye)).redirected(t, Goodbye)
	if retired.isSignedIn(t, web) || gone.isSignedIn(t, web) {
		t.Error("still signed in")
	}
}

func testLogoutOtherSession(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	alice, again, editor := s.NewBrowser(), s.NewBrowser(), s.NewBrowser()
	a, b, c := alice.enter(t, web, s.Alice), again.enter(t, web, s.Alice), editor.enter(t, web, s.Editor)
	for name, hint := range map[string]string{"another browser": b.ID, "another user": c.ID} {
		p := alice.Open(logoutURL("id_token_hint", hint, "post_logout_redirect_uri", Goodbye)).asks(t)
		if !strings.Contains(string(p.Body), s.Alice.Username) {
			t.Errorf("%s: the page does not say who is signed in", name)
		}
		if !alice.isSignedIn(t, web) || !again.isSignedIn(t, web) || !editor.isSignedIn(t, web) {
			t.Fatalf("%s: somebody was signed out", name)
		}
	}
	p := alice.Open(logoutURL("id_token_hint", c.ID, "post_logout_redirect_uri", Goodbye))
	alice.confirm(t, p).redirected(t, Goodbye)
	if s.isActive(t, a) || !s.isActive(t, c) || !editor.isSignedIn(t, web) {
		t.Error("the confirmation ended another user's session, or not one's own")
	}
}

func testLogoutRefused(t *testing.T, s *Signet) {
	web, other := s.addLogoutClient(t, "logout-web", nil), s.addLogoutClient(t, "logout-other", nil)
	b := s.NewBrowser()
	a := b.enter(t, web, s.Alice)
	for name, c := range map[string]struct {
		query  string
		status int
	}{
		"another client_id": {logoutURL("id_token_hint", a.ID, "client_id", other.ID, "post_logout_redirect_uri", Goodbye), 400},
		"unknown client_id": {logoutURL("client_id", "nobody"), 400}, "doubled": {Logout + "?state=x&state=y", 400}, "bad escape": {Logout + "?state=%zz", 400},
		"too long": {logoutURL("state", strings.Repeat("x", 17<<10)), 414}, "long state": {logoutURL("state", strings.Repeat("x", 5<<10)), 400},
	} {
		b.Open(c.query).ExpectErrorPage(t, c.status, "logout_refused")
		if !b.isSignedIn(t, web) || !s.isActive(t, a) {
			t.Errorf("%s: signed out", name)
		}
	}
}

func testLogoutNoCookie(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	b := s.NewBrowser()
	a, second := b.enter(t, web, s.Alice), b.enter(t, web, s.Alice)
	stranger := s.NewBrowser()
	for name := range b.Cookies {
		stranger.Cookies[name] = "1.garbage" // a dead cookie is no cookie
	}
	stranger.Open(logoutURL("id_token_hint", a.ID, "post_logout_redirect_uri", Goodbye, "state", "x")).redirected(t, Goodbye+"&state=x")
	if len(stranger.Cookies) != 0 {
		t.Error("the dead cookie is not cleared")
	}
	if s.isActive(t, a) || !s.isActive(t, second) || !b.isSignedIn(t, web) {
		t.Error("not exactly the session of the hint has ended")
	}
	stranger.Open(logoutURL("id_token_hint", a.ID)).signedOut(t)
}

func testLogoutConfirmation(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	b, elsewhere := s.NewBrowser(), s.NewBrowser()
	b.enter(t, web, s.Alice)
	elsewhere.enter(t, web, s.Editor)
	p := b.Open(logoutURL("client_id", web.ID)).asks(t)
	for header, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got := p.Header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
	if !strings.Contains(p.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("CSP %s", p.Header.Get("Content-Security-Policy"))
	}
	b.Post(Logout, p.fields()).ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	withCookie := Header("Sec-Fetch-Site", "same-site") // of a sibling host, where Lax sends the cookie
	b.Send(t, p, p.fields(), withCookie).ExpectErrorPage(t, http.StatusForbidden, "cross_site")
	foreign := elsewhere.Open(logoutURL("client_id", web.ID)).asks(t)
	b.Send(t, p, foreign.fields()).asks(t)
	changed := p.fields()
	changed.Set("post_logout_redirect_uri", Goodbye)
	b.Send(t, p, changed).asks(t)
	if !b.isSignedIn(t, web) || !elsewhere.isSignedIn(t, web) {
		t.Fatal("signed out")
	}
	if a := s.Send(http.MethodOptions, Logout, "", Header("Origin", Origin)); a.Status != http.StatusMethodNotAllowed || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: %d %v", a.Status, a.Header)
	}
	if a := b.once(http.MethodHead, logoutURL("state", "x"), ""); a.Status != http.StatusOK || !b.isSignedIn(t, web) {
		t.Errorf("HEAD: %d, or signed out", a.Status)
	}
	b.confirm(t, p).signedOut(t)
}

func testSIDs(t *testing.T, s *Signet) {
	web, other := s.addLogoutClient(t, "logout-web", nil), s.addLogoutClient(t, "logout-other", nil)
	b := s.NewBrowser()
	first, second, again := b.enter(t, web, s.Alice), b.enter(t, other, s.Alice), b.enter(t, web, s.Alice)
	page, err := s.backend.ListBrowserSessions(context.Background(), storage.BrowserSessionFilter{UserID: s.Alice.ID}, storage.Page{})
	must(t, err)
	public := []string{first.sid, second.sid, again.sid}
	for n, sid := range public {
		if slices.Contains(public[n+1:], sid) {
			t.Error("two sessions have one sid")
		}
		for _, record := range page.Sessions {
			for _, cookie := range b.Cookies {
				if strings.Contains(record.ID, sid) || strings.Contains(sid, record.ID) || strings.Contains(cookie, sid) {
					t.Error("a sid tells of the browser session")
				}
			}
		}
	}
}

func testLogoutStoreAway(t *testing.T, s *Signet) {
	web := s.addLogoutClient(t, "logout-web", nil)
	b := s.NewBrowser()
	a := b.enter(t, web, s.Alice)
	s.Store.Before(func(context.Context, int, string) error { return storage.Unavailable("test", context.DeadlineExceeded) })
	p := b.Open(logoutURL("id_token_hint", a.ID))
	s.Store.Reset()
	p.ExpectErrorPage(t, http.StatusServiceUnavailable, "unavailable")
	if p.Header.Get("Retry-After") == "" || len(b.Cookies) == 0 {
		t.Error("no Retry-After, or the cookie is gone")
	}
	b.Open(logoutURL("id_token_hint", a.ID)).signedOut(t)
}
