package e2e_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestMasterKeyChange follows the steps of `signet keys reseal --help`: the
// signing keys stay the same, and no session is lost that is refreshed once
// while both master keys are accepted.
func TestMasterKeyChange(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.addUsers(t)
	s.start(t)
	web := s.addWeb(t)
	old, fresh := s.masterKey(), filepath.Join(s.dir, "new.key")
	writeMasterKey(t, fresh)
	first, idle := s.login(t, web, alice, alicePassword), s.login(t, web, bob, bobPassword)
	kid := header(t, first.AccessToken).KID

	s.flags = []string{"--next-master-key-file", fresh}
	s.restart(t)
	current := s.refresh(t, web, first.RefreshToken)

	s.flags = []string{"--master-key-file", fresh, "--previous-master-key-file", old}
	s.restart(t)
	current = s.refresh(t, web, current.RefreshToken)
	s.wantActive(t, web, first.AccessToken, current.AccessToken, current.RefreshToken, idle.RefreshToken)
	if out := s.run(t, "", append([]string{"keys", "reseal"}, s.flags...)...); !strings.Contains(out, "2 keys sealed under this master key, 0 were already") {
		t.Errorf("reseal said %q", out)
	}
	current = s.refresh(t, web, current.RefreshToken)
	if got := header(t, current.AccessToken).KID; got != kid {
		t.Errorf("signed by %s after the change, by %s before", got, kid)
	}

	s.flags = []string{"--master-key-file", fresh}
	s.restart(t)
	s.wantActive(t, web, first.AccessToken, current.AccessToken)
	s.refresh(t, web, current.RefreshToken)
	s.mustPost(t, "/oauth2/token", web, refreshForm(idle.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant") // it slept through the change
}
