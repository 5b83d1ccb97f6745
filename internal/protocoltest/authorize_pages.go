package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
)

// The pages of sign-in: their headers, their errors, and what they take.
var authorizePageCases = []testCase{
	{name: "E01 E02 E04 error pages", run: testErrorPages},
	{name: "E02 an issuer that strangers reach", configure: func(o *Options) { o.IssuerURL = "https://id.example.com" }, run: testErrorPageOfPublicIssuer},
	{name: "E05 E06 discovery tells the truth", run: testSignInDiscovery},
	{name: "L04 a login page without a request", run: testBareLogin},
	{name: "L05 ten tabs", run: testTabs},
	{name: "L06 a form that is sent twice", run: testDoubleSubmit},
	{name: "E13 a client that sends people here again and again", run: testLoop},
	{name: "L12 forms of other sites", run: testCrossSiteForms},
	{name: "L13 too many wrong passwords", configure: func(o *Options) { o.Issuer.Throttle = issuer.DefaultThrottle() }, run: testThrottledLogin},
	{name: "L28 a password that must be changed", run: testChangePasswordPage},
	{name: "L14 the store is away", run: testSignInUnavailable},
	{name: "L15 L17 L18 headers of every page", run: testPageHeaders},
	{name: "L25 prompt=login", run: testPromptLogin},
	{name: "L26 stamps that prove nothing", run: testStamps},
	{name: "forms that cannot be read", run: testBadForms},
	{name: "S01 the cookie of an issuer on loopback", run: testCookieLoopback},
	{name: "S01 the cookie over https", configure: func(o *Options) { o.IssuerURL = "https://id.example.com" }, run: testCookieHTTPS},
	{name: "S01 S13 the cookie of an issuer with a path", configure: func(o *Options) { o.Path, o.IssuerURL = "/realms/main", "https://id.example.com/realms/main" }, run: testCookiePath},
}

func testErrorPages(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	evil := `https://evil.example/<b>"'?token=hidden-value`
	p := s.NewBrowser().Open(s.authorizeURL(app, "redirect_uri", evil)).ExpectErrorPage(t, http.StatusBadRequest, "redirect_uri_mismatch")
	body := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(string(p.Body))
	if strings.Contains(body, "<b>") || strings.Contains(body, "hidden-value") || strings.Contains(body, `href="https://evil`) {
		t.Errorf("the received redirect_uri is not escaped, not cut, or linked: %s", body)
	}
	if !strings.Contains(body, "evil.example") || !strings.Contains(body, Callback) {
		t.Errorf("on loopback the page shows the received and the nearest redirect_uri: %s", body)
	}
	// HTML for browsers and where nothing is said; JSON for those that accept nothing else.
	for accept, isHTML := range map[string]bool{
		"text/html,*/*;q=0.8": true, "": true, "*/*": true, "application/json, text/html; q=0.5": true, "application/json": false, "application/problem+json, application/json": false,
	} {
		a := s.Get(s.authorizeURL(app, "client_id", "x"), Header("Accept", accept)).ExpectStatus(t, http.StatusBadRequest)
		if got := strings.HasPrefix(a.Header.Get("Content-Type"), "text/html"); got != isHTML {
			t.Errorf("Accept %q: %s", accept, a.Header.Get("Content-Type"))
		}
		if a.Header.Get("X-Frame-Options") != "DENY" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Accept %q: %v", accept, a.Header)
		}
	}
	german := s.Get(s.authorizeURL(app, "client_id", "x", "ui_locales", "de"), Header("Accept", "text/html"))
	if !strings.Contains(string(german.Body), `lang="de"`) {
		t.Errorf("L22 ui_locales counts for nothing on an error page: %.200s", german.Body)
	}
}

func testErrorPageOfPublicIssuer(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	p := s.NewBrowser().Open(s.authorizeURL(app, "redirect_uri", Callback+"/")).ExpectErrorPage(t, http.StatusBadRequest, "redirect_uri_mismatch")
	body := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(string(p.Body))
	if strings.Contains(strings.ReplaceAll(body, Callback+"/", ""), Callback) {
		t.Errorf("strangers are shown what is registered: %s", body)
	}
}

func testSignInDiscovery(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	o := s.Get(Discovery).Object(t)
	for name, want := range map[string]any{
		"authorization_response_iss_parameter_supported": true, "claims_parameter_supported": true,
		"request_parameter_supported": false, "request_uri_parameter_supported": false,
	} {
		if o[name] != want {
			t.Errorf("%s: %v, want %v", name, o[name], want)
		}
	}
	played := map[string]func(value string) bool{
		"response_types_supported": func(v string) bool { return s.NewBrowser().Open(s.authorizeURL(app, "response_type", v)).is(Login) },
		"response_modes_supported": func(v string) bool { return s.NewBrowser().Open(s.authorizeURL(app, "response_mode", v)).is(Login) },
		"code_challenge_methods_supported": func(v string) bool {
			return s.NewBrowser().Open(s.authorizeURL(app, "code_challenge_method", v)).is(Login)
		},
		"prompt_values_supported": func(v string) bool {
			p := s.NewBrowser().Open(s.authorizeURL(app, "prompt", v))
			return p.is(Login) || p.Answer(t).Get("error") == "login_required"
		},
		"acr_values_supported": func(v string) bool {
			return s.NewBrowser().Open(s.authorizeURL(app, "claims", `{"id_token":{"acr":{"essential":true,"value":"`+v+`"}}}`)).is(Login)
		},
		"ui_locales_supported": func(v string) bool {
			return strings.Contains(string(s.NewBrowser().Open(s.authorizeURL(app, "ui_locales", v)).Body), `lang="`+v+`"`)
		},
	}
	for name, works := range played {
		values := list(o[name])
		if len(values) == 0 {
			t.Errorf("%s is missing", name)
		}
		for _, v := range values {
			if !works(v) {
				t.Errorf("%s names %s, which does not work", name, v)
			}
		}
		if works("unlisted") {
			t.Errorf("%s: an unlisted value works", name)
		}
	}
	if grants := list(o["grant_types_supported"]); !strings.Contains(strings.Join(grants, " "), "authorization_code") {
		t.Errorf("grant_types_supported: %v", grants)
	}
}

