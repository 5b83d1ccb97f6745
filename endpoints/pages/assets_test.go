package pages_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.org/signet/endpoints/pages"
)

var assetPath = regexp.MustCompile(`(?:src|href)="([^"]*/assets/[^"]*)"`)

// assetsOf returns the static files that a page loads.
func assetsOf(t testing.TB, page string) []string {
	t.Helper()
	var paths []string
	for _, found := range assetPath.FindAllStringSubmatch(page, -1) {
		paths = append(paths, found[1])
	}
	return paths
}

func get(p *pages.Pages, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	p.Assets().ServeHTTP(w, r)
	return w
}

// The login page with everything that it loads stays small, and loads nothing from elsewhere. L23.
func TestLogin_WithEverything_IsAtMost40KB(t *testing.T) {
	p := newPages(t, pages.Branding{})
	page := render(t, p, pages.LoginView{
		Action: "/login?" + strings.Repeat("a", 1024), Client: &pages.Client{ID: "notes", Name: "Notes", IDHost: "notes.example", RedirectHost: "notes.example"},
		Username: "alice", Remember: pages.RememberOffered, Problem: pages.ProblemUnavailable, RetryURL: "/login?" + strings.Repeat("a", 1024), OtherUser: &pages.User{Username: "bob"}, StateURL: "/login/state",
	}, "de")
	total, packed := len(page), len(page)
	seen := map[string]bool{}
	for _, path := range assetsOf(t, page) {
		if !seen[path] {
			seen[path] = true
			total += get(p, path).Body.Len()
			packed += get(p, path, "Accept-Encoding", "gzip").Body.Len()
		}
	}
	t.Logf("%d bytes, of which the page has %d; %d with compressed files", total, len(page), packed)
	if total > 40_000 || len(seen) != 3 {
		t.Errorf("%d bytes, %d files", total, len(seen))
	}
	if found := regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//[^"]*"`).FindString(page); found != "" {
		t.Errorf("the page needs another server: %s", found)
	}
}

// A name stands for one content, which browsers keep for ever. A server of another version gets
// its own file of that name, which nobody keeps.
func TestAssets_AreImmutable(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for _, path := range assetsOf(t, render(t, p, pages.LoginView{}, "en")) {
		w := get(p, path)
		h := w.Result().Header
		if w.Code != http.StatusOK || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %d %v", path, w.Code, h)
		}
		packed := get(p, path, "Accept-Encoding", "br, gzip;q=0.5")
		if packed.Result().Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := io.ReadAll(z); err != nil || string(plain) != w.Body.String() {
				t.Errorf("%s: the compressed file is another: %v", path, err)
			}
		}
		if get(p, path, "Accept-Encoding", "gzip;q=0").Result().Header.Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed where that is refused", path)
		}
		stem, rest, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ".")
		old := get(p, "/assets/"+stem+".AAAAAAAAAAAA."+rest[strings.LastIndexByte(rest, '.')+1:])
		if old.Code != http.StatusOK || old.Body.String() != w.Body.String() || old.Result().Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("the file of another version of %s: %d %v", path, old.Code, old.Result().Header)
		}
	}
	for _, path := range []string{"/assets/", "/assets/x.css", "/assets/style", "/assets/../style.x.css/..", "/assets/login.html"} {
		if w := get(p, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	p.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodPost, assetsOf(t, render(t, p, pages.LoginView{}, "en"))[0], nil))
	if w.Code != http.StatusMethodNotAllowed || w.Result().Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Result().Header)
	}
}

