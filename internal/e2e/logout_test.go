package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestNobodyIsLoggedOut: clients that keep their chains of tokens race from
// several tabs, lose answers and repeat what got none, while three processes on
// one database are killed and started again. None of them ever loses its
// session; and every thief who uses an older token ends it.
func TestNobodyIsLoggedOut(t *testing.T) {
	long(t)
	t.Parallel()
	for name, clients := range map[string]int{"SQLite": 12, "MongoDB": 6} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newLossyCluster(t, stores[name](t), lossRates{dropRequest: 10, cut: 40, dropResponse: 60})
			holders := q.loginAll(t, clients)
			kills, over := often(12, 120), make(chan struct{})
			var running sync.WaitGroup
			for _, h := range holders {
				running.Go(func() { h.err = h.run(over) })
			}
			for range kills {
				q.waitRounds(t, holders, 2)
				q.kill(t, rand.IntN(len(q.nodes)))
				if name == "MongoDB" {
					q.truncate(t, "audit")
				}
			}
			q.waitRounds(t, holders, 2)
			close(over)
			running.Wait()
			q.report(t, holders)
			q.replayAfterWindow(t, holders)
			q.check(t, name == "MongoDB", accessOf(holders)...)
		})
	}
}

func accessOf(all []*tokenHolder) (tokens []string) {
	for _, h := range all {
		tokens = append(tokens, h.access)
	}
	return tokens
}

// tokenHolder is a client that has one session at a time.
type tokenHolder struct {
	cluster   *lossyCluster
	instances []*server // to each instance
	attacker  []*server // the same instances from another address
	chain     []string  // every refresh token of the session, the newest last
	access    string
	rounds    atomic.Int64 // -1 when they have given up

	// Read when the run is over.
	sessions, refreshes, races    int
	lost, undecided, falseLogouts atomic.Int64
	thefts, caught                int
	err                           error
}

