package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
)

// TestClusterSharesState: whatever one instance does, the others know at once,
// with nothing but the database between them.
func TestClusterSharesState(t *testing.T) {
	long(t)
	t.Parallel()
	f := startCluster(t, mongotest.Start(t).URI())
	t.Run("race", f.racedRefreshHasOneSuccessor)
	t.Run("replay", f.reuseIsDetectedElsewhere)
	t.Run("revocation", f.revokedHereIsDeadThere)
	t.Run("lockout", f.failuresAreCountedTogether)
	t.Run("rotation", f.rotationReachesAll)
	f.balancer.wantShared(t)
}

// from returns the nodes, beginning with the n-th: three ways to play a round.
func (f *cluster) from(n int) (a, b, c *server) {
	at := func(k int) *server { return f.nodes[(n+k)%len(f.nodes)] }
	return at(0), at(1), at(2)
}

// truncateAfter forgets earlier rounds now and then.
func (f *cluster) truncateAfter(t *testing.T, round int) {
	t.Helper()
	if round%25 == 0 {
		f.truncate(t, "sessions", "audit")
	}
}

// revokedHereIsDeadThere: a session goes from instance to instance, and once
// its end is answered, no instance holds any of its tokens for live. Every
// second round leaves the choice of instances to the balancer.
func (f *cluster) revokedHereIsDeadThere(t *testing.T) {
	rounds, begin := often(200, 1000), time.Now()
	var latest time.Duration
	for n := range rounds {
		f.truncateAfter(t, n)
		a, b, c := f.from(n)
		judges := f.nodes
		if n%2 == 1 {
			a, b, c, judges = f.front, f.front, f.front, []*server{f.front, f.front, f.front}
		}
		first := a.login(t, f.web, alice, alicePassword)
		second := b.refresh(t, f.web, first.RefreshToken)
		if n%4 < 2 { // before, it is live everywhere
			each(judges, func(s *server) { s.wantActive(t, f.resource, second.AccessToken) })
		}
		c.revoke(t, f.web, []string{second.RefreshToken, second.AccessToken}[n/2%2])
		revoked := time.Now()
		each(judges, func(s *server) { s.wantDead(t, f.resource, second.AccessToken) })
		latest = max(latest, time.Since(revoked))
		a.wantDead(t, f.web, second.RefreshToken)
		if t.Failed() {
			t.Fatalf("round %d of %d", n+1, rounds)
		}
	}
	t.Logf("%d rounds in %s; all instances had said inactive within %s of a revocation", rounds, time.Since(begin).Round(time.Millisecond), latest.Round(time.Millisecond))
}

// each asks all servers at once.
func each(servers []*server, ask func(*server)) {
	var asking sync.WaitGroup
	for _, s := range servers {
		asking.Go(func() { ask(s) })
	}
	asking.Wait()
}

// reuseIsDetectedElsewhere: a token that was rotated twice on one instance ends
// the session when another instance sees it within a tenth of a second; the
// direct predecessor is a retry there too.
func (f *cluster) reuseIsDetectedElsewhere(t *testing.T) {
	var latest time.Duration
	rounds, inTime := often(20, 100), 0
	for n := range rounds {
		f.truncateAfter(t, n)
		a, b, c := f.from(n)
		first := a.login(t, f.web, alice, alicePassword)
		second := a.refresh(t, f.web, first.RefreshToken)
		if again := b.refresh(t, f.web, first.RefreshToken); again.RefreshToken != second.RefreshToken {
			t.Fatal("a retry on another instance gave another successor")
		}
		third := a.refresh(t, f.web, second.RefreshToken)
		rotated := time.Now()
		each([]*server{b, c}, func(s *server) {
			got, err := s.post("/oauth2/token", f.web, refreshForm(first.RefreshToken))
			if err != nil || got.status != http.StatusBadRequest || !strings.Contains(got.body, `"invalid_grant"`) {
				t.Errorf("an older token elsewhere: %d %s, %v", got.status, got.body, err)
			}
		})
		took := time.Since(rotated)
		if latest = max(latest, took); took < 100*time.Millisecond {
			inTime++
		}
		each(f.nodes, func(s *server) { s.wantDead(t, f.web, third.AccessToken, third.RefreshToken) })
		if t.Failed() {
			t.Fatalf("round %d of %d", n+1, rounds)
		}
	}
	t.Logf("%d rounds, %d of them with both replays answered within 100 ms of the rotation, the latest after %s", rounds, inTime, latest.Round(time.Millisecond))
}

// uses is how often one token is used at once.
const uses = 50

