package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// relyingParty is the back-channel logout URI of a client. Down, it answers 503.
type relyingParty struct {
	*httptest.Server
	mu   sync.Mutex
	down bool
	sids []string // of the logout tokens that were accepted
}

func newRelyingParty(t *testing.T) *relyingParty {
	rp := &relyingParty{}
	rp.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rp.mu.Lock()
		defer rp.mu.Unlock()
		if rp.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		rp.sids = append(rp.sids, sidOf(r.PostFormValue("logout_token")))
	}))
	t.Cleanup(rp.Close)
	return rp
}

func sidOf(token string) string {
	var claims struct {
		SessionID string `json:"sid"`
	}
	parts := append(strings.Split(token, "."), "")
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(payload, &claims)
	return claims.SessionID
}

func (rp *relyingParty) setDown(down bool) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	rp.down = down
}

func (rp *relyingParty) accepted() []string {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	return slices.Sorted(slices.Values(rp.sids))
}

// O14: a client hears of the end of a session within a second. While it is down its messages
// outlive kill -9; afterwards each is accepted once.
func TestBackchannelLogout_OutlivesClientAndServer(t *testing.T) {
	rp := newRelyingParty(t)
	s := startServer(t, "--keyring-refresh", "5s", "--status-ttl", "1m") // so that only the wake-up is fast
	s.addUser(t, "alice", "correct horse")
	web := s.addClient(t, "web", "--grant", "password", "--grant", "refresh_token", "--scope", "openid", "--backchannel-logout-uri", rp.URL)
	end := func(a tokens) string {
		s.mustPost(t, "/oauth2/revoke", web, url.Values{"token": {a.RefreshToken}})
		return sidOf(a.AccessToken)
	}
	begun := time.Now()
	want := []string{end(s.login(t, web, "alice", "correct horse"))}
	eventually(t, "the client to be told", func() bool { return slices.Equal(rp.accepted(), want) })
	took := time.Since(begun)
	t.Logf("told %s after the session began to end", took.Round(time.Millisecond))
	if took > 3*time.Second {
		t.Errorf("the client was told after %s", took)
	}

	rp.setDown(true)
	for range 3 {
		want = append(want, end(s.login(t, web, "alice", "correct horse")))
	}
	s.crash(t)
	time.Sleep(time.Second)
	s.crash(t)
	rp.setDown(false)
	slices.Sort(want)
	eventuallyWithin(t, time.Minute, "the client to be told of all", func() bool { return len(rp.accepted()) >= len(want) })
	s.stop(t)
	if got := rp.accepted(); !slices.Equal(got, want) {
		t.Errorf("accepted %v, want %v", got, want)
	}
}
