package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/checker"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

// openBeside opens the fleet's database beside the instances.
func (f *cluster) openBeside(t *testing.T) (store storage.Store) {
	t.Helper()
	var err error
	if path, file := strings.CutPrefix(f.store[1], "sqlite:"); file {
		store, err = sqlite.Open(t.Context(), path)
	} else {
		store, err = mongo.Open(t.Context(), f.store[1], time.Now, mongo.WithTimeout(waitTimeout))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// check has the independent checker look at the database and at every instance,
// which it also asks about the tokens. Where the audit log was emptied for the
// slow test server, it has nothing to say about that.
func (f *cluster) check(t *testing.T, forgotten bool, tokens ...string) {
	t.Helper()
	s := checker.Target{Store: f.openBeside(t), Now: time.Now(), Window: 91 * 24 * time.Hour, AuditTruncated: forgotten, Tokens: tokens}
	for _, node := range f.nodes {
		s.Instances = append(s.Instances, checker.Instance{
			JWKS: func() ([]byte, error) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, node.issuer+"/.well-known/jwks.json", nil)
				if err != nil {
					return nil, err
				}
				a, err := exchange(node.http, req)
				return []byte(a.body), err
			},
			Sign: func() (string, error) {
				a, err := node.post("/oauth2/token", f.machine, url.Values{"grant_type": {"client_credentials"}})
				if err != nil {
					return "", err
				}
				return a.granted(t).AccessToken, nil
			},
			Active: func(token string) bool {
				var answer struct{ Active bool }
				a, err := node.post("/oauth2/introspect", f.resource, url.Values{"token": {token}})
				if err != nil || a.status != http.StatusOK || json.Unmarshal([]byte(a.body), &answer) != nil {
					t.Errorf("introspection: %d %s, %v", a.status, a.body, err)
				}
				return answer.Active
			},
		})
	}
	found, err := checker.Check(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range found {
		t.Errorf("checker: rule %s", line)
	}
}
