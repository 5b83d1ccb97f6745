package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// secretScanner is the transport of the tests' clients. It remembers what must stay
// secret, and counts requests by path.
type secretScanner struct {
	base *http.Transport

	mu     sync.Mutex
	secret map[string]bool
	asked  map[string]int
}

func newSecretScanner() *secretScanner {
	return &secretScanner{base: &http.Transport{MaxIdleConnsPerHost: 16}, secret: map[string]bool{}, asked: map[string]int{}}
}

func (w *secretScanner) client() *http.Client {
	return &http.Client{Transport: w, Timeout: waitTimeout}
}

// CloseIdleConnections makes http.Client's method of that name work.
func (w *secretScanner) CloseIdleConnections() { w.base.CloseIdleConnections() }

// RoundTrip makes wire an http.RoundTripper.
func (w *secretScanner) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.asked[r.URL.Path]++
	w.mu.Unlock()
	res, err := w.base.RoundTrip(r)
	if err != nil || r.URL.Path != "/oauth2/token" {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var t tokens
	if json.Unmarshal(body, &t) == nil {
		w.keep(t.AccessToken, t.RefreshToken, t.IDToken)
	}
	return res, nil
}

// keep notes secrets. Of a JWT its payload and signature count: the header
// says nothing.
func (w *secretScanner) keep(secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range secrets {
		parts := strings.Split(s, ".")
		for _, part := range parts[min(1, len(parts)-1):] {
			if part != "" {
				w.secret[part] = true
			}
		}
	}
}

func (w *secretScanner) secrets() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for s := range w.secret {
		all = append(all, s)
	}
	return all
}

// count tells how often a path was asked for.
func (w *secretScanner) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[path]
}
