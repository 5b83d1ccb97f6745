package protocoltest

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// Where an authorization response goes, and how.
var authorizeRedirectCases = []testCase{
	{name: "Z05 redirect URIs are compared byte for byte", run: testRedirectURIs},
	{name: "Z06 Z07 ports of loopback redirect URIs", run: testLoopbackPorts},
	{name: "C01 C02 C03 the answer", run: testAuthorizeAnswer},
	{name: "Z22 Z23 Z33 C04 the state in every response mode", run: testResponseModes},
	{name: "C04 the page of form_post", run: testFormPost},
	{name: "C26 a private-use scheme without a click", run: testPrivateUseScheme},
}

// changeClient changes a client, and waits until no instance believes the record before.
func (s *Signet) changeClient(t *testing.T, c Client, change func(*storage.Client)) {
	t.Helper()
	client, err := s.backend.Client(t.Context(), c.ID)
	must(t, err)
	change(&client)
	_, err = s.backend.UpdateClient(t.Context(), client)
	must(t, err)
	s.Clock.Advance(s.options.Issuer.CacheTTL + time.Second)
}

// setRedirectURIs registers the redirect URIs of a client.
func (s *Signet) setRedirectURIs(t *testing.T, c Client, uris ...string) {
	t.Helper()
	s.changeClient(t, c, func(c *storage.Client) { c.RedirectURIs = uris })
}

func testRedirectURIs(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	s.setRedirectURIs(t, app, "https://app.example.com/a%2Fb/cb?x=1")
	for name, uri := range map[string]string{
		"trailing slash": "https://app.example.com/a%2Fb/cb/?x=1", "case of the host": "https://App.example.com/a%2Fb/cb?x=1", "case of the path": "https://app.example.com/a%2Fb/CB?x=1",
		"added query": "https://app.example.com/a%2Fb/cb?x=1&y=2", "no query": "https://app.example.com/a%2Fb/cb", "decoded": "https://app.example.com/a/b/cb?x=1", "case of the encoding": "https://app.example.com/a%2fb/cb?x=1",
		"user": "https://user@app.example.com/a%2Fb/cb?x=1", "default port": "https://app.example.com:443/a%2Fb/cb?x=1", "fragment": "https://app.example.com/a%2Fb/cb?x=1#f", "dots": "https://app.example.com/a%2Fb/../a%2Fb/cb?x=1",
		"http": "http://app.example.com/a%2Fb/cb?x=1", "space": " https://app.example.com/a%2Fb/cb?x=1", "other host": "https://app.example.com.evil.example/a%2Fb/cb?x=1", "backslash": `https://app.example.com\@evil.example/a%2Fb/cb?x=1`,
		"prefix": "https://app.example.com/a%2Fb/cb?x=", "relative": "/a%2Fb/cb?x=1", "script": "javascript:alert(1)", "long": "https://app.example.com/" + strings.Repeat("a", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			p := s.NewBrowser().Open(s.authorizeURL(app, "redirect_uri", uri))
			if p.Status != http.StatusBadRequest || p.Header.Get("Location") != "" || strings.Contains(string(p.Body), `href="javascript:`) {
				t.Errorf("%d to %q: %s", p.Status, p.Header.Get("Location"), p.Body)
			}
		})
	}
	s.NewBrowser().Open(s.authorizeURL(app, "redirect_uri", "https://app.example.com/a%2Fb/cb?x=1")).expect(t, Login)
}

func testLoopbackPorts(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	s.setRedirectURIs(t, app, "http://127.0.0.1/cb", "http://[::1]:8080/cb", "http://localhost:3000/cb", "https://127.0.0.1/tls")
	accepted := func(uri string) bool { return s.NewBrowser().Open(s.authorizeURL(app, "redirect_uri", uri)).is(Login) }
	for _, uri := range []string{"http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "http://[::1]/cb", "http://[::1]:1/cb", "http://localhost:3000/cb"} {
		if !accepted(uri) {
			t.Errorf("%s is refused", uri)
		}
	}
	for _, uri := range []string{
		"http://127.0.0.2/cb", "http://127.1/cb", "http://0.0.0.0/cb", "http://2130706433/cb", "https://127.0.0.1:8443/tls", "http://127.0.0.1:1/other", "http://127.0.0.1:1/cb?x", "http://127.0.0.1:/cb",
		"http://127.0.0.1:99999/cb", "http://127.0.0.1:1@evil.example/cb", "http://[::1]:1/cb/", "http://[0:0:0:0:0:0:0:1]/cb", "http://localhost:3001/cb", "http://localhost/cb",
	} {
		if accepted(uri) {
			t.Errorf("%s is accepted", uri)
		}
	}
	s.changeClient(t, app, func(c *storage.Client) { c.LocalhostPorts = true })
	if !accepted("http://localhost:3001/cb") || !accepted("http://localhost/cb") {
		t.Error("Z07 the ports of localhost are refused in spite of the client's flag")
	}
}

func testAuthorizeAnswer(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	s.setRedirectURIs(t, app, Callback, Callback+"?tenant=a%20b&x")
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice)
	expectExactly(t, p.Answer(t), "code", "iss", "state")
	p = b.Open(s.authorizeURL(app, "state", ""))
	expectExactly(t, p.Answer(t), "code", "iss")
	if iss := p.Answer(t).Get("iss"); iss != s.Issuer {
		t.Errorf("iss %q", iss)
	}
	p = b.Open(s.authorizeURL(app, "redirect_uri", Callback+"?tenant=a%20b&x"))
	if !strings.HasPrefix(p.Header.Get("Location"), Callback+"?tenant=a%20b&x&code=") {
		t.Errorf("C03 %s", p.Header.Get("Location"))
	}
	for _, p := range []Page{p, s.NewBrowser().Open(s.authorizeURL(app, "prompt", "none"))} {
		if p.Status != http.StatusSeeOther || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("C02 %d %v", p.Status, p.Header)
		}
	}
}

