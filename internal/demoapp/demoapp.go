// Package demoapp is a small application that signs people in through Signet: one page, the
// authorization code flow with PKCE in the browser, and what came of it shown decoded. It is
// for trying and for reading; it keeps its tokens in the page alone.
package demoapp

import (
	"embed"
	"encoding/json"
	"net/http"
	"strings"
)

// Config says who the application is.
type Config struct {
	Issuer   string `json:"issuer"`    // its URL
	ClientID string `json:"client_id"` // a public client whose redirect URI is the application's own address, with a slash
	Scope    string `json:"scope"`     // what it asks for
	Resource string `json:"resource,omitempty"`
	Hint     string `json:"login_hint,omitempty"` // the user name to begin with
}

//go:embed index.html app.js app.css
var files embed.FS

// New returns the application. Its page talks to the issuer and to nobody else.
func New(cfg Config) (http.Handler, error) {
	config, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	// What a form or a script may reach is the issuer's origin.
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; connect-src 'self' " + origin(cfg.Issuer)
	mux := http.NewServeMux()
	static := http.FileServerFS(files)
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(config) // the browser has gone
	})
	mux.Handle("GET /", static)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store") // the address holds a code once
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}), nil
}

// origin is the scheme and host of a URL.
func origin(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
