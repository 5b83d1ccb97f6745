package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"example.org/signet/verify"
)

// browserStatusTTL is --status-ttl of the server that browsers sign in to: an API that reads the
// status lists must refuse a token this long after the logout.
const browserStatusTTL = time.Second

// browserApps are the examples that sign people in, with one browser that visits them.
type browserApps struct {
	server   *server
	cert     certificate
	verifier *verify.Verifier // of the API that all of them call
	api      string
	machine  credentials
	browser  context.Context

	spa, node, golang *browserApp
}

// browserApp is one of them, in a tab of its own.
type browserApp struct {
	name string
	url  string
	tab  *page
}

func (f *browserApps) all() []*browserApp { return []*browserApp{f.spa, f.node, f.golang} }

// TestBrowserSignIn: people sign in to one application with their password in Chromium, are let
// into the others without, stay signed in through a key rotation, and sign out in one: the others
// and the API notice. Once from each application; then an administrator disables the user.
func TestBrowserSignIn(t *testing.T) {
	long(t)
	f := newBrowserApps(t)
	for _, first := range f.all() {
		if !t.Run(first.name, func(t *testing.T) { f.play(t, first) }) {
			t.FailNow()
		}
	}
	t.Run("disabled by an administrator", f.disable)
	for _, a := range f.all() {
		a.tab.t = t
		a.tab.wantNoErrors()
		eventually(t, a.name+" has refreshed", func() bool {
			return strings.Contains(f.server.log.String(), `"client_id":"`+a.name+`","grant":"refresh_token"`)
		})
	}
}

// newBrowserApps starts a server on https, an API, the three applications and a browser.
func newBrowserApps(t *testing.T) *browserApps {
	t.Helper()
	chromium := requireChromium(t)
	for _, e := range examples[5:7] {
		e.require(t)
	}
	buildGoExample(t, examples[7])
	// Tokens so short that they are renewed several times in the test.
	f := &browserApps{server: newServer(t, "--access-token-ttl", "14s", "--status-ttl", browserStatusTTL.String())}
	s := f.server
	f.cert = s.useTLS(t)
	s.addUser(t, alice, alicePassword)
	f.machine = s.addMachine(t)
	f.spa, f.node, f.golang = newBrowserApp(t, "spa"), newBrowserApp(t, "node-web"), newBrowserApp(t, "go-web")
	clients := map[*browserApp]credentials{f.spa: f.spa.register(t, s, "spa"), f.node: f.node.register(t, s, "web"), f.golang: f.golang.register(t, s, "web")}
	s.start(t)
	f.startAPI(t)
	for i, a := range f.all() {
		a.run(t, f, examples[5+i], clients[a])
	}
	first := openTab(t, chromium, 10*time.Minute, chromedp.Flag("ignore-certificate-errors-spki-list", f.cert.spki))
	f.browser = first.ctx
	f.spa.tab, f.node.tab, f.golang.tab = first, newTab(first.ctx, t), newTab(first.ctx, t)
	return f
}

func newBrowserApp(t *testing.T, name string) *browserApp {
	t.Helper()
	_, port, _ := strings.Cut(freeAddress(t), ":")
	return &browserApp{name: name, url: "http://localhost:" + port}
}

// register creates its client as its README says.
func (a *browserApp) register(t *testing.T, s *server, preset string) (c credentials) {
	t.Helper()
	args := []string{"client", "create", a.name, "--preset", preset, "--audience", audience,
		"--redirect-uri", a.url + "/callback", "--post-logout-redirect-uri", a.url + "/"}
	if preset == "web" {
		args = append(args, "--backchannel-logout-uri", a.url+"/backchannel-logout")
	}
	s.decode(t, &c, args...)
	if c.Secret != "" {
		s.wire.keep(c.Secret)
	}
	return c
}

// run starts the application.
func (a *browserApp) run(t *testing.T, f *browserApps, e example, c credentials) {
	t.Helper()
	startProgram(t, e, a.url, "/", []string{"ISSUER=" + f.server.issuer, "CLIENT_ID=" + c.ID, "CLIENT_SECRET=" + c.Secret, "API=" + f.api,
		"PORT=" + a.url[strings.LastIndex(a.url, ":")+1:], "RENEW_BEFORE=10", "NODE_EXTRA_CA_CERTS=" + f.cert.ca, "SSL_CERT_FILE=" + f.cert.ca})
}

