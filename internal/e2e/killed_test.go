package e2e_test

import (
	"encoding/base64"
	words "encoding/binary"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"example.org/signet/internal/failpoint"
	"example.org/signet/internal/mongotest"
)

// TestKilledAtFailpoints: an instance is killed at every step of a refresh, a
// login, a revocation and a change of a user, with no clean-up, and started
// again. Whoever repeats what got no answer finds things in order (X01, X03).
func TestKilledAtFailpoints(t *testing.T) {
	long(t)
	t.Parallel()
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newCrashTest(t, uri(t))
			for _, p := range []failpoint.Point{
				failpoint.RefreshUpdating, failpoint.RefreshUpdated, failpoint.RefreshRead, failpoint.TokenSigning, failpoint.TokenAnswering,
			} {
				t.Run("refresh, at "+string(p), func(t *testing.T) { k.refresh(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.LoginInserting, failpoint.LoginInserted} {
				t.Run("login, at "+string(p), func(t *testing.T) { k.login(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.ReuseRevoking, failpoint.ReuseRevoked} {
				t.Run("reuse, at "+string(p), func(t *testing.T) { k.reuse(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.RevokeUpdating, failpoint.RevokeUpdated} {
				t.Run("revocation, at "+string(p), func(t *testing.T) { k.revoke(t, p) })
			}
			k.users(t)
			k.check(t, false)
			t.Logf("%d kills, %d chains went on, %d of their requests had got no answer", k.kills, k.went, k.lost)
		})
	}
}

// stores are the databases that processes can share.
var stores = map[string]func(t *testing.T) string{
	"SQLite":  func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "signet.db") },
	"MongoDB": func(t *testing.T) string { return mongotest.Start(t).URI() },
}

// crashTest is one instance that is killed again and again.
type crashTest struct {
	*cluster
	node              *server
	kills, went, lost int
}

// crashFlags is what instances need whose tests do not depend on time: the longest
// window, for a machine that is busy, and keys that are quickly made.
var crashFlags = []string{"--refresh-grace", "5m", "--signing-alg", "ES256", "--drain-delay", "0s"}

func newCrashTest(t *testing.T, uri string) *crashTest {
	t.Helper()
	f := newCluster(t, uri, []string{uri}, crashFlags...)
	f.launch(t)
	f.seed(t)
	return &crashTest{cluster: f, node: f.nodes[0]}
}

// dies gives the instance a life in which it dies at the point, does what leads
// there, and starts a normal life when it is dead.
func (k *crashTest) dies(t *testing.T, p failpoint.Point, hit int, do func()) {
	t.Helper()
	k.node.stop(t)
	k.node.points = fmt.Sprintf("%s=kill@%d", p, hit)
	k.node.launch(t)
	k.node.waitReady(t)
	do()
	if code := k.node.child.wait(t); code != -1 {
		t.Fatalf("exit code %d at %s, want to be killed", code, p)
	}
	k.kills++
	k.node.points = ""
	k.node.launch(t)
	k.node.waitReady(t)
}

// unanswered sends what kills the instance.
func (k *crashTest) unanswered(t *testing.T, path string, c credentials, form map[string][]string) {
	t.Helper()
	if a, err := k.node.post(path, c, form); err == nil {
		t.Fatalf("answer %d %s of an instance that should be dead", a.status, a.body)
	}
	k.lost++
}

// tokenChain is a session and its client, who keeps every refresh token they ever had.
type tokenChain struct {
	newest tokens
	all    []string
}

func (l *tokenChain) append(next tokens) { l.newest, l.all = next, append(l.all, next.RefreshToken) }

// chain logs in and refreshes twice, so that there is something to reuse.
func (k *crashTest) chain(t *testing.T) *tokenChain {
	t.Helper()
	l := &tokenChain{}
	l.append(k.node.login(t, k.web, alice, alicePassword))
	for range 2 {
		l.append(k.node.refresh(t, k.web, l.newest.RefreshToken))
	}
	return l
}

// refresh kills the instance in the middle of several chains.
func (k *crashTest) refresh(t *testing.T, p failpoint.Point) {
	links := make([]*tokenChain, 4)
	for n := range links {
		links[n] = k.chain(t)
	}
	var going sync.WaitGroup
	lost := make([]int, len(links))
	k.dies(t, p, 6, func() {
		for n, l := range links {
			going.Go(func() { lost[n] = k.untilDead(t, l) })
		}
		going.Wait()
	})
	for n, l := range links {
		k.lost += lost[n]
		k.goesOn(t, l)
	}
	k.reused(t, links[0])
	for _, l := range links[1:] {
		k.node.wantActive(t, k.web, l.newest.RefreshToken, l.newest.AccessToken)
	}
}

// untilDead refreshes until there is no answer.
func (k *crashTest) untilDead(t *testing.T, l *tokenChain) (lost int) {
	for {
		a, err := k.node.post("/oauth2/token", k.web, refreshForm(l.newest.RefreshToken))
		switch {
		case err != nil:
			return 1
		case a.undecided():
			continue
		}
		next, err := a.decode()
		if err != nil {
			t.Errorf("a false logout: %v", err)
			return 0
		}
		l.append(next)
	}
}

// goesOn demands that the token a client holds, presented once more, gives its
// successor, whether the update had been made or not, and that nothing but this
// successor lives.
func (k *crashTest) goesOn(t *testing.T, l *tokenChain) {
	t.Helper()
	held := l.newest
	l.append(k.node.refresh(t, k.web, held.RefreshToken))
	if got, want := generation(t, l.newest.RefreshToken), generation(t, held.RefreshToken)+1; got != want {
		t.Errorf("generation %d after the retry, want %d", got, want)
	}
	k.node.wantActive(t, k.web, l.newest.RefreshToken, l.newest.AccessToken)
	k.node.wantDead(t, k.web, l.all[:len(l.all)-1]...)
	l.append(k.node.refresh(t, k.web, l.newest.RefreshToken))
	k.went++
}

// reused presents the oldest token of a chain, which must end it.
func (k *crashTest) reused(t *testing.T, l *tokenChain) {
	t.Helper()
	k.node.mustPost(t, "/oauth2/token", k.web, refreshForm(l.all[0])).refused(t, http.StatusBadRequest, "invalid_grant")
	k.dead(t, l)
}

func (k *crashTest) dead(t *testing.T, l *tokenChain) {
	t.Helper()
	k.node.wantDead(t, k.web, append([]string{l.newest.AccessToken}, l.all...)...)
	k.node.mustPost(t, "/oauth2/token", k.web, refreshForm(l.newest.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
}

// generation reads which of its session's refresh tokens this is.
func generation(t *testing.T, token string) uint32 {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(token[len("sgr_"):])
	if err != nil || len(raw) < 21 {
		t.Fatalf("a refresh token of %d bytes: %v", len(raw), err)
	}
	return words.BigEndian.Uint32(raw[17:])
}

func (k *crashTest) login(t *testing.T, p failpoint.Point) {
	bystander := k.chain(t)
	k.dies(t, p, 1, func() { k.unanswered(t, "/oauth2/token", k.web, passwordForm(alice, alicePassword)) })
	k.goesOn(t, k.chain(t))
	k.goesOn(t, bystander)
}

// reuse kills the instance when it has understood that a token is reused. The
// thief's next try, or the one that got no answer, ends the session.
func (k *crashTest) reuse(t *testing.T, p failpoint.Point) {
	l, bystander := k.chain(t), k.chain(t)
	k.dies(t, p, 1, func() { k.unanswered(t, "/oauth2/token", k.web, refreshForm(l.all[0])) })
	if p == failpoint.ReuseRevoking { // nothing has happened yet
		k.goesOn(t, l)
	}
	k.reused(t, l)
	k.goesOn(t, bystander)
}

func (k *crashTest) revoke(t *testing.T, p failpoint.Point) {
	l, bystander := k.chain(t), k.chain(t)
	k.dies(t, p, 1, func() { k.unanswered(t, "/oauth2/revoke", k.web, tokenForm(l.newest.AccessToken)) })
	if p == failpoint.RevokeUpdating {
		k.node.wantActive(t, k.web, l.newest.RefreshToken, l.newest.AccessToken)
	}
	k.node.revoke(t, k.web, l.newest.AccessToken)
	k.dead(t, l)
	k.goesOn(t, bystander)
}
