package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func machineForm() url.Values { return url.Values{"grant_type": {"client_credentials"}} }

func tokenForm(token string) url.Values { return url.Values{"token": {token}} }

// failedChecks are what a health check names.
func failedChecks(t *testing.T, a answer) []string {
	t.Helper()
	var health struct{ Fault []string }
	if err := json.Unmarshal([]byte(a.body), &health); err != nil {
		t.Errorf("health check %s: %v", a.body, err)
	}
	return health.Fault
}

// probe is a request whose answer hangs on the store.
type probe struct {
	name    string
	send    func() (answer, error)
	healthy func(answer) bool // when nothing is the matter
	cached  bool              // for a while it needs no store: what was read of the client is still good
}

// probes are the requests that an instance must not decide without the store.
// The tokens are for them alone; a revocation that is carried out ends the last.
func (f *cluster) probes(node *server, user string, held, doomed tokens, machine string) []probe {
	post := func(path string, c credentials, form url.Values) func() (answer, error) {
		return func() (answer, error) { return node.post(path, c, form) }
	}
	nobody := credentials{ID: "nobody", Secret: strings.Repeat("s", 43)}
	wrong := credentials{ID: f.web.ID, Secret: strings.Repeat("s", 43)}
	return []probe{
		{name: "password grant", send: post("/oauth2/token", f.web, passwordForm(user, alicePassword)), healthy: says("access_token")},
		{name: "client_credentials grant", send: post("/oauth2/token", f.machine, machineForm()), healthy: says("access_token"), cached: true},
		{name: "introspection of an access token", send: post("/oauth2/introspect", f.resource, tokenForm(held.AccessToken)), healthy: says(`"active":true`)},
		{name: "introspection of a refresh token", send: post("/oauth2/introspect", f.web, tokenForm(held.RefreshToken)), healthy: says(`"active":true`)},
		{name: "introspection of a client's token", send: post("/oauth2/introspect", f.resource, tokenForm(machine)), healthy: says(`"active":true`)},
		{name: "revocation", send: post("/oauth2/revoke", f.web, tokenForm(doomed.RefreshToken)), healthy: says("{}")},
		{name: "userinfo", send: func() (answer, error) { return node.userinfo(held.AccessToken) }, healthy: says(`"sub"`)},
		{name: "an unknown client", send: post("/oauth2/token", nobody, machineForm()), healthy: refuses("invalid_client")},
		{name: "a wrong secret", send: post("/oauth2/introspect", wrong, tokenForm(held.AccessToken)), healthy: refuses("invalid_client")},
	}
}

func says(text string) func(answer) bool {
	return func(a answer) bool { return a.status == http.StatusOK && strings.Contains(a.body, text) }
}

func refuses(code string) func(answer) bool {
	return func(a answer) bool {
		return a.status == http.StatusUnauthorized && strings.Contains(a.body, `"`+code+`"`)
	}
}

// userinfo asks with a bearer token (OpenID Connect Core §5.3).
func (s *server) userinfo(token string) (answer, error) {
	req, err := http.NewRequest(http.MethodGet, s.issuer+"/oauth2/userinfo", nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return s.do(req)
}

// fetch gets a document.
func (s *server) fetch(path string) (answer, error) {
	req, err := http.NewRequest(http.MethodGet, s.issuer+path, nil)
	if err != nil {
		return answer{}, err
	}
	return s.do(req)
}

func (s *server) do(req *http.Request) (answer, error) {
	res, err := s.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}