// loginAll logs the holders in.
func (q *lossyCluster) loginAll(t *testing.T, clients int) (all []*tokenHolder) {
	t.Helper()
	for n := range clients {
		h := &tokenHolder{cluster: q, instances: q.viaProxies(2*n + 1), attacker: q.viaProxies(2*n + 2)}
		if err := h.login(); err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	return all
}

// waitRounds waits until every client is n rounds further.
func (q *lossyCluster) waitRounds(t *testing.T, all []*tokenHolder, n int64) {
	t.Helper()
	goal := make([]int64, len(all))
	for i, h := range all {
		goal[i] = h.rounds.Load() + n
	}
	eventually(t, "every client to go on", func() bool {
		for i, h := range all {
			if rounds := h.rounds.Load(); rounds >= 0 && rounds < goal[i] {
				return false
			}
		}
		return true
	})
}

// run takes rounds until it is over. A holder who can go on no more counts as
// done, so that nobody waits for them.
func (h *tokenHolder) run(over <-chan struct{}) error {
	for {
		select {
		case <-over:
			return nil
		default:
		}
		err := h.round()
		if err == nil && len(h.chain) >= 3 && rand.IntN(40) == 0 {
			err = h.replayStolen(h.chain[rand.IntN(len(h.chain)-2)])
		}
		if err != nil {
			h.rounds.Store(-1)
			return err
		}
		h.rounds.Add(1)
	}
}

// round uses the newest token, often from several tabs at once. The successor is
// used when all of them have been answered.
func (h *tokenHolder) round() error {
	tabs := 1 + rand.IntN(3)
	answers, errs := make([]tokens, tabs), make([]error, tabs)
	var using sync.WaitGroup
	for n := range tabs {
		using.Go(func() { answers[n], errs[n] = h.use() })
	}
	using.Wait()
	h.refreshes += tabs
	if tabs > 1 {
		h.races++
	}
	for n := range tabs {
		if errs[n] != nil {
			return errs[n]
		}
		if answers[n].RefreshToken != answers[0].RefreshToken {
			return fmt.Errorf("two successors of one token")
		}
	}
	h.store(answers[0])
	return nil
}

func (h *tokenHolder) store(next tokens) {
	h.chain, h.access = append(h.chain, next.RefreshToken), next.AccessToken
}

func (h *tokenHolder) use() (tokens, error) {
	a, err := h.ask(h.instances, "/oauth2/token", refreshForm(h.chain[len(h.chain)-1]))
	if err != nil {
		return tokens{}, err
	}
	if a.status != http.StatusOK {
		h.falseLogouts.Add(1)
		return tokens{}, fmt.Errorf("a false logout after %d refreshes: %d %s", len(h.chain)-1, a.status, a.body)
	}
	return a.decode()
}

// pause is what a client waits before it repeats a request. One that was cut off
// has come to its end by then; if it came after the use of the successor, it
// would look like a theft.
const pause = 20 * time.Millisecond

// ask repeats a request until it is answered with yes or no.
func (h *tokenHolder) ask(instances []*server, path string, form map[string][]string) (answer, error) {
	for end := time.Now().Add(2 * waitTimeout); time.Now().Before(end); time.Sleep(pause) {
		a, err := instances[h.cluster.pick()].post(path, h.cluster.web, form)
		switch {
		case err != nil:
			h.lost.Add(1)
		case a.undecided():
			h.undecided.Add(1)
		default:
			return a, nil
		}
	}
	return answer{}, fmt.Errorf("%s was not answered for %s", path, 2*waitTimeout)
}

func (h *tokenHolder) login() error {
	a, err := h.ask(h.instances, "/oauth2/token", passwordForm(alice, alicePassword))
	if err != nil {
		return err
	}
	got, err := a.decode()
	h.sessions++
	h.chain = nil
	h.store(got)
	return err
}

// replayStolen lets a thief use an old token. The session must end with it, for the
// thief and for the holder, who logs in again.
func (h *tokenHolder) replayStolen(token string) error {
	h.thefts++
	a, err := h.ask(h.attacker, "/oauth2/token", refreshForm(token))
	if err != nil {
		return err
	}
	if err := wantEnded(a); err != nil {
		return fmt.Errorf("a thief with an old token: %w", err)
	}
	if a, err = h.ask(h.instances, "/oauth2/token", refreshForm(h.chain[len(h.chain)-1])); err != nil {
		return err
	}
	if err := wantEnded(a); err != nil {
		return fmt.Errorf("the newest token after a theft: %w", err)
	}
	for _, token := range []string{h.access, h.chain[len(h.chain)-1]} {
		if a, err = h.ask(h.instances, "/oauth2/introspect", tokenForm(token)); err != nil {
			return err
		}
		if a.body != `{"active":false}` {
			return fmt.Errorf("introspection after a theft: %d %s", a.status, a.body)
		}
	}
	h.caught++
	return h.login()
}

func wantEnded(a answer) error {
	if a.status != http.StatusBadRequest || !strings.Contains(a.body, `"invalid_grant"`) {
		return fmt.Errorf("answer %d %s, want invalid_grant", a.status, a.body)
	}
	return nil
}

// report says what was seen, and demands that there was something to see.
func (q *lossyCluster) report(t *testing.T, all []*tokenHolder) {
	t.Helper()
	var sessions, refreshes, races, thefts, caught int
	var lost, undecided, logouts int64
	for n, h := range all {
		if h.err != nil {
			t.Errorf("client %d: %v", n, h.err)
		}
		sessions, refreshes, races, thefts, caught = sessions+h.sessions, refreshes+h.refreshes, races+h.races, thefts+h.thefts, caught+h.caught
		lost, undecided, logouts = lost+h.lost.Load(), undecided+h.undecided.Load(), logouts+h.falseLogouts.Load()
	}
	if logouts != 0 || caught != thefts || lost == 0 || races == 0 {
		t.Errorf("want no false logout and every theft caught, among clients that lose answers and race")
	}
	t.Logf("%d clients, %d sessions, %d refreshes, %d of them lost their answer and %d were answered 503, %d races, %d kills: %d false logouts; %d thefts, %d caught",
		len(all), sessions, refreshes, lost, undecided, races, q.kills, logouts, thefts, caught)
	t.Log(q.lost())
}

// replayAfterWindow goes on with a window of a second, and nothing to be repeated: the
// direct predecessor of an unused token is stolen, and used after it.
func (q *lossyCluster) replayAfterWindow(t *testing.T, all []*tokenHolder) {
	t.Helper()
	for _, node := range q.nodes {
		node.stop(t)
		node.flags = append(node.flags, "--refresh-grace", "1s")
	}
	q.launch(t)
	for n, h := range all {
		if h.err != nil {
			continue
		}
		h.instances, h.attacker = q.direct(2*n+1), q.direct(2*n+2)
		var next tokens
		if next, h.err = h.use(); h.err == nil {
			h.store(next)
		}
	}
	time.Sleep(1100 * time.Millisecond) // measured from the rotation, which is earlier
	for n, h := range all {
		if h.err == nil {
			h.err = h.replayStolen(h.chain[len(h.chain)-2])
		}
		if h.err != nil {
			t.Errorf("client %d, robbed after the window: %v", n, h.err)
		}
	}
	t.Logf("%d thefts after the window, %d sessions ended", len(all), len(all))
}
