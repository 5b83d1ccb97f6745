package endpointstest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"example.org/signet/internal/checker"
)

// handed are the newest access tokens of a scene, and its first.
type handed struct {
	mu     sync.Mutex
	tokens []string
}

const handedKept = 4

func (h *handed) keep(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if token == "" {
		return
	}
	if len(h.tokens) == handedKept {
		h.tokens = append(h.tokens[:1], h.tokens[2:]...)
	}
	h.tokens = append(h.tokens, token)
}

// counterWindow is above every window in which a scene has tries counted.
const counterWindow = 48 * time.Hour

// examine has the independent checker look at what a scene has left.
func (s *Signet) examine() {
	s.t.Helper()
	s.Store.Forget()
	_ = s.Keys.Refresh(context.Background()) // where a scene has spoiled them they stay as they are
	found, err := checker.Check(context.Background(), checker.Target{
		Store: s.backend, Now: s.Clock.Now(), Window: counterWindow, Tokens: s.handed.tokens,
		Instances: []checker.Instance{{JWKS: s.jwks, Sign: s.signs, Active: s.tells}},
	})
	if err != nil {
		s.t.Error(err)
	}
	for _, f := range found {
		s.t.Errorf("checker: rule %s", f)
	}
}

// ask goes past the network and the judge: a scene may have closed either.
func (s *Signet) ask(method, path string, form url.Values, c Client) (body []byte) {
	if s.options.Endpoints.Service != nil {
		return nil // not an issuer
	}
	r := httptest.NewRequest(method, s.options.Path+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.Secret != "" {
		Basic(c)(r)
	}
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil
	}
	return w.Body.Bytes()
}

func (s *Signet) jwks() ([]byte, error) { return s.ask(http.MethodGet, JWKS, nil, Client{}), nil }

func (s *Signet) signs() (string, error) {
	body := s.ask(http.MethodPost, Token, Form("grant_type", "client_credentials"), s.Machine)
	var tokens Tokens
	if body == nil {
		return "", nil
	}
	err := json.Unmarshal(body, &tokens)
	s.Log.Secret(tokens.Access)
	return tokens.Access, err
}

func (s *Signet) tells(token string) bool {
	var answer struct{ Active bool }
	_ = json.Unmarshal(s.ask(http.MethodPost, Introspect, Form("token", token), s.Guard), &answer)
	return answer.Active
}