// racedRefreshHasOneSuccessor: one token used many times over at all instances
// at once has one successor, which everybody gets, and the session lives.
func (f *cluster) racedRefreshHasOneSuccessor(t *testing.T) {
	rounds, begin, undecided := often(20, 200), time.Now(), 0
	for n := range rounds {
		f.truncateAfter(t, n)
		first := f.front.login(t, f.web, alice, alicePassword)
		answers, repeated := f.useAtOnce(t, first.RefreshToken)
		undecided += repeated
		var last tokens
		successors := map[string]bool{}
		for _, a := range answers {
			last = a.granted(t)
			successors[last.RefreshToken] = true
		}
		if len(successors) != 1 || successors[first.RefreshToken] {
			t.Fatalf("round %d: %d successors", n+1, len(successors))
		}
		each(f.nodes, func(s *server) { s.wantActive(t, f.web, last.AccessToken, last.RefreshToken) })
		f.front.refresh(t, f.web, last.RefreshToken)
	}
	wantFew(t, undecided, rounds*uses)
	t.Logf("%d rounds of %d uses in %s, %d uses answered 503 at first", rounds, uses, time.Since(begin).Round(time.Millisecond), undecided)
}

// wantFew demands that most requests were answered at once. How many a busy
// machine could not answer in time says nothing about what was decided.
func wantFew(t *testing.T, undecided, requests int) {
	t.Helper()
	if undecided*2 > requests {
		t.Errorf("%d of %d requests were answered 503", undecided, requests)
	}
}

// useAtOnce uses a refresh token at all instances at once. On a machine that is
// too busy the answer may be 503: then it is asked for again.
func (f *cluster) useAtOnce(t *testing.T, token string) (answers []answer, undecided int) {
	t.Helper()
	answers, errs := make([]answer, uses), make([]error, uses)
	var racing sync.WaitGroup
	var repeated atomic.Int64
	start := make(chan struct{})
	for i := range uses {
		racing.Go(func() {
			<-start
			for again := true; again; {
				answers[i], errs[i] = f.nodes[i%len(f.nodes)].post("/oauth2/token", f.web, refreshForm(token))
				if again = answers[i].undecided(); again {
					repeated.Add(1)
				}
			}
		})
	}
	close(start)
	racing.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("use %d: %v", i+1, err)
		}
	}
	return answers, int(repeated.Load())
}

// undecided tells whether an answer is 503, and says when to ask again.
func (a answer) undecided() bool {
	return a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != ""
}

// failuresAreCountedTogether: a guesser gains nothing by going from instance to
// instance.
func (f *cluster) failuresAreCountedTogether(t *testing.T) {
	const allowed = 10 // wrong passwords of one account from one network
	for n := range allowed {
		a, _, _ := f.from(n)
		a.mustPost(t, "/oauth2/token", f.web, passwordForm(bob, "a wrong guess")).refused(t, http.StatusBadRequest, "invalid_grant")
	}
	for _, node := range f.nodes {
		a := node.mustPost(t, "/oauth2/token", f.web, passwordForm(bob, bobPassword))
		a.refused(t, http.StatusTooManyRequests, "temporarily_unavailable")
	}
}

// rotationReachesAll: what a command does to the keys, every running instance
// publishes and signs with, within --keyring-refresh.
func (f *cluster) rotationReachesAll(t *testing.T) {
	old := f.front.signingKID(t, f.machine)
	for n, node := range f.nodes {
		if !node.ready() {
			t.Errorf("instance %d is not ready", n)
		}
		if kid := node.signingKID(t, f.machine); kid != old {
			t.Errorf("instance %d signs with %s, another with %s", n, kid, old)
		}
	}
	var did struct {
		Activates  string    `json:"activates"`
		NewStandby string    `json:"new_standby"`
		At         time.Time `json:"at"`
	}
	f.front.decode(t, &did, append([]string{"keys", "rotate", "--now"}, f.store...)...)
	took := make([]time.Duration, len(f.nodes))
	for n, node := range f.nodes {
		eventually(t, "an instance to take over the rotation", func() bool {
			return node.publishes(t, did.NewStandby) && node.signingKID(t, f.machine) == did.Activates
		})
		took[n] = time.Since(did.At)
		if !node.publishes(t, old) {
			t.Errorf("instance %d has dropped the key that signed before", n)
		}
	}
	t.Logf("a rotation by command was taken over after %v, --keyring-refresh is %s", took, clusterKeyringRefresh)
}

// kids are the ids of the keys that the server publishes.
func (s *server) kids(t *testing.T) (kids []string) {
	t.Helper()
	res, err := s.http.Get(s.issuer + jwksPath)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var set struct{ Keys []struct{ KID string } }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the JWKS was answered %s: %v", res.Status, err)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.KID)
	}
	return kids
}

func (s *server) publishes(t *testing.T, kid string) bool {
	t.Helper()
	return slices.Contains(s.kids(t), kid)
}
