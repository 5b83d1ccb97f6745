package e2e_test

import (
	"net/http"
	"testing"
)

// TestCommandsEndSessions: what an administrator does at the command line
// reaches the running server's sessions, and no others.
func TestCommandsEndSessions(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	resource := s.addResource(t)
	s.addUser(t, bob, bobPassword)
	web := s.addWeb(t)
	spared := s.login(t, web, bob, bobPassword)
	for name, end := range map[string]func(user, client, sid string){
		"set-password": func(user, _, _ string) {
			s.run(t, "another password\n", "user", "set-password", user, "--password-stdin")
		},
		"disable":        func(user, _, _ string) { s.run(t, "", "user", "disable", user) },
		"delete":         func(user, _, _ string) { s.run(t, "", "user", "delete", user, "--yes") },
		"revoke-session": func(_, _, sid string) { s.run(t, "", "session", "revoke", "--", sid) },
		"revoke-user":    func(user, _, _ string) { s.run(t, "", "session", "revoke", "--user", user) },
		"disable-client": func(_, client, _ string) { s.run(t, "", "client", "update", client, "--disabled=true") },
		"delete-client":  func(_, client, _ string) { s.run(t, "", "client", "delete", client, "--yes") },
	} {
		client := s.addClient(t, "for-"+name, "--grant", "password", "--grant", "refresh_token", "--scope", scope, "--audience", audience)
		s.addUser(t, name, alicePassword)
		doomed := s.login(t, client, name, alicePassword)
		sid, _ := s.introspect(t, resource, doomed.AccessToken)["sid"].(string)

		end(name, client.ID, sid)
		a := s.mustPost(t, "/oauth2/token", client, refreshForm(doomed.RefreshToken))
		if a.status != http.StatusBadRequest && a.status != http.StatusUnauthorized {
			t.Errorf("%s: the refresh answered %d %s", name, a.status, a.body)
		}
		s.wantDead(t, resource, doomed.AccessToken)
		s.wantActive(t, resource, spared.AccessToken)
		spared = s.refresh(t, web, spared.RefreshToken)
	}
}