// startAPI serves GET /items to whoever has a token of a session that lives, by the status lists.
func (f *browserApps) startAPI(t *testing.T) {
	t.Helper()
	wire := newSecretScanner()
	wire.base.TLSClientConfig = f.server.wire.base.TLSClientConfig.Clone()
	t.Cleanup(wire.CloseIdleConnections)
	var err error
	f.verifier, err = verify.New(verify.Config{
		Issuer: f.server.issuer, Audience: []string{audience}, HTTPClient: wire.client(), Leeway: -1, Status: verify.StatusFailClosed,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.api = startHTTP(t, f.verifier.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`["lamp"]`))
	})))
}

// play is one visit that begins and ends in the application first.
func (f *browserApps) play(t *testing.T, first *browserApp) {
	for _, a := range f.all() {
		a.tab.t = t
	}
	first.open()
	first.signInWithPassword()
	for _, a := range f.all() {
		if a != first {
			a.open()
			a.signInWithout()
		}
		a.read()
	}
	f.silentFrame(t)
	f.rotateKeys(t)
	f.refusedLogoutTokens(t)
	f.signOut(t, first)
}

// do is [page.do] with the bound of a single wait.
func (a *browserApp) do(actions ...chromedp.Action) {
	a.tab.t.Helper()
	ctx, cancel := context.WithTimeout(a.tab.ctx, waitTimeout)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		a.fail(err)
	}
}

// see waits until an element of the page holds the text, over any number of redirects.
func (a *browserApp) see(selector, text string) {
	a.tab.t.Helper()
	script := "Array.from(document.querySelectorAll(" + quoted(selector) + "), e => e.textContent).join(' ').includes(" + quoted(text) + ")"
	for end := time.Now().Add(waitTimeout); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(a.tab.ctx, time.Second)
		var seen bool
		err := chromedp.Run(ctx, chromedp.Evaluate(script, &seen)) // fails while the tab goes elsewhere
		cancel()
		switch {
		case err == nil && seen:
			return
		case time.Now().After(end):
			a.fail(fmt.Errorf("no %q in %s, %v", text, selector, err))
		}
	}
}

// fail ends the test with what the page shows.
func (a *browserApp) fail(err error) {
	a.tab.t.Helper()
	var at, shown string
	_ = chromedp.Run(a.tab.ctx, chromedp.Location(&at), chromedp.Evaluate("document.body.innerText", &shown))
	a.tab.shoot(a.name + "-failed.png")
	a.tab.t.Fatalf("%s: %v; at %s the page shows:\n%s", a.name, err, at, shown)
}

// open visits its home page, where nobody is signed in.
func (a *browserApp) open() {
	a.tab.t.Helper()
	a.do(chromedp.Navigate(a.url+"/"), chromedp.WaitVisible("#signed-out", chromedp.ByQuery))
}

// signInWithPassword fills in Signet's login page.
func (a *browserApp) signInWithPassword() {
	a.tab.t.Helper()
	a.do(chromedp.Click("#sign-in", chromedp.ByQuery), chromedp.WaitVisible("#username", chromedp.ByQuery),
		chromedp.SendKeys("#username", alice, chromedp.ByQuery), chromedp.SendKeys("#password", alicePassword, chromedp.ByQuery))
	a.tab.shoot(a.name + "-login.png")
	a.do(chromedp.Click("#sign-in", chromedp.ByQuery))
	a.see("#name", alice)
}

// signInWithout is a sign-in that asks for nothing: the browser is signed in to Signet.
func (a *browserApp) signInWithout() {
	a.tab.t.Helper()
	a.do(chromedp.Click("#sign-in", chromedp.ByQuery))
	a.see("#name", alice)
	a.tab.shoot(a.name + "-signed-in.png")
}

// read lets the application call the API.
func (a *browserApp) read() {
	a.tab.t.Helper()
	a.do(chromedp.Click("#read", chromedp.ByQuery))
	a.see("#items, #message", "lamp")
}

// accessToken is the one that the page of the SPA holds.
func (a *browserApp) accessToken() (token string) {
	a.tab.t.Helper()
	a.do(chromedp.Evaluate(`JSON.parse(Object.entries(sessionStorage).find(([k]) => k.startsWith("oidc.user:"))?.[1] ?? "{}").access_token ?? ""`, &token))
	return token
}

// silentFrame asks in a hidden frame of another site who is signed in. Signet's cookie does not come
// with it (SameSite=Lax): nobody, though the person is signed in. docs/browser-sign-in.md says so.
func (f *browserApps) silentFrame(t *testing.T) {
	t.Helper()
	request := url.Values{"response_type": {"code"}, "client_id": {f.node.name}, "redirect_uri": {f.node.url + "/callback"}, "scope": {"openid"},
		"prompt": {"none"}, "code_challenge": {codeChallenge}, "code_challenge_method": {"S256"}}
	script := `new Promise(done => {
		const frame = document.createElement("iframe")
		frame.onload = () => { done(frame.contentWindow.location.search); frame.remove() }
		frame.src = ` + quoted(f.server.issuer+"/oauth2/authorize?"+request.Encode()) + `
		document.body.append(frame)
	})`
	var answer string
	f.node.do(chromedp.Evaluate(script, &answer, awaitPromise))
	if got, err := url.ParseQuery(strings.TrimPrefix(answer, "?")); err != nil || got.Get("error") != "login_required" {
		t.Errorf("a frame of another site is answered %q, %v", answer, err)
	}
}

