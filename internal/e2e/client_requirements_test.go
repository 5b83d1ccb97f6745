package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// requirement is something that Signet does because clients stop without it, mostly
// in silence: see docs/interoperability.md.
type requirement struct {
	without string
	// path of the answers that are changed; all members of a JSON answer may be.
	path  string
	alter func(a *alteredResponse)
	// stops are the rounds that then stop, by the check that fails.
	stops map[string]string
}

// alteredResponse is an answer on its way to the client.
type alteredResponse struct {
	*http.Response
	json map[string]any
}

const (
	discoveryPath = "/.well-known/openid-configuration"
	tokenPath     = "/oauth2/token"
	revokePath    = "/oauth2/revoke"
)

// removeMember removes a member of the JSON answer.
func removeMember(name string) func(*alteredResponse) {
	return func(a *alteredResponse) { delete(a.json, name) }
}

// removeKeyMember removes a member of every key of a JWK Set.
func removeKeyMember(name string) func(*alteredResponse) {
	return func(a *alteredResponse) {
		keys, _ := a.json["keys"].([]any)
		for _, key := range keys {
			delete(key.(map[string]any), name)
		}
	}
}

// granted changes the successful answers of the token endpoint.
func granted(change func(a *alteredResponse)) func(*alteredResponse) {
	return func(a *alteredResponse) {
		if a.StatusCode == http.StatusOK {
			change(a)
		}
	}
}

func plainText(a *alteredResponse) { a.Header.Set("Content-Type", "text/plain") }

// In the rounds oauth4webapi and jose are round.mjs, openid-client and
// express-oauth2-jwt-bearer libraries.mjs, zitadel/oidc, x/oauth2 and jwx go.
var requirements = []requirement{
	{"issuer as configured", discoveryPath, func(a *alteredResponse) {
		a.json["issuer"] = strings.Replace(a.json["issuer"].(string), "127.0.0.1", "localhost", 1)
	}, map[string]string{"round.mjs": "discovery", "libraries.mjs": "openid-client: discovery", "go": "zitadel/oidc: discovery"}},
	{"issuer without a slash at its end", discoveryPath, func(a *alteredResponse) {
		a.json["issuer"] = a.json["issuer"].(string) + "/"
	}, map[string]string{"go": "zitadel/oidc: discovery"}},
	{"jwks_uri", discoveryPath, removeMember("jwks_uri"), map[string]string{"libraries.mjs": "express-oauth2-jwt-bearer: accepts", "go": "zitadel/oidc: password"}},
	{"introspection_endpoint", discoveryPath, removeMember("introspection_endpoint"), map[string]string{"libraries.mjs": "openid-client: introspection", "go": "zitadel/oidc: introspection"}},
	{"revocation_endpoint", discoveryPath, removeMember("revocation_endpoint"), map[string]string{"libraries.mjs": "openid-client: revocation", "go": "zitadel/oidc: revocation"}},

	{"alg in a JWK", jwksPath, removeKeyMember("alg"), map[string]string{"go": "zitadel/oidc: client credentials"}},
	{"kid in a JWK", jwksPath, removeKeyMember("kid"), map[string]string{
		"round.mjs": "client credentials, basic", "libraries.mjs": "express-oauth2-jwt-bearer: accepts", "round.py": "requests-oauthlib: password", "go": "zitadel/oidc: password",
	}},

	{"token_type", tokenPath, granted(removeMember("token_type")), map[string]string{"round.mjs": "client credentials, basic", "libraries.mjs": "openid-client: password"}},
	{"expires_in as a number", tokenPath, granted(func(a *alteredResponse) { a.json["expires_in"] = "900" }), map[string]string{"go": "zitadel/oidc: refresh"}},
	{"the scope that was asked for", tokenPath, granted(func(a *alteredResponse) { a.json["scope"] = "openid" }), map[string]string{"round.py": "requests-oauthlib: password"}},
	{"application/json", tokenPath, granted(plainText), map[string]string{"go": "zitadel/oidc: password"}},
	{"400 for a refused login", tokenPath, func(a *alteredResponse) {
		if a.StatusCode == http.StatusBadRequest {
			a.StatusCode = http.StatusUnauthorized
			a.Header.Set("WWW-Authenticate", `Basic realm="signet"`)
		}
	}, map[string]string{"round.mjs": "refused logins", "libraries.mjs": "openid-client: refusals"}},
	{"200 for a revocation", revokePath, func(a *alteredResponse) {
		a.StatusCode, a.json = http.StatusNoContent, nil
	}, map[string]string{"libraries.mjs": "openid-client: revocation", "go": "zitadel/oidc: revocation"}},
}

