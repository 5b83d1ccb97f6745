package protocoltest

import (
	"crypto/rand"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"example.org/signet/issuer"

	"example.org/signet/issuer/authorization"
)

// Browser is what a person uses: it keeps cookies, follows redirects within the issuer and
// sends the headers of a browser. It runs no script.
type Browser struct {
	s         *Signet
	Cookies   map[string]string
	UserAgent string         // "" for that of net/http
	Changes   []*http.Cookie // all Set-Cookie headers so far
	StopsAt   string         // the beginning of a redirect that is not followed; "" for none
}

// NewBrowser returns a browser without cookies.
func (s *Signet) NewBrowser() *Browser { return &Browser{s: s, Cookies: map[string]string{}} }

// Page is what a browser shows: the answer that no redirect within the issuer followed.
type Page struct {
	Response
	Path string // with the query, below the issuer's
}

// Open follows a link of another site.
func (b *Browser) Open(path string, opts ...RequestOption) Page {
	return b.visit(http.MethodGet, path, "", append([]RequestOption{Header("Sec-Fetch-Site", "cross-site")}, opts...)...)
}

// Post sends a form from another site, as a client does with an authorization request.
func (b *Browser) Post(path string, form url.Values) Page {
	return b.visit(http.MethodPost, path, form.Encode(), Header("Sec-Fetch-Site", "cross-site"), Header("Origin", "https://app.example.com"))
}

// Send sends the form of a page.
func (b *Browser) Send(t testing.TB, p Page, form url.Values, opts ...RequestOption) Page {
	t.Helper()
	return b.visit(http.MethodPost, b.s.below(p.action(t)), form.Encode(), append([]RequestOption{
		Header("Sec-Fetch-Site", "same-origin"), Header("Origin", "null"), // Referrer-Policy: no-referrer
	}, opts...)...)
}

// visit sends one request and follows redirects within the issuer.
func (b *Browser) visit(method, path, body string, opts ...RequestOption) Page {
	p := b.once(method, path, body, opts...)
	for range 10 {
		location := b.s.ownRedirect(p.Header.Get("Location"))
		if !strings.HasPrefix(location, "/") || b.StopsAt != "" && strings.HasPrefix(location, b.StopsAt) {
			return p
		}
		p = b.once(http.MethodGet, b.s.below(location), "", opts[:min(1, len(opts))]...)
	}
	b.s.t.Errorf("%s %.80s: redirects without end", method, path)
	return p
}

// once sends one request. A form of another site carries no cookie (SameSite=Lax).
func (b *Browser) once(method, path, body string, opts ...RequestOption) Page {
	all := []RequestOption{Header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")}
	if body != "" {
		all = append(all, Header("Content-Type", "application/x-www-form-urlencoded"))
	}
	all = append(append(all, opts...), func(r *http.Request) {
		if r.Method == http.MethodPost && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			return
		}
		if b.UserAgent != "" {
			r.Header.Set("User-Agent", b.UserAgent)
		}
		for name, value := range b.Cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	})
	a := b.s.requester.Send(method, path, body, all...)
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		b.Changes = append(b.Changes, c)
		b.s.Log.MarkSecret(c.Value)
		if b.Cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.Cookies, c.Name)
		}
	}
	return Page{Response: a, Path: path}
}

// Clone returns a browser with the same cookies, as another tab has.
func (b *Browser) Clone() *Browser { return &Browser{s: b.s, Cookies: maps.Clone(b.Cookies)} }

// ownRedirect returns a redirect as a path of the issuer, where it is one of the console's sign-in: to
// the authorization endpoint and back. Other redirects to URLs are a client's.
func (s *Signet) ownRedirect(location string) string {
	path, own := strings.CutPrefix(location, strings.TrimSuffix(s.Issuer, s.options.Path))
	if own && (strings.HasPrefix(s.below(path), ConsolePath) || strings.Contains(path, "client_id="+issuer.ConsoleClient+"&")) {
		return path
	}
	return location
}

// below returns a path of the issuer without the path of its URL.
func (s *Signet) below(path string) string { return strings.TrimPrefix(path, s.options.Path) }

var formAction = regexp.MustCompile(`<form[^>]*\saction="([^"]*)"`)

