package e2e_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"testing"
)

// foreignLibrary is golang.org/x/oauth2 and coreos/go-oidc in a process of its
// own: see runLibrary in the module in the folder go.
type foreignLibrary struct {
	*foreignRound
	server *server
}

// libraryCall is one use of the libraries.
type libraryCall struct {
	Use      string        `json:"use"`
	Client   foreignClient `json:"client"`
	Style    string        `json:"style,omitempty"` // of client authentication
	Scopes   []string      `json:"scopes,omitempty"`
	Username string        `json:"username,omitempty"`
	Password string        `json:"password,omitempty"`
	Token    string        `json:"token,omitempty"`
	Access   string        `json:"access_token,omitempty"` // that the ID token's at_hash is of
	Audience string        `json:"audience,omitempty"`
}

// libraryReply is what the library returned.
type libraryReply struct {
	tokens
	Type      string   `json:"token_type"`
	ExpiresIn int64    `json:"expires_in"`
	Subject   string   `json:"sub"`
	Email     string   `json:"email"`
	Nonce     string   `json:"nonce"`
	Issued    int64    `json:"iat"`
	Expires   int64    `json:"exp"`
	Grants    []string `json:"grant_types_supported"`
	Auth      []string `json:"token_endpoint_auth_methods_supported"`
}

// libraryError is the library's error. Code and Status are there where it
// understood an RFC 6749 §5.2 answer.
type libraryError struct {
	Text   string `json:"error"`
	Code   string `json:"code"`
	Status int    `json:"status"`
}

func (e *libraryError) Error() string { return e.Text }

// newLibrary starts the libraries for a server.
func newLibrary(t *testing.T, s *server) *foreignLibrary {
	t.Helper()
	return &foreignLibrary{startForeign(t, exec.Command(goClients(t), "library"), foreignSettings{Issuer: s.issuer}), s}
}

// call has the library do something, and keeps what it was given for the search
// for secrets.
func (l *foreignLibrary) call(t *testing.T, c libraryCall) (libraryReply, error) {
	t.Helper()
	l.reply(t, c)
	if !l.lines.Scan() {
		t.Fatalf("the Go clients are gone: %s", l.stderr)
	}
	var failure libraryError
	var reply libraryReply
	if err := errors.Join(json.Unmarshal(l.lines.Bytes(), &failure), json.Unmarshal(l.lines.Bytes(), &reply)); err != nil {
		t.Fatalf("the Go clients printed %q: %v", l.lines.Text(), err)
	}
	if failure.Text != "" {
		return libraryReply{}, &failure
	}
	l.server.wire.keep(reply.AccessToken, reply.RefreshToken, reply.IDToken)
	return reply, nil
}

// must is call where the library may not fail.
func (l *foreignLibrary) must(t *testing.T, c libraryCall) libraryReply {
	t.Helper()
	reply, err := l.call(t, c)
	if err != nil {
		t.Fatalf("%s: %v", c.Use, err)
	}
	return reply
}

func passwordCall(c credentials, username, password string) libraryCall {
	return libraryCall{Use: "password", Client: foreignClient(c), Username: username, Password: password}
}

func refreshCall(c credentials, token string) libraryCall {
	return libraryCall{Use: "refresh", Client: foreignClient(c), Token: token}
}

// wantRefusal demands an RFC 6749 §5.2 answer as x/oauth2 understands it.
func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	var refused *libraryError
	if !errors.As(err, &refused) || refused.Code != code || refused.Status != http.StatusBadRequest {
		t.Fatalf("got %v, want 400 %s", err, code)
	}
}
