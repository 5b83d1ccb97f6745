package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.org/signet/verify"
)

// api is a resource server on package verify: GET /items wants items:read,
// POST /items wants items:write, GET /desk wants the role editor.
type api struct {
	*httptest.Server
	verifier *verify.Verifier
	wire     *secretScanner // of its own fetches
}

func newAPI(t *testing.T, issuer string) *api {
	t.Helper()
	a := &api{wire: newSecretScanner()}
	var err error
	a.verifier, err = verify.New(verify.Config{Issuer: issuer, Audience: []string{audience}, HTTPClient: a.wire.client()})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /items", a.verifier.RequireScope("items:read")(http.HandlerFunc(whoami)))
	mux.Handle("POST /items", a.verifier.RequireScope("items:write")(http.HandlerFunc(whoami)))
	mux.Handle("GET /desk", a.verifier.RequireRole("editor")(http.HandlerFunc(whoami)))
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	t.Cleanup(a.wire.CloseIdleConnections)
	return a
}

// whoami answers with the token's subject.
func whoami(w http.ResponseWriter, r *http.Request) {
	claims, _ := verify.FromContext(r.Context())
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"sub": claims.Subject})
}

// call spends a token and demands the status; a refusal must say error.
func (a *api) call(t *testing.T, method, path, token string, status int) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, a.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := a.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != status {
		t.Errorf("%s %s: %s, %q; want %d", method, path, res.Status, res.Header.Get("WWW-Authenticate"), status)
	}
	return res
}
