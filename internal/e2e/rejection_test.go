package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"golang.org/x/oauth2"
)

// varies lists the headers in which two answers to the same question differ.
var varies = []string{"Date", "X-Request-Id"}

// same demands that two answers cannot be told apart.
func same(t *testing.T, what string, got, want answer) {
	t.Helper()
	got.header, want.header = maps.Clone(got.header), maps.Clone(want.header)
	for _, name := range varies {
		got.header.Del(name)
		want.header.Del(name)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// TestRefusedLoginsLookAlike: nothing tells why a login was refused.
func TestRefusedLoginsLookAlike(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword, "--email", "alice@example.com")
	s.addUser(t, "mallory", "the right password")
	before := s.login(t, web, "mallory", "the right password")
	s.run(t, "", "user", "disable", "mallory")

	wrong := s.mustPost(t, "/oauth2/token", web, passwordForm(alice, "not the password"))
	wrong.refused(t, http.StatusBadRequest, "invalid_grant")
	for what, form := range map[string]url.Values{
		"unknown user":        passwordForm("nobody", "not the password"),
		"disabled user":       passwordForm("mallory", "the right password"),
		"disabled, wrong":     passwordForm("mallory", "not the password"),
		"wrong, by e-mail":    passwordForm("alice@example.com", "not the password"),
		"unknown e-mail":      passwordForm("nobody@example.com", "not the password"),
		"name nobody can own": passwordForm("no body", "not the password"),
	} {
		same(t, what, s.mustPost(t, "/oauth2/token", web, form), wrong)
	}
	s.mustPost(t, "/oauth2/token", web, refreshForm(before.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
	s.wantDead(t, web, before.AccessToken, before.RefreshToken)

	s.run(t, "", "user", "enable", "mallory")
	s.wantDead(t, web, before.AccessToken, before.RefreshToken) // enabling revives nothing
	s.login(t, web, "mallory", "the right password")
}

// TestRefusedLoginForForeignClient: x/oauth2 understands the refusal, however
// it authenticates.
func TestRefusedLoginForForeignClient(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword)
	ctx := contextWithClient(t, s)
	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "parameters": oauth2.AuthStyleInParams, "tried out": oauth2.AuthStyleAutoDetect} {
		config := oauth2.Config{ClientID: web.ID, ClientSecret: web.Secret, Endpoint: oauth2.Endpoint{TokenURL: s.issuer + "/oauth2/token", AuthStyle: style}}
		_, err := config.PasswordCredentialsToken(ctx, alice, "not the password")
		wantRefusal(t, err, "invalid_grant")
		if _, err := config.PasswordCredentialsToken(ctx, alice, alicePassword); err != nil {
			t.Errorf("%s: the right password after a wrong one: %v", name, err)
		}
	}
}

// TestRefusedClientsLookAlike: nothing tells whether a client exists.
func TestRefusedClientsLookAlike(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	machine, web := s.addMachine(t), s.addWeb(t)
	form := url.Values{"grant_type": {"client_credentials"}}
	wrong := s.mustPost(t, "/oauth2/token", credentials{machine.ID, web.Secret}, form)
	wrong.refused(t, http.StatusUnauthorized, "invalid_client")
	if got := wrong.header.Get("WWW-Authenticate"); got == "" {
		t.Error("401 without WWW-Authenticate")
	}
	same(t, "unknown client", s.mustPost(t, "/oauth2/token", credentials{"nobody", web.Secret}, form), wrong)
	s.mustPost(t, "/oauth2/token", machine, form).granted(t)
}