// rotateKeys replaces the signing key while everybody is signed in: the page renews its tokens by
// itself, the servers theirs when they need them, and a sign-in with an ID token by the new key is
// accepted.
func (f *browserApps) rotateKeys(t *testing.T) {
	t.Helper()
	kid := f.server.rotate(t, f.machine, f.server.signingKID(t, f.machine))
	start := time.Now()
	eventually(t, "the page to have a token by the new key", func() bool {
		token := f.spa.accessToken()
		return token != "" && header(t, token).KID == kid
	})
	t.Logf("the page had a token by the new key after %s", time.Since(start).Round(10*time.Millisecond))
	for _, a := range f.all() {
		a.read()
	}
	for _, a := range []*browserApp{f.node, f.golang} {
		a.do(chromedp.Navigate(a.url + "/login"))
		a.see("#name", alice)
		a.read()
	}
}

// refusedLogoutTokens: an ID token is no logout token, nor is one of another client, and whoever
// sends them signs nobody out.
func (f *browserApps) refusedLogoutTokens(t *testing.T) {
	t.Helper()
	var idToken string
	f.spa.do(chromedp.Evaluate(`JSON.parse(Object.entries(sessionStorage).find(([k]) => k.startsWith("oidc.user:"))[1]).id_token`, &idToken))
	for _, a := range []*browserApp{f.node, f.golang} {
		for _, token := range []string{"", "nonsense", idToken, forged(idToken)} {
			res, err := http.PostForm(a.url+"/backchannel-logout", url.Values{"logout_token": {token}})
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusBadRequest && res.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("%s answers %s to the logout token %q", a.name, res.Status, token)
			}
		}
		if !a.signedIn() {
			t.Errorf("%s has signed somebody out who has not signed out", a.name)
		}
	}
}

// signOut ends it all in one application.
func (f *browserApps) signOut(t *testing.T, first *browserApp) {
	t.Helper()
	token := f.spa.accessToken()
	f.server.wire.keep(token)
	first.do(chromedp.Click("#sign-out", chromedp.ByQuery))
	start := time.Now()
	first.do(chromedp.WaitVisible("#signed-out", chromedp.ByQuery))
	t.Logf("signed out of %s in %s", first.name, time.Since(start).Round(10*time.Millisecond))
	f.allNotice(t, token, start, first)
}

// disable ends everything by the command line, which no browser takes part in.
func (f *browserApps) disable(t *testing.T) {
	for n, a := range f.all() {
		a.tab.t = t
		if a.open(); n == 0 {
			a.signInWithPassword()
		} else {
			a.signInWithout()
		}
	}
	token := f.spa.accessToken()
	f.server.run(t, "", "user", "disable", alice)
	f.allNotice(t, token, time.Now(), nil)
}

// allNotice waits until the API refuses the page's token, and until every application but that one
// has noticed that the person is signed out, since start.
func (f *browserApps) allNotice(t *testing.T, token string, start time.Time, but *browserApp) {
	t.Helper()
	since := func() time.Duration { return time.Since(start).Round(10 * time.Millisecond) }
	eventually(t, "the API to refuse the page's token", func() bool {
		_, err := f.verifier.Verify(t.Context(), token)
		if err != nil && !errors.Is(err, verify.ErrRevoked) {
			t.Fatalf("the token is refused because of %v", err)
		}
		return err != nil
	})
	t.Logf("the API refused the page's token after %s; --status-ttl is %s", since(), browserStatusTTL)
	for _, a := range []*browserApp{f.node, f.golang, f.spa} {
		switch a {
		case but:
			continue
		case f.spa: // it is not told: its next refresh is refused
			a.see("#message", "You have been signed out.")
		default:
			eventually(t, a.name+" to hear of the logout", func() bool { return !a.signedIn() })
		}
		t.Logf("%s had noticed after %s", a.name, since())
	}
}

// signedIn asks a server for its page.
func (a *browserApp) signedIn() (yes bool) {
	a.tab.t.Helper()
	a.do(chromedp.Navigate(a.url+"/"), chromedp.Evaluate(`document.getElementById("signed-in") !== null`, &yes))
	return yes
}
