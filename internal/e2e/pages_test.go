package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"example.org/signet/endpoints/pages"
)

// shownPage is one page as the browser tests show it.
type shownPage struct {
	name string
	view pages.View
}

// pageServer serves the pages without anything behind them: /NAME?lang=TAG.
type pageServer struct {
	url   string
	shown []shownPage
}

func newPageServer(t *testing.T, branding pages.Branding) *pageServer {
	t.Helper()
	p, err := pages.New(pages.Config{Issuer: "https://id.example.com", Branding: branding})
	if err != nil {
		t.Fatal(err)
	}
	s := &pageServer{shown: shownPages()}
	mux := http.NewServeMux()
	mux.Handle(pages.AssetsPath, p.Assets())
	mux.HandleFunc("/logo.svg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write([]byte(clientLogo))
	})
	for _, shown := range s.shown {
		mux.HandleFunc("/"+shown.name, func(w http.ResponseWriter, r *http.Request) {
			writeView(w, p, shown.view, p.Language(r.FormValue("lang"), ""))
		})
	}
	s.url = startHTTP(t, mux)
	return s
}

// startHTTP serves a handler until the test ends, and returns its URL.
func startHTTP(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// writeView sends a page with the headers that matter to a browser.
func writeView(w http.ResponseWriter, p *pages.Pages, v pages.View, lang string) {
	body, err := p.Render(v, lang)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.CSP(v))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body)
}

const clientLogo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#f2b632"/><path d="M14 12h20v4H14zm0 9h20v4H14zm0 9h12v4H14z" fill="#3a2c05"/></svg>`

// screen is how a browser shows a page.
type screen struct {
	name   string
	width  int64
	height int64
	mobile bool
	dark   bool
}

var screens = []screen{
	{"desktop-light", 1280, 800, false, false}, {"desktop-dark", 1280, 800, false, true},
	{"phone-light", 390, 844, true, false}, {"phone-dark", 390, 844, true, true},
	{"narrow-light", 320, 640, true, false},
}

// show opens a page on a screen.
func (s screen) show(url string) chromedp.Action {
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	return chromedp.Tasks{
		emulation.SetDeviceMetricsOverride(s.width, s.height, 1, s.mobile),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(url), chromedp.WaitReady("h1", chromedp.ByQuery),
	}
}

// TestPages_MeetWCAG: axe-core finds no violation of WCAG 2.2 AA on any page, in either colour
// scheme, at any width; nothing has to be scrolled sideways at 320 px; and the browser refuses
// nothing by the page's policy. L21, L16.
func TestPages_MeetWCAG(t *testing.T) {
	long(t)
	browser, axe := requireChromium(t), requireAxe(t)
	s := newPageServer(t, pages.Branding{Name: "Example ID", Links: []pages.Link{{Text: "Imprint", URL: "https://example.com/imprint"}, {Text: "Help", URL: "/help"}}})
	p := openTab(t, browser, 10*time.Minute)
	for _, sc := range screens {
		for _, shown := range s.shown {
			for _, lang := range []string{"en", "de"} {
				if lang == "de" && sc.name != "phone-light" && sc.name != "desktop-light" {
					continue
				}
				name := shown.name + "-" + lang + "-" + sc.name
				p.do(sc.show(s.url + "/" + shown.name + "?lang=" + lang))
				p.wantAccessible(name, axe)
				p.wantNoSidewaysScroll(name)
				p.shootWhole("pages-" + name + ".png")
			}
		}
	}
	p.wantNoErrors()
}
