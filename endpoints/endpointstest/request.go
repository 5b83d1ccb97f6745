package endpointstest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Paths of the endpoints, below the issuer's.
const (
	Token      = "/oauth2/token"
	Introspect = "/oauth2/introspect"
	Revoke     = "/oauth2/revoke"
	UserInfo   = "/oauth2/userinfo"
	Authorize  = "/oauth2/authorize"
	Status     = "/oauth2/status"
	JWKS       = "/.well-known/jwks.json"
	Discovery  = "/.well-known/openid-configuration"
	Metadata   = "/.well-known/oauth-authorization-server"
	OpenAPI    = "/openapi.yaml"
	Docs       = "/docs"
)

// With changes a request before it is sent.
type With func(*http.Request)

// Basic authenticates by HTTP Basic, encoded as RFC 6749 §2.3.1 has it.
func Basic(c Client) With {
	return Header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.ID)+":"+url.QueryEscape(c.Secret))))
}

// Bearer presents an access token.
func Bearer(token string) With { return Header("Authorization", "Bearer "+token) }

// Header sets a header.
func Header(name, value string) With { return func(r *http.Request) { r.Header.Set(name, value) } }

// Form makes a form of names and values in turn.
func Form(pairs ...string) url.Values {
	v := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		v.Add(pairs[n], pairs[n+1])
	}
	return v
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Post sends a form.
func (s *Signet) Post(path string, form url.Values, with ...With) Answer {
	return s.PostRaw(path, form.Encode(), with...)
}

// PostAs sends a form of the client's: with its secret, or, of a public one,
// with its name.
func (s *Signet) PostAs(c Client, path string, form url.Values, with ...With) Answer {
	if c.Secret != "" {
		return s.Post(path, form, append([]With{Basic(c)}, with...)...)
	}
	named := maps.Clone(form)
	named.Set("client_id", c.ID)
	return s.Post(path, named, with...)
}

// PostRaw sends a body as a form, as it is.
func (s *Signet) PostRaw(path, body string, with ...With) Answer {
	with = append([]With{Header("Content-Type", "application/x-www-form-urlencoded")}, with...)
	return s.Send(http.MethodPost, path, body, with...)
}

// Get asks without a body.
func (s *Signet) Get(path string, with ...With) Answer {
	return s.Send(http.MethodGet, path, "", with...)
}

// Send makes one request. The answers' tokens count as secrets from then on.
func (s *Signet) Send(method, path, body string, with ...With) Answer {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, s.URL+path, content)
	if err != nil {
		s.t.Errorf("%s %.80q: %v", method, path, err)
		return Answer{}
	}
	for _, change := range with {
		change(r)
	}
	answer, err := s.exchange(r)
	if err != nil {
		s.t.Errorf("%s %.80q: %v", method, path, err)
	}
	return answer
}

func (s *Signet) exchange(r *http.Request) (Answer, error) {
	res, err := s.HTTP.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: res.StatusCode, Header: res.Header, Body: body}
	s.note(a)
	s.judge(r, a)
	return a, nil
}

// note keeps what the search for leaks will need.
func (s *Signet) note(a Answer) {
	if a.Status >= 400 {
		s.failures.Store(string(a.Body), struct{}{})
		return
	}
	var tokens Tokens
	if json.Unmarshal(a.Body, &tokens) == nil {
		s.handed.keep(tokens.Access)
		for _, secret := range []string{tokens.Access, tokens.Refresh, tokens.ID} {
			s.Log.Secret(secret)
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
func (a Answer) Object(t testing.TB) map[string]any {
	t.Helper()
	o := map[string]any{}
	if err := json.Unmarshal(a.Body, &o); err != nil {
		t.Fatalf("body %.200q: %v", a.Body, err)
	}
	return o
}

// Expect fails the test unless the answer has the status.
func (a Answer) Expect(t testing.TB, status int) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %.300s", a.Status, status, a.Body)
	}
	return a
}

// Tokens demands a successful token answer, as RFC 6749 §5.1 has it.
func (a Answer) Tokens(t testing.TB) Tokens {
	t.Helper()
	a.Expect(t, http.StatusOK)
	a.sealed(t)
	var tokens Tokens
	if err := json.Unmarshal(a.Body, &tokens); err != nil || tokens.Access == "" || tokens.Type != "Bearer" || tokens.ExpiresIn <= 0 {
		t.Fatalf("not a token answer: %v", err)
	}
	return tokens
}

// Refused demands an error answer with the status and code, in the form that
// every error has (T28, T29).
func (a Answer) Refused(t testing.TB, status int, code string) Answer {
	t.Helper()
	a.Expect(t, status)
	a.sealed(t)
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

// sealed demands the headers that keep an answer out of caches (T28).
func (a Answer) sealed(t testing.TB) {
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

// isErrorText knows the characters of RFC 6749 §5.2.
func isErrorText(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Same tells whether two answers differ in nothing but their date and id.
func (a Answer) Same(b Answer) bool {
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