// foreignRounds are the rounds of which some stop.
func foreignRounds(t *testing.T) map[string]func() *exec.Cmd {
	t.Helper()
	node, python, clients := requireNode(t), requirePython(t), goClients(t)
	in := func(folder, name string, args ...string) func() *exec.Cmd {
		return func() *exec.Cmd {
			cmd := exec.Command(name, args...)
			cmd.Dir = folder
			return cmd
		}
	}
	return map[string]func() *exec.Cmd{
		"round.mjs": in("node", node, "round.mjs"), "libraries.mjs": in("node", node, "libraries.mjs"),
		"round.py": in("python", python, "round.py"), "go": in(".", clients, "round"),
	}
}

// TestForeignClientRequirements takes one thing at a time away from the server's answers,
// and sees who stops.
func TestForeignClientRequirements(t *testing.T) {
	long(t)
	if os.Getenv("SIGNET_TEST_SLOW") == "" {
		t.Skip("SIGNET_TEST_SLOW=1 takes one thing at a time away from what foreign clients are answered")
	}
	rounds := foreignRounds(t)
	var now atomic.Pointer[requirement]
	s, settings := newForeign(t, func(s *server) { s.issuer = newAltering(t, s.address, &now).URL })
	for _, d := range requirements {
		t.Run(d.without, func(t *testing.T) {
			now.Store(&d)
			defer now.Store(nil)
			for name, want := range d.stops {
				if got := s.stopsAt(t, rounds[name](), settings); got != want {
					t.Errorf("%s stops at %q, want %q", name, got, want)
				}
			}
		})
	}
}

// newAltering is a proxy before the server that alters its answers.
func newAltering(t *testing.T, address string, now *atomic.Pointer[requirement]) *httptest.Server {
	t.Helper()
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: address}) },
		ErrorLog: log.New(io.Discard, "", 0), // of the time before the server is up
		ModifyResponse: func(res *http.Response) error {
			d := now.Load()
			if d == nil || res.Request.URL.Path != d.path {
				return nil
			}
			return alter(res, d)
		},
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front
}

func alter(res *http.Response, d *requirement) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	a := &alteredResponse{res, nil}
	if err := json.Unmarshal(body, &a.json); err != nil {
		return err
	}
	d.alter(a)
	body = nil
	if a.json != nil {
		if body, err = json.Marshal(a.json); err != nil {
			return err
		}
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// stopsAt plays a round and returns the check that fails, or the empty string.
func (s *server) stopsAt(t *testing.T, cmd *exec.Cmd, settings foreignSettings) string {
	t.Helper()
	r := startForeign(t, cmd, settings)
	failed := ""
	for r.lines.Scan() {
		var line foreignLine
		if err := json.Unmarshal(r.lines.Bytes(), &line); err != nil {
			t.Fatalf("the round printed %q: %v", r.lines.Text(), err)
		}
		if line.Error != "" {
			t.Logf("%s: %s", line.Check, line.Error)
			failed = line.Check
		}
		if line.Ask != "" {
			r.reply(t, s.perform(t, line.Ask, credentials(settings.Machine)))
		}
	}
	if r.child.wait(t) != 0 && failed == "" {
		return "outside of a check: " + strings.TrimSpace(tail(r.stderr.String(), 300))
	}
	return failed
}
