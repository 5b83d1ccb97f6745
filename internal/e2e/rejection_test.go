package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"testing"
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
	long(t)
	t.Parallel()
	s := startServer(t)
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword)
	library := newLibrary(t, s)
	for _, style := range []string{"header", "parameters", "tried out"} {
		wrong, right := passwordCall(web, alice, "not the password"), passwordCall(web, alice, alicePassword)
		wrong.Style, right.Style = style, style
		_, err := library.call(t, wrong)
		wantRefusal(t, err, "invalid_grant")
		if _, err := library.call(t, right); err != nil {
			t.Errorf("%s: the right password after a wrong one: %v", style, err)
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
