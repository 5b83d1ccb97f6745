package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a server answers to signet login cannot move the cursor of the terminal or overwrite its text.
func TestLogin_EscapesWhatTheServerSays(t *testing.T) {
	var at string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := map[string]any{"issuer": at, "token_endpoint": at + "/token", "device_authorization_endpoint": at + "/device", "revocation_endpoint": at + "/revoke"}
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/device":
			answer = map[string]any{"device_code": "d", "user_code": "AB\x1b[2JCD", "verification_uri": "https://id.example.com\x1b[1A\u009b2K", "expires_in": 600, "interval": 1}
		case "/token":
			w.WriteHeader(http.StatusBadRequest)
			answer = map[string]any{"error": "access_denied"}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()
	at = server.URL
	_, stderr, status := remote{env: []string{"XDG_CONFIG_HOME=" + t.TempDir()}}.run(t, "", "login", at)
	if status == 0 || !strings.Contains(stderr, "was refused in the browser") {
		t.Errorf("status %d: %q", status, stderr)
	}
	if !strings.Contains(stderr, `AB\x1b[2JCD`) || strings.ContainsAny(stderr, "\x1b\u009b") {
		t.Errorf("the terminal would obey: %q", stderr)
	}
}
