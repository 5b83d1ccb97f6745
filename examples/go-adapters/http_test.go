package adapters_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"example.com/adapters"
	"example.org/signet/verify"
	"example.org/signet/verify/verifytest"
)

const api = "https://api.example.com"

// start is an issuer, what it says of people, and an API's Verifier.
func start(t *testing.T) (issuer *verifytest.Issuer, token func(role string) string, v *verify.Verifier) {
	t.Helper()
	issuer = verifytest.New(t)
	v, err := verify.New(issuer.Config(api))
	if err != nil {
		t.Fatal(err)
	}
	return issuer, func(role string) string {
		return issuer.Token(api, func(c verifytest.Claims) { c["sub"], c["roles"] = role, []string{role} })
	}, v
}

func TestRouters(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for name, router := range map[string]func(*verify.Verifier) http.Handler{"mux": adapters.Mux, "chi": adapters.Chi, "gin": adapters.Gin} {
		t.Run(name, func(t *testing.T) {
			issuer, token, v := start(t)
			h := router(v)
			old := token("admin")
			issuer.Advance(time.Hour)
			signedIn := func(acr string, ago time.Duration) string {
				return issuer.Token(api, func(c verifytest.Claims) {
					c["sub"], c["acr"], c["auth_time"] = "user", acr, issuer.Now().Add(-ago).Unix()
				})
			}
			for _, c := range []struct {
				what, method, token string
				status              int
				body                string
			}{
				{"no token", "GET", "", 401, ""},
				{"no token, to write", "POST", "", 401, ""},
				{"an expired one", "POST", old, 401, ""},
				{"a damaged one", "GET", token("user") + "A", 401, ""},
				{"a user reads", "GET", token("user"), 200, "hello user"},
				{"a user writes", "POST", token("user"), 403, ""},
				{"an admin writes", "POST", token("admin"), 200, "hello admin"},
				{"a password alone deletes", "DELETE", signedIn("urn:signet:1fa", 0), 401, ""},
				{"an old sign-in deletes", "DELETE", signedIn("urn:signet:2fa", 6*time.Minute), 401, ""},
				{"a fresh one with two factors deletes", "DELETE", signedIn("urn:signet:2fa", time.Minute), 200, "hello user"},
			} {
				w := call(h, c.method, c.token)
				if w.Code != c.status || c.body != "" && w.Body.String() != c.body {
					t.Errorf("%s: %d %s", c.what, w.Code, w.Body)
				}
				if (w.Header().Get("WWW-Authenticate") != "") != (c.status != 200) {
					t.Errorf("%s: challenge %q", c.what, w.Header().Get("WWW-Authenticate"))
				}
			}
			issuer.SetHandler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
			issuer.Advance(5 * time.Hour) // neither keys nor lists are believed that long
			if w := call(h, "GET", token("user")); w.Code != http.StatusServiceUnavailable {
				t.Errorf("with the issuer down: %d %s", w.Code, w.Body)
			}
		})
	}
}

func call(h http.Handler, method, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/items", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
