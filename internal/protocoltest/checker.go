package protocoltest

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

// issuedTokens are the newest access tokens of a case, and its first.
type issuedTokens struct {
	mu     sync.Mutex
	tokens []string
}

const maxIssuedTokens = 4

func (h *issuedTokens) add(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if token == "" {
		return
	}
	if len(h.tokens) == maxIssuedTokens {
		h.tokens = append(h.tokens[:1], h.tokens[2:]...)
	}
	h.tokens = append(h.tokens, token)
}

// maxThrottleWindow exceeds every throttle window of the cases, and how long networks are remembered.
const maxThrottleWindow = 91 * 24 * time.Hour

// runChecker has the independent checker check the state after a case.
func runChecker(s *Signet) {
	s.t.Helper()
	s.Store.Reset()
	_ = s.Keys.Refresh(context.Background()) // where a case has broken the keys they stay as they are
	found, err := checker.Check(context.Background(), checker.Target{
		Store: s.backend, Now: s.Clock.Now(), Window: maxThrottleWindow, Tokens: s.issued.tokens,
		Instances: []checker.Instance{{
			JWKS:   func() ([]byte, error) { return serveDirectly(s, http.MethodGet, JWKS, nil, Client{}), nil },
			Sign:   func() (string, error) { return checkerSign(s) },
			Active: func(token string) bool { return checkerActive(s, token) },
		}},
	})
	if err != nil {
		s.t.Error(err)
	}
	for _, f := range found {
		s.t.Errorf("checker: rule %s", f)
	}
}

// serveDirectly bypasses the network and the description check: a case may have
// closed either.
func serveDirectly(s *Signet, method, path string, form url.Values, c Client) (body []byte) {
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

func checkerSign(s *Signet) (string, error) {
	body := serveDirectly(s, http.MethodPost, Token, Form("grant_type", "client_credentials"), s.Machine)
	var tokens Tokens
	if body == nil {
		return "", nil
	}
	err := json.Unmarshal(body, &tokens)
	s.Log.MarkSecret(tokens.Access)
	return tokens.Access, err
}

func checkerActive(s *Signet, token string) bool {
	var response struct{ Active bool }
	_ = json.Unmarshal(serveDirectly(s, http.MethodPost, Introspect, Form("token", token), s.ResourceServer), &response)
	return response.Active
}
