package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// credentials are a client's.
type credentials struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// answer is a whole answer, for tests that look at its bytes.
type answer struct {
	status int
	header http.Header
	body   string
}

// post sends a form as the client, with HTTP Basic. An error is the
// transport's.
func (s *server) post(path string, c credentials, form url.Values) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, s.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret)) // RFC 6749 §2.3.1
	if s.from != "" {
		req.Header.Set("X-Forwarded-For", s.from)
	}
	return exchange(s.http, req)
}

// exchange sends a request and reads the whole answer.
func exchange(client *http.Client, req *http.Request) (answer, error) {
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

func (s *server) mustPost(t *testing.T, path string, c credentials, form url.Values) answer {
	t.Helper()
	a, err := s.post(path, c, form)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// tokens is the answer of RFC 6749 §5.1.
type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Scope        string `json:"scope"`
}

// granted reads an answer of the token endpoint that must be a success.
func (a answer) granted(t *testing.T) tokens {
	t.Helper()
	got, err := a.decode()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (a answer) decode() (got tokens, err error) {
	if a.status != http.StatusOK {
		return tokens{}, fmt.Errorf("token answer %d %s, want 200", a.status, a.body)
	}
	err = json.Unmarshal([]byte(a.body), &got)
	return got, err
}

// refused demands an error answer of RFC 6749 §5.2.
func (a answer) refused(t *testing.T, status int, code string) {
	t.Helper()
	var got struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal([]byte(a.body), &got) // a body that is no JSON has no code
	if a.status != status || got.Error != code {
		t.Fatalf("answer %d %s, want %d %s", a.status, a.body, status, code)
	}
}

func passwordForm(username, password string) url.Values {
	return url.Values{"grant_type": {"password"}, "username": {username}, "password": {password}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// introspect asks whether a token counts (RFC 7662).
func (s *server) introspect(t *testing.T, c credentials, token string) map[string]any {
	t.Helper()
	a := s.mustPost(t, "/oauth2/introspect", c, url.Values{"token": {token}})
	got := map[string]any{}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != http.StatusOK {
		t.Fatalf("introspection answered %d %s", a.status, a.body)
	}
	return got
}

// wantActive demands that every token counts.
func (s *server) wantActive(t *testing.T, c credentials, tokens ...string) {
	t.Helper()
	for n, token := range tokens {
		if got := s.introspect(t, c, token); got["active"] != true {
			t.Errorf("token %d of %d introspects as %v, want active", n+1, len(tokens), got)
		}
	}
}

// wantDead demands that no token counts, and that nothing else is said.
func (s *server) wantDead(t *testing.T, c credentials, tokens ...string) {
	t.Helper()
	for n, token := range tokens {
		if got := s.introspect(t, c, token); got["active"] != false || len(got) != 1 {
			t.Errorf("token %d of %d introspects as %v, want active false alone", n+1, len(tokens), got)
		}
	}
}

// header reads a JWT's protected header, without believing it.
func header(t *testing.T, token string) (h struct{ Alg, Typ, KID string }) {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(first)
	if err == nil {
		err = json.Unmarshal(raw, &h)
	}
	if err != nil {
		t.Fatalf("read the header of %q: %v", token, err)
	}
	return h
}
