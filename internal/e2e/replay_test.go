package e2e_test

import (
	"net/http"
	"testing"
	"time"
)

// TestReplayInsideTheWindow: a client that lost the answer asks again, with
// x/oauth2 or without, also after a crash, and gets the same successor.
func TestReplayInsideTheWindow(t *testing.T) {
	long(t)
	t.Parallel()
	s := startServer(t)
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword)
	first := s.login(t, web, alice, alicePassword)
	second := s.refresh(t, web, first.RefreshToken)

	again := newLibrary(t, s).must(t, refreshCall(web, first.RefreshToken))
	if again.RefreshToken != second.RefreshToken {
		t.Error("the replay gave another successor")
	}
	if again.AccessToken == second.AccessToken {
		t.Error("the replay gave the same access token")
	}
	s.crash(t)
	if afterCrash := s.refresh(t, web, first.RefreshToken); afterCrash.RefreshToken != second.RefreshToken {
		t.Error("the replay after the crash gave another successor")
	}
	s.wantActive(t, web, first.AccessToken, second.AccessToken, second.RefreshToken, again.AccessToken)
	s.refresh(t, web, second.RefreshToken)
}

// TestReplayAfterTheWindow polls with the old token: it gets the same successor
// until the window is over, and then has ended the session.
func TestReplayAfterTheWindow(t *testing.T) {
	long(t)
	t.Parallel()
	s := startServer(t, "--refresh-grace", "2s")
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword)
	first := s.login(t, web, alice, alicePassword)
	bystander := s.login(t, web, alice, alicePassword)
	second := s.refresh(t, web, first.RefreshToken)
	var repeats int
	eventually(t, "the window to close", func() bool {
		a := s.mustPost(t, "/oauth2/token", web, refreshForm(first.RefreshToken))
		if a.status != http.StatusOK {
			a.refused(t, http.StatusBadRequest, "invalid_grant")
			return true
		}
		repeats++
		if got := a.granted(t); got.RefreshToken != second.RefreshToken {
			t.Fatal("a replay inside the window gave another successor")
		}
		time.Sleep(50 * time.Millisecond) // an answer is given again only so often
		return false
	})
	if repeats == 0 {
		t.Error("the window was never open")
	}
	s.mustPost(t, "/oauth2/token", web, refreshForm(second.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
	s.wantDead(t, web, first.AccessToken, second.AccessToken, second.RefreshToken)
	s.refresh(t, web, bystander.RefreshToken) // the user's other session lives
}

// TestReplayOfAnOlderToken: two generations back is no retry, also not inside
// the window, and not for a server that was killed in between.
func TestReplayOfAnOlderToken(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword)
	first := s.login(t, web, alice, alicePassword)
	second := s.refresh(t, web, first.RefreshToken)
	third := s.refresh(t, web, second.RefreshToken)
	s.crash(t)
	s.mustPost(t, "/oauth2/token", web, refreshForm(first.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
	for _, token := range []string{third.RefreshToken, second.RefreshToken} {
		s.mustPost(t, "/oauth2/token", web, refreshForm(token)).refused(t, http.StatusBadRequest, "invalid_grant")
	}
	s.wantDead(t, web, first.AccessToken, third.AccessToken, third.RefreshToken)
}

// TestStrictSingleUse: without a window a token works once.
func TestStrictSingleUse(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--refresh-grace", "0")
	web := s.addWeb(t)
	s.addUser(t, alice, alicePassword)
	first := s.login(t, web, alice, alicePassword)
	second := s.refresh(t, web, first.RefreshToken)
	s.mustPost(t, "/oauth2/token", web, refreshForm(first.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
	s.wantDead(t, web, second.AccessToken, second.RefreshToken)
}

// TestForgedAndForeignTokensEndNothing: whoever does not hold the session
// cannot end it either.
func TestForgedAndForeignTokensEndNothing(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	web := s.addWeb(t)
	other := s.addClient(t, "other", "--grant", "refresh_token", "--scope", scope, "--audience", audience)
	s.addUser(t, alice, alicePassword)
	first := s.login(t, web, alice, alicePassword)
	token := first.RefreshToken
	flipped := token[:len(token)-1] + map[bool]string{true: "B", false: "A"}[token[len(token)-1] == 'A']
	for _, forged := range []string{flipped, token + "A", token[:len(token)-4], "sgr_", first.AccessToken} {
		s.mustPost(t, "/oauth2/token", web, refreshForm(forged)).refused(t, http.StatusBadRequest, "invalid_grant")
	}
	s.mustPost(t, "/oauth2/token", other, refreshForm(token)).refused(t, http.StatusBadRequest, "invalid_grant")
	s.revoke(t, other, token)
	s.wantActive(t, web, first.AccessToken, token)
	s.refresh(t, web, token)
}