// An issuer with a path has its files and its account below it.
func TestPages_OfIssuerWithPath(t *testing.T) {
	p, err := pages.New(pages.Config{Issuer: "https://example.com/auth/realm"})
	if err != nil {
		t.Fatal(err)
	}
	page := render(t, p, pages.ErrorView{}, "en")
	paths := assetsOf(t, page)
	if len(paths) != 4 || !strings.Contains(page, `href="/auth/realm/account"`) {
		t.Errorf("the files are %q: %s", paths, page)
	}
	for _, path := range paths {
		if !strings.HasPrefix(path, "/auth/realm/assets/") || get(p, path).Code != http.StatusOK {
			t.Errorf("%s is not served", path)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The branding is on every page: the name, the logo, the accent, the links.
func TestBranding_IsOnEveryPage(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "logo.svg", `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	p := newPages(t, pages.Branding{Name: "Example & Co", LogoFile: filepath.Join(dir, "logo.svg"), Accent: "#0b6e4f", Links: []pages.Link{{Text: "Imprint", URL: "https://example.com/imprint"}}})
	page := render(t, p, pages.LoginView{}, "en")
	for _, want := range []string{"Example &amp; Co", `<a href="https://example.com/imprint">Imprint</a>`, "Sign in – Example &amp; Co", "/assets/logo."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q: %s", want, page)
		}
	}
	for _, path := range assetsOf(t, page) {
		w := get(p, path)
		if strings.Contains(path, "style.") && !strings.Contains(w.Body.String(), "--accent:#0b6e4f") {
			t.Error("the style lacks the accent")
		}
		if strings.Contains(path, "logo.") && (w.Result().Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(w.Result().Header.Get("Content-Security-Policy"), "sandbox")) {
			t.Errorf("the logo: %v", w.Result().Header)
		}
	}
}

// L22, and ui_locales of the conformance suite.
func TestLanguage_BestMatch(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for _, c := range []struct{ uiLocales, header, want string }{
		{"", "", "en"}, {"de", "", "de"}, {"se", "", "en"}, {"se", "de", "de"}, {"de-CH-1996 en", "", "de"}, {"fr DE", "en", "de"}, {"en", "de", "en"}, {"de_AT", "", "de"},
		{"", "de", "de"}, {"", "de-AT,en;q=0.8", "de"}, {"", "en;q=0.5, de;q=0.9", "de"}, {"", "fr, de;q=0", "en"}, {"", "de;q=x, *", "en"}, {"", "fr;q=1, en-GB;q=0.7, de;q=0.3", "en"},
		{"", strings.Repeat("fr,", 10000) + "de", "en"}, {strings.Repeat("x ", 10000) + "de", "", "en"}, {"-", "-,--;q=1,;", "en"}, {"\x00\xff", "\xff", "en"},
	} {
		if got := p.Language(c.uiLocales, c.header); got != c.want {
			t.Errorf("ui_locales %.20q, Accept-Language %.40q: %s, want %s", c.uiLocales, c.header, got, c.want)
		}
	}
}

// form-action stands only where no form can end at a client, and nothing inline is allowed
// anywhere. L15, L17.
func TestCSP_LeavesOutFormActionWhereFormsEndAtClients(t *testing.T) {
	p := newPages(t, pages.Branding{})
	for _, v := range everyView("x") {
		csp := p.CSP(v)
		want := "; form-action 'none'"
		switch v.(type) {
		case pages.LoginView, pages.SecondFactorView, pages.ChangePasswordView, pages.ConsentView, pages.DeviceView, pages.FormPostView, pages.LogoutView, pages.AccountLinkedView:
			want = ""
		case pages.ForgotView, pages.ForgotCodeView, pages.SetPasswordView, pages.ConfirmAddressView,
			pages.AccountView, pages.AccountPasswordView, pages.AccountFactorsView, pages.AccountEnrolView, pages.AccountPasskeyView, pages.AccountCodesView, pages.AccountSessionsView, pages.AccountAppsView:
			want = "; form-action 'self'"
		}
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';") || !strings.Contains(csp, "frame-ancestors 'none'"+want) || strings.Contains(csp, "unsafe") ||
			(want == "" && strings.Contains(csp, "form-action")) {
			t.Errorf("%T: %s", v, csp)
		}
	}
}
