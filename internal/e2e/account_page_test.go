package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.org/signet/issuer/authorization"
)

// notesApp is a small web application that people sign in to.
type notesApp struct {
	server      *server
	credentials credentials
	callback    *httptest.Server
	verifier    string
	refresh     string // the newest refresh token
}

// newNotesApp makes the client and starts the application.
func newNotesApp(t *testing.T, s *server) *notesApp {
	t.Helper()
	a := &notesApp{server: s, verifier: strings.Repeat("verifier-", 6)}
	a.callback = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := s.post("/oauth2/token", a.credentials, url.Values{
			"grant_type": {"authorization_code"}, "code": {r.FormValue("code")}, "redirect_uri": {a.callback.URL + "/callback"}, "code_verifier": {a.verifier},
		})
		var issued tokens
		if err == nil {
			issued, err = got.decode()
		}
		if err != nil || issued.RefreshToken == "" {
			http.Error(w, "no tokens", http.StatusInternalServerError)
			return
		}
		a.refresh = issued.RefreshToken
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Notes</title><h1 id=welcome>Welcome</h1>"))
	}))
	t.Cleanup(a.callback.Close)
	a.credentials = s.addClient(t, "notes", "--name", "Notes", "--grant", "authorization_code", "--grant", "refresh_token", "--redirect-uri", a.callback.URL+"/callback",
		"--scope", "openid profile email offline_access", "--consent", "once")
	return a
}

// url is where the application sends people to sign in.
func (a *notesApp) url() string {
	q := url.Values{
		"client_id": {a.credentials.ID}, "redirect_uri": {a.callback.URL + "/callback"}, "response_type": {"code"}, "scope": {"openid profile email offline_access"},
		"code_challenge": {authorization.Challenge(a.verifier)}, "code_challenge_method": {"S256"}, "state": {"s"},
	}
	return a.server.issuer + "/oauth2/authorize?" + q.Encode()
}

// signedIn tells whether the application can still refresh.
func (a *notesApp) signedIn(t *testing.T) bool {
	t.Helper()
	got, err := a.server.post("/oauth2/token", a.credentials, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.refresh}})
	if err != nil {
		t.Fatal(err)
	}
	return got.status == http.StatusOK
}

// TestAccountPage_WithoutScript: a person signs in to the account without an application, uses
// one, and does everything that the account page offers, in Chromium with script off, by
// clicking what is on the page. L04, L19, S10, N08.
func TestAccountPage_WithoutScript(t *testing.T) {
	long(t)
	browser := requireChromium(t)
	s := startServer(t)
	s.addUser(t, alice, alicePassword, "--email", "alice@example.com", "--full-name", "Alice Arden")
	notes := newNotesApp(t, s)
	p := openTab(t, browser, 3*waitTimeout)
	click := func(selector string) { p.do(chromedp.Click(selector, chromedp.ByQuery)) }
	p.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(s.issuer+"/login"), chromedp.WaitVisible("#username", chromedp.ByQuery),
		chromedp.SendKeys("#username", alice, chromedp.ByQuery), chromedp.SendKeys("#password", alicePassword, chromedp.ByQuery))
	click("#sign-in")
	p.see("h1", "Profile")

	// An application, with the consent that it asks for.
	p.do(chromedp.Navigate(notes.url()), chromedp.WaitVisible("#allow", chromedp.ByQuery))
	click("#allow")
	p.see("h1", "Welcome")

	p.do(chromedp.Navigate(s.issuer + "/account"))
	p.do(overtype("#full-name", "Alice B. Arden"), overtype("#phone", "+49 30 901820"))
	click("#save")
	p.see("#notice", "saved")
	p.shootAccount("profile")
	p.do(overtype("#email", "no address"), chromedp.Evaluate("document.querySelector('form[action$=profile]').noValidate = true", nil))
	click("#save")
	p.see("#problem", "not an e-mail address")
	p.shootAccount("profile-wrong")

	click("a[href$='/account/sessions']")
	p.see("h1", "Where you are signed in")
	p.see(".badge", "this browser")
	p.see(".rows", "Notes")
	p.shootAccount("sessions")
	click("form[action$='/apps/sign-out'] button")
	p.see("#notice", "signed out of that application")
	if notes.signedIn(t) {
		t.Error("the application that was signed out of refreshes")
	}

	p.do(chromedp.Navigate(notes.url()))
	p.see("h1", "Welcome") // the consent is remembered
	p.do(chromedp.Navigate(s.issuer + "/account/apps"))
	p.see("h2", "Notes")
	p.shootAccount("apps")
	click("form[action$='/apps/withdraw'] button")
	p.see("#notice", "may no longer use your account")
	if notes.signedIn(t) {
		t.Error("the application whose consent was taken back refreshes")
	}

	click("a[href$='/account/password']")
	p.see("h1", "Password")
	p.shootAccount("password")
	const next = "twelve brave kettles"
	s.wire.keep(next)
	for field, text := range map[string]string{"#current-password": alicePassword, "#new-password": next, "#new-password-again": next} {
		p.do(chromedp.SendKeys(field, text, chromedp.ByQuery))
	}
	click("#change-password")
	p.see("#notice", "Your password is changed")

	click("a[href$='/account/sessions']")
	click("#sign-out-everywhere")
	p.see("#notice", "signed out everywhere")
	p.do(chromedp.Evaluate("document.querySelector('[name=keep]').checked = false", nil))
	click("#sign-out-everywhere")
	p.do(chromedp.WaitVisible("#sign-in", chromedp.ByQuery))
	p.wantNoErrors()
}

// shootAccount keeps pictures of the page that is open, on every screen.
func (p *page) shootAccount(name string) {
	p.t.Helper()
	for _, sc := range screens {
		scheme := "light"
		if sc.dark {
			scheme = "dark"
		}
		p.do(emulation.SetDeviceMetricsOverride(sc.width, sc.height, 1, sc.mobile), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}, // no picture of a transition
		}))
		p.wantNoSidewaysScroll(name + " " + sc.name)
		p.shootWhole("account-" + name + "-" + sc.name + ".png")
	}
	p.do(emulation.SetDeviceMetricsOverride(1280, 800, 1, false))
}
