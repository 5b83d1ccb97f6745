package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserSignIn_LoopIsStopped: an application that loses its session sends the browser back to
// Signet for ever. People see a page that says so, with a way on, and not the browser's own page
// about too many redirects: Chromium gives up after 20, Safari after 16.
func TestBrowserSignIn_LoopIsStopped(t *testing.T) {
	long(t)
	chromium := requireChromium(t)
	s := newServer(t)
	cert := s.useTLS(t)
	s.addUser(t, alice, alicePassword)
	application := newLoopingApplication(t, s.issuer)
	s.run(t, "", "client", "create", "loop", "--preset", "web", "--no-require-pkce", "--redirect-uri", application+"/callback")
	s.start(t)
	a := &browserApp{name: "loop", url: application, tab: openTab(t, chromium, 2*waitTimeout, chromedp.Flag("ignore-certificate-errors-spki-list", cert.spki))}
	a.do(chromedp.Navigate(a.url+"/"), chromedp.WaitVisible("#username", chromedp.ByQuery),
		chromedp.SendKeys("#username", alice, chromedp.ByQuery), chromedp.SendKeys("#password", alicePassword, chromedp.ByQuery), chromedp.Click("#sign-in", chromedp.ByQuery),
		chromedp.WaitVisible("#error-page", chromedp.ByQuery))
	a.tab.shoot("loop-stopped.png")
	a.do(chromedp.WaitVisible("#continue", chromedp.ByQuery), chromedp.Click("#continue", chromedp.ByQuery), chromedp.WaitVisible("#error-page", chromedp.ByQuery))
}

// newLoopingApplication serves an application that redeems no code and keeps no session. From one
// code to the next it takes four redirects.
func newLoopingApplication(t *testing.T, issuer string) string {
	t.Helper()
	mux := http.NewServeMux()
	application := httptest.NewServer(mux)
	t.Cleanup(application.Close)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) })
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		request := url.Values{"response_type": {"code"}, "client_id": {"loop"}, "redirect_uri": {application.URL + "/callback"}, "scope": {"openid"}}
		http.Redirect(w, r, issuer+"/oauth2/authorize?"+request.Encode(), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	return application.URL
}