// anyState has every printable character of ASCII and others, of 4 KiB.
func anyState() string {
	var b strings.Builder
	for c := ' '; c <= '~'; c++ {
		b.WriteRune(c)
	}
	b.WriteString("äöüß日本語\U0001F600%41&amp;</form>+%2B")
	return b.String() + strings.Repeat("s", 4096-b.Len())
}

func testResponseModes(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	b.SignIn(t, b.Open(s.authorizeURL(app)), s.Alice)
	for _, prompt := range []string{"", "none login"} {
		for _, mode := range []string{"", "query", "fragment", "form_post"} {
			s.Clock.Advance(20 * time.Second) // too slow for a loop
			q, _ := s.AuthRequest(app, "state", anyState(), "response_mode", mode, "prompt", prompt)
			for _, p := range []Page{b.Open(Authorize + "?" + q.Encode()), b.Post(Authorize, q)} {
				got := responseOf(t, p, mode)
				if got.Get("state") != anyState() || got.Get("iss") != s.Issuer || got.Has("code") == got.Has("error") {
					t.Errorf("%s: state %.200q, error %q", mode, got.Get("state"), got.Get("error"))
				}
				s.Log.MarkSecret(got.Get("code"))
			}
			p := b.Open(s.authorizeURL(app, "state", "", "response_mode", mode, "prompt", prompt))
			if got := responseOf(t, p, mode); got.Has("state") {
				t.Errorf("Z23 %s: a state that was not sent: %v", mode, got)
			}
		}
	}
}

// responseOf reads the authorization response of any mode.
func responseOf(t *testing.T, p Page, mode string) url.Values {
	t.Helper()
	if mode == "form_post" {
		return formFields(t, p)
	}
	u, err := url.Parse(p.Header.Get("Location"))
	must(t, err)
	text := u.RawQuery
	if mode == "fragment" {
		if u.RawQuery != "" {
			t.Errorf("a query beside the fragment: %s", u)
		}
		text = u.EscapedFragment()
	}
	q, err := url.ParseQuery(text)
	must(t, err)
	return q
}

// formFields are the hidden fields of the page's form.
func formFields(t *testing.T, p Page) url.Values {
	t.Helper()
	fields := url.Values{}
	_, rest, _ := strings.Cut(string(p.Body), "<form")
	form, _, _ := strings.Cut(rest, "</form>")
	for _, input := range strings.Split(form, "<input")[1:] {
		fields.Add(attribute(input, "name"), attribute(input, "value"))
	}
	return fields
}

func attribute(tag, name string) string {
	_, rest, _ := strings.Cut(tag, " "+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

func testFormPost(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	b := s.NewBrowser()
	p := b.SignIn(t, b.Open(s.authorizeURL(app, "response_mode", "form_post")), s.Alice)
	if p.Status != http.StatusOK || p.Header.Get("Content-Type") != "text/html; charset=utf-8" || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", p.Status, p.Header)
	}
	if action := p.action(t); action != Callback {
		t.Errorf("the form goes to %s", action)
	}
	csp := p.Header.Get("Content-Security-Policy")
	if strings.Contains(csp, "form-action") || strings.Contains(csp, "unsafe-inline") || !strings.Contains(string(p.Body), "<button") {
		t.Errorf("the form does not work without script, or is blocked: %s %s", csp, p.Body)
	}
	fields := formFields(t, p)
	expectExactly(t, fields, "code", "iss", "state")
	s.Log.MarkSecret(fields.Get("code"))
	p = b.Open(s.authorizeURL(app, "response_mode", "form_post", "prompt", "none", "max_age", "0"))
	expectExactly(t, formFields(t, p), "error", "error_description", "iss", "state")
}

func testPrivateUseScheme(t *testing.T, s *Signet) {
	app := s.AddCodeSPA(t, "app")
	const uri = "com.example.app:/callback"
	s.setRedirectURIs(t, app, uri)
	b := s.NewBrowser()
	// Whoever has just clicked is redirected. A native client needs a consent (RFC 8252 §8.6).
	consent := b.SignIn(t, b.Open(s.authorizeURL(app, "redirect_uri", uri)), s.Alice).expect(t, Consent)
	if body := string(consent.Body); strings.Contains(body, `id="unvetted"`) || !strings.Contains(body, `id="localhost"`) {
		t.Errorf("the page of a native client that an administrator has made: %s", body)
	}
	p := b.Send(t, consent, Form("decision", "allow"))
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Header.Get("Location"), uri+"?code=") {
		t.Errorf("%d to %s", p.Status, p.Header.Get("Location"))
	}
	for _, prompt := range []string{"", "none"} {
		p = b.Open(s.authorizeURL(app, "redirect_uri", uri, "prompt", prompt))
		_, rest, _ := strings.Cut(string(p.Body), `href="`+uri+"?")
		link, _, _ := strings.Cut(rest, `"`)
		answer, err := url.ParseQuery(html.UnescapeString(link))
		if err != nil || p.Status != http.StatusOK || answer.Get("code") == "" || !strings.Contains(string(p.Body), `id="continue"`) {
			t.Errorf("no page with a link: %d %s", p.Status, p.Body)
		}
		s.Log.MarkSecret(answer.Get("code"))
	}
	if !(authorization.Response{RedirectURI: uri}).ToApp() {
		t.Error("the scheme counts as one of the web")
	}
}
