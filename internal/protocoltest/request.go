package protocoltest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Paths of the endpoints, below the issuer's.
const (
	Token      = "/oauth2/token"
	Introspect = "/oauth2/introspect"
	Device     = "/device"

	DeviceAuthorization = "/oauth2/device_authorization"

	Revoke    = "/oauth2/revoke"
	UserInfo  = "/oauth2/userinfo"
	Authorize = "/oauth2/authorize"
	Login     = "/login"
	Consent   = "/consent"
	Status    = "/oauth2/status"
	JWKS      = "/.well-known/jwks.json"
	Discovery = "/.well-known/openid-configuration"
	Metadata  = "/.well-known/oauth-authorization-server"
	OpenAPI   = "/openapi.yaml"
	Docs      = "/docs"
	Assets    = "/assets/" // the static files of the pages
)

// RequestOption changes a request before it is sent.
type RequestOption func(*http.Request)

// Basic authenticates by HTTP Basic, encoded as RFC 6749 §2.3.1 has it.
func Basic(c Client) RequestOption {
	return Header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.ID)+":"+url.QueryEscape(c.Secret))))
}

// Bearer presents an access token.
func Bearer(token string) RequestOption { return Header("Authorization", "Bearer "+token) }

// Header sets a header.
func Header(name, value string) RequestOption {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Form makes a form of names and values in turn.
func Form(pairs ...string) url.Values {
	v := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		v.Add(pairs[n], pairs[n+1])
	}
	return v
}

// Response is an HTTP response, read in full.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// A requester sends requests to one instance, and keeps what the search for leaks and the
// checker need of the responses.
type requester struct {
	URL    string // where this instance answers, with the issuer's path
	Server *httptest.Server
	HTTP   *http.Client
	Log    *LogCapture

	t           testing.TB
	check       func(*http.Request, Response) // of each response that HTTP has received
	errorBodies sync.Map                      // bodies of error answers
	issued      issuedTokens
}

// Post sends a form.
func (q *requester) Post(path string, form url.Values, opts ...RequestOption) Response {
	return q.PostRaw(path, form.Encode(), opts...)
}

// PostAs sends a form of the client's: with its secret, or, of a public one,
// with its name.
func (q *requester) PostAs(c Client, path string, form url.Values, opts ...RequestOption) Response {
	if c.Secret != "" {
		return q.Post(path, form, append([]RequestOption{Basic(c)}, opts...)...)
	}
	named := maps.Clone(form)
	named.Set("client_id", c.ID)
	return q.Post(path, named, opts...)
}

// PostRaw sends a body as a form, as it is.
func (q *requester) PostRaw(path, body string, opts ...RequestOption) Response {
	opts = append([]RequestOption{Header("Content-Type", "application/x-www-form-urlencoded")}, opts...)
	return q.Send(http.MethodPost, path, body, opts...)
}

// Get asks without a body.
func (q *requester) Get(path string, opts ...RequestOption) Response {
	return q.Send(http.MethodGet, path, "", opts...)
}

// Send makes one request. The answers' tokens count as secrets from then on.
func (q *requester) Send(method, path, body string, opts ...RequestOption) Response {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, q.URL+path, content)
	if err != nil {
		q.t.Errorf("%s %.80q: %v", method, path, err)
		return Response{}
	}
	for _, change := range opts {
		change(r)
	}
	response, err := q.exchange(r)
	if err != nil {
		q.t.Errorf("%s %.80q: %v", method, path, err)
	}
	return response
}

func (q *requester) exchange(r *http.Request) (Response, error) {
	res, err := q.HTTP.Do(r)
	if err != nil {
		return Response{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return Response{}, err
	}
	a := Response{Status: res.StatusCode, Header: res.Header, Body: body}
	if a.Status == http.StatusTemporaryRedirect || a.Status == http.StatusPermanentRedirect {
		q.t.Errorf("C02 %s %.80s is redirected by %d, which sends a form on", r.Method, r.URL.Path, a.Status) // RFC 9700 §4.12
	}
	q.record(a)
	q.check(r, a)
	return a, nil
}

// record keeps what the search for leaks needs.
func (q *requester) record(a Response) {
	if a.Status >= 400 {
		q.errorBodies.Store(string(a.Body), struct{}{})
		return
	}
	var tokens Tokens
	if json.Unmarshal(a.Body, &tokens) == nil {
		q.issued.add(tokens.Access)
		for _, secret := range []string{tokens.Access, tokens.Refresh, tokens.ID} {
			q.Log.MarkSecret(secret)
		}
	}
}

// Tokens is the answer of the token endpoint.
type Tokens struct {
	Access    string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int64  `json:"expires_in"`
	Refresh   string `json:"refresh_token"`
	ID        string `json:"id_token"`
	Scope     string `json:"scope"`
}

// Object decodes a body that is a JSON object.
func (a Response) Object(t testing.TB) map[string]any {
	t.Helper()
	o := map[string]any{}
	if err := json.Unmarshal(a.Body, &o); err != nil {
		t.Fatalf("body %.200q: %v", a.Body, err)
	}
	return o
}

// ExpectStatus fails the test unless the response has the status.
func (a Response) ExpectStatus(t testing.TB, status int) Response {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %.300s", a.Status, status, a.Body)
	}
	return a
}

// Tokens expects a successful token response (RFC 6749 §5.1) and returns it.
func (a Response) Tokens(t testing.TB) Tokens {
	t.Helper()
	a.ExpectStatus(t, http.StatusOK)
	a.expectNoStore(t)
	var tokens Tokens
	if err := json.Unmarshal(a.Body, &tokens); err != nil || tokens.Access == "" || tokens.Type != "Bearer" || tokens.ExpiresIn <= 0 {
		t.Fatalf("not a token answer: %v", err)
	}
	return tokens
}

// ExpectError expects an RFC 6749 error with the status and code (T28, T29).
func (a Response) ExpectError(t testing.TB, status int, code string) Response {
	t.Helper()
	a.ExpectStatus(t, status)
	a.expectNoStore(t)
	o := a.Object(t)
	if o["error"] != code {
		t.Fatalf("error %v, want %s: %s", o["error"], code, a.Body)
	}
	for name, value := range o {
		text, ok := value.(string)
		if name != "error" && name != "error_description" || !ok || !isErrorText(text) {
			t.Errorf("T29 member %s of an error answer: %v", name, value)
		}
	}
	return a
}

// expectNoStore expects the headers that keep a response out of caches (T28).
func (a Response) expectNoStore(t testing.TB) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store",
		"Pragma": "no-cache", "X-Content-Type-Options": "nosniff",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("T28 %s: %q, want %q", name, got, want)
		}
	}
}

// isErrorText tells whether the text has only the characters of RFC 6749 §5.2.
func isErrorText(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Equal tells whether two answers differ in nothing but their date and id.
func (a Response) Equal(b Response) bool {
	return a.Status == b.Status && bytes.Equal(a.Body, b.Body) && sameHeader(a.Header, b.Header)
}

func sameHeader(a, b http.Header) bool {
	names := map[string]struct{}{}
	for _, h := range []http.Header{a, b} {
		for name := range h {
			names[name] = struct{}{}
		}
	}
	delete(names, "Date")
	delete(names, "X-Request-Id")
	for name := range names {
		if strings.Join(a.Values(name), "\n") != strings.Join(b.Values(name), "\n") {
			return false
		}
	}
	return true
}
