package e2e_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// clientSite is the site of a client, on another origin than the server. Its home page opens
// the sign-in in a popup and in a frame. Its callback tells the opener of the popup what it got.
type clientSite struct {
	url       string
	authorize string // the authorization request, with the state "s"
}

func newClientSite(t *testing.T, s *server) *clientSite {
	t.Helper()
	site := &clientSite{}
	site.url = strings.Replace(startHTTP(t, site), "127.0.0.1", "localhost", 1) // another site, not only another port
	var c credentials
	s.decode(t, &c, "client", "create", "popup", "--preset", "spa", "--redirect-uri", site.url+"/callback")
	site.authorize = s.issuer + "/oauth2/authorize?" + url.Values{
		"client_id": {c.ID}, "redirect_uri": {site.url + "/callback"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, // RFC 7636 appendix B
	}.Encode()
	return site
}

func (c *clientSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	switch link := html.EscapeString(c.authorize); r.URL.Path {
	case "/callback":
		_, _ = fmt.Fprint(w, `<!doctype html><title>callback</title><p id="called">called</p><script>
if (window.opener) window.opener.postMessage(location.search, location.origin)</script>`)
	case "/frame":
		_, _ = fmt.Fprintf(w, `<!doctype html><title>frame</title><iframe id="frame" src="%s"></iframe>`, link)
	default:
		_, _ = fmt.Fprintf(w, `<!doctype html><title>home</title><a id="open" href="%s">Sign in</a><p id="message"></p><script>
addEventListener("message", e => { document.getElementById("message").textContent = e.data })
document.getElementById("open").addEventListener("click", e => { e.preventDefault(); open(e.target.href, "popup", "width=500,height=600") })</script>`, link)
	}
}

func signInHere(t *testing.T, p *page) {
	t.Helper()
	p.do(chromedp.WaitVisible("#username", chromedp.ByQuery), chromedp.SendKeys("#username", alice, chromedp.ByQuery),
		chromedp.SendKeys("#password", alicePassword, chromedp.ByQuery), chromedp.Click("#sign-in", chromedp.ByQuery))
}

// L18, L17: a page of another site that has opened the sign-in in a popup is told the answer by
// its callback there, after a form, a redirect and a change of origin. L07: going back in the
// popup leads on, and never to an error.
func TestSignIn_InAPopup_ReachesItsOpener(t *testing.T) {
	chromium := requireChromium(t)
	s := newServer(t)
	s.addUser(t, alice, alicePassword)
	site := newClientSite(t, s)
	s.start(t)
	home := openTab(t, chromium, 4*waitTimeout)
	popups := chromedp.WaitNewTarget(home.ctx, func(i *target.Info) bool { return i.Type == "page" })
	home.do(chromedp.Navigate(site.url), chromedp.Click("#open", chromedp.ByQuery))
	popup := newTab(home.ctx, t, chromedp.WithTargetID(<-popups))
	signInHere(t, popup)
	home.see("#message", "code=")
	home.see("#message", "state=s")
	popup.do(chromedp.Evaluate("history.back()", nil))
	eventually(t, "going back to lead on", func() bool {
		var at, shown string
		ctx, cancel := context.WithTimeout(popup.ctx, waitTimeout)
		defer cancel()
		err := chromedp.Run(ctx, chromedp.Location(&at), chromedp.Evaluate("document.body.innerText", &shown))
		if strings.Contains(shown, "Error") {
			t.Errorf("at %s: %s", at, shown)
		}
		return err == nil && (strings.HasPrefix(at, site.url+"/callback") || strings.HasPrefix(at, s.issuer+"/login"))
	})
	home.wantNoErrors()
	popup.wantNoErrors()
}

// N09: no page of another site shows the sign-in in a frame.
func TestSignIn_InAFrame_IsNotShown(t *testing.T) {
	chromium := requireChromium(t)
	s := newServer(t)
	s.addUser(t, alice, alicePassword)
	site := newClientSite(t, s)
	s.start(t)
	p := openTab(t, chromium, 4*waitTimeout)
	var mu sync.Mutex
	var refused []string
	chromedp.ListenTarget(p.ctx, func(event any) {
		if e, is := event.(*log.EventEntryAdded); is {
			mu.Lock()
			defer mu.Unlock()
			refused = append(refused, e.Entry.Text)
		}
	})
	p.do(chromedp.Navigate(site.url + "/frame"))
	eventually(t, "the browser to refuse the frame", func() bool {
		mu.Lock()
		defer mu.Unlock()
		all := strings.Join(refused, "\n")
		return strings.Contains(all, "frame-ancestors") && strings.Contains(all, s.issuer)
	})
	mu.Lock()
	defer mu.Unlock()
	t.Logf("the browser says %q", refused)
}
