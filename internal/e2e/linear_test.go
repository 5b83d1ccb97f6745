package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"example.org/signet/internal/linear"
)

// TestProcessesAreLinearizable: what concurrent clients are answered by three
// processes on one database, while connections are cut and processes killed, is
// what one process would have answered to one request after the other.
func TestProcessesAreLinearizable(t *testing.T) {
	long(t)
	t.Parallel()
	for name, c := range map[string]struct {
		histories int
		atOnce    int // few where the test server is slow: it is not atomic where a command's time runs out
	}{"SQLite": {often(360, 3600), 24}, "MongoDB": {often(48, 480), 8}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newLossyCluster(t, stores[name](t), lossRates{dropRequest: 10, cut: 40, dropResponse: 40})
			if raceEnabled {
				c.histories /= 4
			}
			q.importUsers(t, c.histories+c.atOnce)
			var sum linear.Stats
			for batch := 0; sum.Histories < c.histories && !t.Failed(); batch += c.atOnce {
				q.truncateFor(t, name)
				for _, s := range q.runUsers(t, batch, c.atOnce) {
					if sum.Check(&s.History, linear.Rules{}) == porcupine.Illegal {
						t.Errorf("no order explains these answers:\n%s", s)
					}
				}
			}
			t.Logf("%s; %d kills; %s", &sum, q.kills, q.lost())
		})
	}
}

// importUsers imports the users of all runs.
func (q *lossyCluster) importUsers(t *testing.T, users int) {
	t.Helper()
	var lines strings.Builder
	for n := range users {
		fmt.Fprintf(&lines, `{"username": %q, "password": %q}`+"\n", importedName(n), linear.Password(0))
	}
	file := filepath.Join(t.TempDir(), "users.jsonl")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	q.run(t, append([]string{"user", "import", file, "--plain-passwords"}, cheapHash...)...)
}

func importedName(n int) string { return fmt.Sprintf("user%d", n) }

// truncateFor keeps the collections of the slow test server small.
func (q *lossyCluster) truncateFor(t *testing.T, store string) {
	t.Helper()
	if store == "MongoDB" {
		q.truncate(t, "sessions", "audit", "attempts")
	}
}

// runUsers runs the clients of some users, and kills instances meanwhile.
func (q *lossyCluster) runUsers(t *testing.T, first, atOnce int) []*linear.Run {
	t.Helper()
	runs, playing := make([]*linear.Run, atOnce), sync.WaitGroup{}
	for n := range runs {
		// Commands are slow: few runs use them.
		workload := linear.Workloads[n%3]
		if n%8 == 7 {
			workload = linear.Workloads[3+(first+n)/8%3]
		}
		s := linear.NewRun(workload)
		runs[n] = s
		at := []linear.Service{&linearClient{lossyCluster: q, name: importedName(first + n), instances: q.viaProxies(first + n), t: t}}
		playing.Go(func() {
			for _, act := range []func() error{
				func() error { return s.Login(0, at[0]) }, func() error { return s.Execute(3, 6, at) }, func() error { return s.Finish(0, at[0]) },
			} {
				if err := act(); err != nil {
					t.Errorf("an answer that nobody should get: %v\n%s", err, s)
					return
				}
			}
		})
	}
	over := make(chan struct{})
	go func() { playing.Wait(); close(over) }()
	for {
		select {
		case <-over:
			return runs
		case <-time.After(time.Duration(50+rand.IntN(150)) * time.Millisecond):
			q.kill(t, rand.IntN(len(q.nodes)))
		}
	}
}

// linearClient is one user's client, who finds the instances by themselves.
type linearClient struct {
	*lossyCluster
	name      string
	instances []*server
	t         *testing.T
}

var _ linear.Service = &linearClient{}

// ask sends a request to an instance that is up, and sorts the answer.
func (s *linearClient) ask(path string, c credentials, form map[string][]string) (linear.Verdict, answer, error) {
	a, err := s.instances[s.pick()].post(path, c, form)
	switch {
	case err != nil, a.undecided():
		return linear.Unknown, answer{}, nil
	case a.status == http.StatusOK:
		return linear.Yes, a, nil
	case a.status == http.StatusBadRequest && strings.Contains(a.body, `"invalid_grant"`):
		return linear.No, a, nil
	case a.status == http.StatusTooManyRequests: // only of a login, which then opens nothing
		return linear.Unknown, answer{}, nil
	}
	return linear.Unknown, answer{}, fmt.Errorf("%s answered %d %s", path, a.status, a.body)
}

func (s *linearClient) tokens(c credentials, form map[string][]string) (linear.Verdict, linear.Tokens, error) {
	v, a, err := s.ask("/oauth2/token", c, form)
	if err != nil || v != linear.Yes {
		return v, linear.Tokens{}, err
	}
	got, err := a.decode()
	return v, linear.Tokens{Access: got.AccessToken, Refresh: got.RefreshToken}, err
}

func (s *linearClient) Login(password string) (linear.Verdict, linear.Tokens, error) {
	return s.tokens(s.web, passwordForm(s.name, password))
}

func (s *linearClient) Refresh(token string, other bool) (linear.Verdict, linear.Tokens, error) {
	c := s.web
	if other {
		c = s.stranger
	}
	return s.tokens(c, refreshForm(token))
}

func (s *linearClient) Introspect(token string) (linear.Verdict, error) {
	v, a, err := s.ask("/oauth2/introspect", s.web, tokenForm(token))
	if err != nil || v != linear.Yes {
		return v, err
	}
	var got struct{ Active bool }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		return v, err
	}
	if !got.Active {
		v = linear.No
	}
	return v, nil
}

func (s *linearClient) Revoke(token string) (linear.Verdict, error) {
	v, _, err := s.ask("/oauth2/revoke", s.web, tokenForm(token))
	return v, err
}

// Change runs a command. One that fails may have done its work.
func (s *linearClient) Change(op linear.Op, password string) (linear.Verdict, error) {
	var stdin string
	var args []string
	switch op {
	case linear.EndSessions:
		args = []string{"session", "revoke", "--user", s.name, "--yes"}
	case linear.SetPassword:
		stdin, args = password+"\n", slices.Concat([]string{"user", "set-password", s.name, "--password-stdin"}, cheapHash)
	case linear.Disable:
		args = []string{"user", "disable", s.name}
	case linear.Enable:
		args = []string{"user", "enable", s.name}
	}
	if _, err := s.front.try(s.t, stdin, append(args, s.store...)...); err != nil {
		s.t.Logf("a command failed: %v", err)
		return linear.Unknown, nil
	}
	return linear.Yes, nil
}