func testBareLogin(t *testing.T, s *Signet) {
	for _, path := range []string{Login, Login + "?ui_locales=de", Login + "?t=x"} {
		b := s.NewBrowser()
		p := b.Open(path).expect(t, Login)
		a := b.once("POST", s.below(p.action(t)), url.Values{"username": {s.Alice.Username}, "password": {s.Alice.Password}}.Encode(), Header("Sec-Fetch-Site", "same-origin"))
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != s.options.Path+"/account" {
			t.Errorf("%s: %d to %s: %s", path, a.Status, a.Header.Get("Location"), a.Body)
		}
		a = b.once("GET", Login, "")
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != s.options.Path+"/account" {
			t.Errorf("%s again: %d to %s", path, a.Status, a.Header.Get("Location"))
		}
	}
}

func testCrossSiteForms(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.Open(s.authorizeURL(app)).expect(t, Login)
	form := url.Values{"username": {s.Alice.Username}, "password": {s.Alice.Password}}.Encode()
	for name, c := range map[string]struct {
		site, origin string
		allowed      bool
	}{
		"cross-site": {"cross-site", "https://evil.example", false}, "same-site": {"same-site", "https://sub.example", false}, "cross-site without Origin": {"cross-site", "", false},
		"foreign Origin alone": {"", "https://evil.example", false}, "null Origin alone": {"", "null", false},
		"same-origin": {"same-origin", "null", true}, "an old browser": {"", "", true}, "its own Origin alone": {"", s.URL, true},
	} {
		opts := []RequestOption{Header("Accept", "text/html")}
		for header, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
			if value != "" {
				opts = append(opts, Header(header, value))
			}
		}
		for _, path := range []string{p.Path, strings.Replace(p.Path, Login, Consent, 1), strings.Replace(p.Path, Login, Login+"/password", 1)} {
			a := Page{Response: s.PostRaw(path, form, opts...), Path: path}
			if c.allowed && a.Status == http.StatusForbidden {
				t.Errorf("%s: %d %.300s", name, a.Status, a.Body)
			}
			if !c.allowed {
				a.ExpectErrorPage(t, http.StatusForbidden, "cross_site")
				if len(a.Header.Values("Set-Cookie")) > 0 {
					t.Errorf("%s: a cookie is set", name)
				}
			}
		}
	}
}

func testSignInUnavailable(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.Open(s.authorizeURL(app)).expect(t, Login)
	s.Clock.Advance(time.Minute) // what is cached of the client is old
	s.Store.FailAt(0)
	query := p.Path[strings.IndexByte(p.Path, '?'):]
	for _, a := range []Page{
		b.once("GET", s.authorizeURL(app), ""), b.once("GET", p.Path, ""),
		b.once("POST", p.Path, "username=alice&password=x", Header("Sec-Fetch-Site", "same-origin")),
		b.once("POST", Consent+query, "decision=allow", Header("Sec-Fetch-Site", "same-origin")),
		b.Post(Authorize, Form("client_id", app.ID, "redirect_uri", Callback)),
	} {
		a.ExpectErrorPage(t, http.StatusServiceUnavailable, "unavailable")
		if a.Header.Get("Retry-After") == "" || !strings.Contains(string(a.Body), `href="`) || strings.Contains(string(a.Body), "<form") {
			t.Errorf("no link to try again: %s", a.Body)
		}
	}
	j := s.Get(p.Path, Header("Accept", "application/json")).ExpectStatus(t, http.StatusServiceUnavailable)
	if o := j.Object(t); o["error"] != "temporarily_unavailable" || o["request_id"] == nil {
		t.Errorf("%v", o)
	}
	s.Store.Reset()
	b.SignIn(t, b.Open(p.Path), s.Alice).Answer(t)
}

func testPageHeaders(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	login := b.Open(s.authorizeURL(app)).expect(t, Login)
	b.SignIn(t, login, s.Alice)
	for name, p := range map[string]Page{
		"login": login, "consent": b.Open(s.authorizeURL(app, "prompt", "consent")).expect(t, Consent), "form_post": b.Open(s.authorizeURL(app, "response_mode", "form_post")),
		"error": b.Open(s.authorizeURL(app, "client_id", "x")), "405": b.once("PUT", Login, ""), "answer": b.Open(s.authorizeURL(app)),
	} {
		h, csp := p.Header, p.Header.Get("Content-Security-Policy")
		for header, want := range map[string]string{
			"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "",
		} {
			if h.Get(header) != want {
				t.Errorf("%s: %s %q, want %q", name, header, h.Get(header), want)
			}
		}
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || h.Get("Permissions-Policy") == "" {
			t.Errorf("%s: CSP %q", name, csp)
		}
		if (name == "login" || name == "consent" || name == "form_post") && strings.Contains(csp, "form-action") {
			t.Errorf("L17 %s: the redirect to a client would be blocked: %s", name, csp)
		}
		s.Log.MarkSecret(formFieldsOf(p))
	}
}

// formFieldsOf returns the code on a page of form_post.
func formFieldsOf(p Page) string {
	_, rest, _ := strings.Cut(string(p.Body), `name="code"`)
	return attribute(rest, "value")
}
