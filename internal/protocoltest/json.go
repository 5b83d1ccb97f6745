package protocoltest

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// Paths of self-service.
const (
	Register   = "/register"
	Me         = "/me"
	MePassword = "/me/password"
	MeSessions = "/me/sessions"
)

// Object is the body of a request to the API.
type Object map[string]any

// JSON sends a body to the API; nil sends none. Secrets in it are not marked:
// create them with [Signet.NewSecret].
func (q *requester) JSON(method, path string, body Object, opts ...RequestOption) Response {
	if body == nil {
		return q.Send(method, path, "", opts...)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		q.t.Fatal(err)
	}
	return q.JSONRaw(method, path, string(raw), opts...)
}

// JSONRaw sends a body as JSON, as it is.
func (q *requester) JSONRaw(method, path, body string, opts ...RequestOption) Response {
	return q.Send(method, path, body, append([]RequestOption{Header("Content-Type", "application/json")}, opts...)...)
}

// portalScope is what users ask for who use Signet's own API.
const portalScope = "openid signet:account signet:admin"

// Portal is a client whose tokens are for the issuer itself, for all that its API offers.
func (r *records) Portal(t testing.TB) Client {
	t.Helper()
	grants := []string{issuer.GrantPassword, issuer.GrantRefreshToken}
	portalScopes := append(slices.Clone(appScopes), issuer.ScopeAccount, issuer.ScopeAdmin)
	return r.AddClient(t, "portal", admin.ClientChange{Grants: &grants, Scopes: &portalScopes})
}

// ExpectProblem expects an RFC 9457 error with the status, the code, and
// exactly these invalid fields.
func (a Response) ExpectProblem(t testing.TB, status int, code string, fields ...string) Response {
	t.Helper()
	a.ExpectStatus(t, status)
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q: %s", got, a.Body)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", a.Header)
	}
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
		Errors                    []struct{ Field, Detail string }
	}
	if err := json.Unmarshal(a.Body, &p); err != nil {
		t.Fatalf("problem %s: %v", a.Body, err)
	}
	var named []string
	for _, e := range p.Errors {
		named = append(named, e.Field)
		if e.Detail == "" {
			t.Errorf("nothing is said of %s", e.Field)
		}
	}
	slices.Sort(named)
	slices.Sort(fields)
	if p.Type != "about:blank" || p.Title != http.StatusText(status) || p.Status != status || p.Code != code || !slices.Equal(named, fields) {
		t.Fatalf("problem %s, want %d %s with %v", a.Body, status, code, fields)
	}
	return a
}
