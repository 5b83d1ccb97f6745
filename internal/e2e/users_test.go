package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
)

// The names that the tests use. items:write is guarded by the role editor,
// which alice holds and bob does not.
const (
	audience = "https://api.example.com"
	scope    = "openid profile email items:read items:write"

	alice         = "alice"
	alicePassword = "correct horse battery"
	bob           = "bob"
	bobPassword   = "staple of the trade"
)

// addUser creates a user by the command line.
func (s *server) addUser(t *testing.T, name, password string, args ...string) {
	t.Helper()
	s.wire.keep(password)
	s.run(t, password+"\n", append([]string{"user", "create", name, "--password-stdin"}, args...)...)
}

// addClient creates a client by the command line and returns its credentials.
func (s *server) addClient(t *testing.T, id string, args ...string) credentials {
	t.Helper()
	var c credentials
	s.decode(t, &c, append([]string{"client", "create", id}, args...)...)
	if c.ID != id || len(c.Secret) < 43 {
		t.Fatalf("client create %s printed the id %q and a secret of %d characters", id, c.ID, len(c.Secret))
	}
	s.wire.keep(c.Secret)
	return c
}

// decode runs a command with --output json and reads what it prints.
func (s *server) decode(t *testing.T, into any, args ...string) {
	t.Helper()
	out := s.run(t, "", append(args, "--output", "json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("signet %v printed %q: %v", args, out, err)
	}
}

// addWeb creates the client that people log in with.
func (s *server) addWeb(t *testing.T) credentials {
	t.Helper()
	return s.addClient(t, "web", "--grant", "password", "--grant", "refresh_token", "--scope", scope, "--audience", audience)
}

// addMachine creates a client that works on its own behalf.
func (s *server) addMachine(t *testing.T) credentials {
	t.Helper()
	return s.addClient(t, "machine", "--grant", "client_credentials", "--scope", "items:read items:write", "--audience", audience)
}

// addResource creates the API's own client, for introspection.
func (s *server) addResource(t *testing.T) credentials {
	t.Helper()
	return s.addClient(t, "items-api", "--resource", audience)
}

// addUsers creates the role, alice and bob.
func (s *server) addUsers(t *testing.T) {
	t.Helper()
	s.run(t, "", "role", "create", "editor", "--scope", "items:write", "--rank", "10")
	s.addUser(t, alice, alicePassword, "--email", "alice@example.com", "--role", "editor")
	s.addUser(t, bob, bobPassword, "--email", "bob@example.com")
}

// login takes the first tokens of a session.
func (s *server) login(t *testing.T, c credentials, name, password string) tokens {
	t.Helper()
	return s.mustPost(t, "/oauth2/token", c, passwordForm(name, password)).granted(t)
}

// refresh takes the next tokens of a session.
func (s *server) refresh(t *testing.T, c credentials, token string) tokens {
	t.Helper()
	return s.mustPost(t, "/oauth2/token", c, refreshForm(token)).granted(t)
}

// revoke ends a token (RFC 7009).
func (s *server) revoke(t *testing.T, c credentials, token string) {
	t.Helper()
	if a := s.mustPost(t, "/oauth2/revoke", c, url.Values{"token": {token}}); a.status != http.StatusOK {
		t.Fatalf("revocation answered %d %s", a.status, a.body)
	}
}