// action returns where the form of the page goes.
func (p Page) action(t testing.TB) string {
	t.Helper()
	found := formAction.FindSubmatch(p.Body)
	if found == nil {
		t.Fatalf("no form on the page %s: %d %.200s", p.Path, p.Status, p.Body)
	}
	return html.UnescapeString(string(found[1]))
}

// is tells whether it is the page of that path.
func (p Page) is(path string) bool {
	at, _, _ := strings.Cut(p.Path, "?")
	return p.Status == http.StatusOK && at == path
}

// expect fails the test unless it is the page of that path.
func (p Page) expect(t testing.TB, path string) Page {
	t.Helper()
	if !p.is(path) {
		t.Fatalf("%d at %.60s to %.100q, want the page %s: %.200s", p.Status, p.Path, p.Header.Get("Location"), path, p.Body)
	}
	return p
}

// Answer is the authorization response that the browser goes to the client with: by a redirect, or
// by a page that goes on by itself.
func (p Page) Answer(t testing.TB) url.Values {
	t.Helper()
	to, status := p.Header.Get("Location"), http.StatusSeeOther
	if after, refreshes := strings.CutPrefix(p.Header.Get("Refresh"), "0;url="); refreshes {
		to, status = after, http.StatusOK
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" && u.Opaque == "" || p.Status != status {
		t.Fatalf("no answer for the client: %d at %.60s, Location %q: %.300s", p.Status, p.Path, p.Header.Get("Location"), p.Body)
	}
	return u.Query()
}

// ExpectErrorPage fails the test unless it is an error page of that kind, which names the
// request id and leads nowhere by itself.
func (p Page) ExpectErrorPage(t testing.TB, status int, kind string) Page {
	t.Helper()
	id := p.Header.Get("X-Request-Id")
	if p.Status != status || p.Header.Get("Location") != "" || !strings.Contains(string(p.Body), `id="error-page"`) ||
		!strings.Contains(string(p.Body), `data-kind="`+kind+`"`) || id == "" || !strings.Contains(string(p.Body), id) {
		t.Errorf("%d at %.60s to %q, want the error page %d %s with request id %s: %.1500s", p.Status, p.Path, p.Header.Get("Location"), status, kind, id, p.Body)
	}
	return p
}

// AuthRequest returns the parameters of a valid authorization request of a client, with the
// verifier of its challenge. The changes are names and values in turn; a value "" leaves the
// parameter out.
func (s *Signet) AuthRequest(c Client, changes ...string) (q url.Values, verifier string) {
	verifier = rand.Text() + rand.Text()
	q = Form("client_id", c.ID, "redirect_uri", Callback, "response_type", "code", "scope", "openid profile", "state", "st-"+rand.Text(),
		"code_challenge", authorization.Challenge(verifier), "code_challenge_method", "S256")
	for n := 0; n+1 < len(changes); n += 2 {
		if q.Set(changes[n], changes[n+1]); changes[n+1] == "" {
			q.Del(changes[n])
		}
	}
	return q, verifier
}

// authorizeURL is the path of an authorization request with changed parameters.
func (s *Signet) authorizeURL(c Client, changes ...string) string {
	q, _ := s.AuthRequest(c, changes...)
	return Authorize + "?" + q.Encode()
}

// SignIn fills in the login page.
func (b *Browser) SignIn(t testing.TB, p Page, u User) Page {
	t.Helper()
	return b.Send(t, p.expect(t, Login), Form("username", u.Username, "password", u.Password))
}

// GetCode signs the user in at the client and returns the code.
func (b *Browser) GetCode(t testing.TB, c Client, u User, changes ...string) Code {
	t.Helper()
	q, verifier := b.s.AuthRequest(c, changes...)
	p := b.Open(Authorize + "?" + q.Encode())
	if p.is(Login) {
		p = b.SignIn(t, p, u)
	}
	answer := p.Answer(t)
	if answer.Get("code") == "" || answer.Get("state") != q.Get("state") {
		t.Fatalf("no code: %v", answer)
	}
	b.s.Log.MarkSecret(answer.Get("code"))
	return Code{Code: answer.Get("code"), Verifier: verifier, RedirectURI: q.Get("redirect_uri")}
}
