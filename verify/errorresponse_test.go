package verify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.org/signet/verify"
)

// checkErrorResponse checks what all refusals share: no caching, a small JSON body that
// says what the challenge says.
func checkErrorResponse(t *testing.T, resp *http.Response, body string) {
	t.Helper()
	want := map[string]string{"Cache-Control": "no-store", "Content-Type": "application/json", "X-Content-Type-Options": "nosniff"}
	for name, value := range want {
		if got := resp.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	var answer struct {
		Error       string
		Description string `json:"error_description"`
		Scope       string
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(body) > 200 || answer.Description == "" {
		t.Errorf("body %q: %v", body, err)
	}
	challenge := resp.Header.Get("WWW-Authenticate")
	if strings.Contains(challenge, "error") != (answer.Error != "") && resp.StatusCode != 503 {
		t.Errorf("body %q beside challenge %q", body, challenge)
	}
	if answer.Error != "" && resp.StatusCode != 503 && !strings.Contains(challenge, fmt.Sprintf("error=%q", answer.Error)) {
		t.Errorf("body %q beside challenge %q", body, challenge)
	}
}

// With the keys out of reach the answer is 503 and when to come back, whatever the
// token is like; and a good answer again as soon as they are back.
func TestKeysUnavailable(t *testing.T) {
	h, now, recorder := newHost(t), newClock(), &errorRecorder{}
	h.fail()
	cfg := config(h)
	cfg.Now, cfg.OnError = now.Now, recorder.record
	server := httptest.NewServer(newVerifier(t, cfg).RequireScope("items:read")(whoami))
	defer server.Close()
	for i, want := range []string{"1", "1", "2", "2", "4"} {
		resp, body := call(t, server, get("Bearer "+goodToken()))
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != want || resp.Header.Get("WWW-Authenticate") != "" || !strings.Contains(body, `"temporarily_unavailable"`) {
			t.Fatalf("%d: %d %v %s", i, resp.StatusCode, resp.Header, body)
		}
		checkErrorResponse(t, resp, body)
		if err := recorder.last(); !errors.Is(err, verify.ErrKeysUnavailable) {
			t.Errorf("got %v", err)
		}
		if i%2 == 1 {
			now.Advance(time.Duration(i+1) * time.Second)
		}
	}
	now.Advance(500 * time.Millisecond)
	if resp, _ := call(t, server, get("Bearer "+goodToken())); resp.Header.Get("Retry-After") != "4" {
		t.Errorf("3.5 s are told as %s", resp.Header.Get("Retry-After"))
	}
	if resp, _ := call(t, server, get("Bearer garbage")); resp.StatusCode != 401 {
		t.Errorf("what is no token is known to be none: %d", resp.StatusCode)
	}
	h.publish(rsaKey())
	now.Advance(5 * time.Second)
	if resp, body := call(t, server, get("Bearer "+goodToken())); resp.StatusCode != 200 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestRealm(t *testing.T) {
	for realm, want := range map[string]string{
		"":               `Bearer realm="https://api.example.com"`,
		"items":          `Bearer realm="items"`,
		`a "b" \ c`:      `Bearer realm="a \"b\" \\ c"`,
		"a\r\nX: y\x00é": `Bearer realm="aX: y"`,
	} {
		cfg := config(newHost(t, rsaKey()))
		cfg.Realm = realm
		w := httptest.NewRecorder()
		newVerifier(t, cfg).Middleware(whoami).ServeHTTP(w, get())
		if got := w.Header().Get("WWW-Authenticate"); got != want {
			t.Errorf("%q: %s", realm, got)
		}
	}
}
