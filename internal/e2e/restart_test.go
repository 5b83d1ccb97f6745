package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const chains = 8

// TestRestartUnderLoad: clients that keep refreshing lose nothing to restarts,
// if they repeat once what got no answer.
func TestRestartUnderLoad(t *testing.T) {
	long(t)
	t.Parallel()
	for name, end := range map[string]func(*server, *testing.T){"SIGTERM": (*server).restart, "kill -9": (*server).crash} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			restarts := 3
			if os.Getenv("SIGNET_TEST_SLOW") == "1" {
				restarts = 20
			}
			l := newLoad(t)
			for n := range restarts {
				l.refreshed(t, 3)
				end(l.server, t)
				if n == 0 { // with no verifier asking twice for keys, and no request failing
					l.server.rotate(t, l.machine, l.kid)
				}
			}
			l.refreshed(t, 3)
			l.finish(t)
		})
	}
}

// load is a closed loop: every client refreshes its session as fast as it is
// answered, and verifies what it gets.
type load struct {
	server  *server
	web     credentials
	machine credentials
	kid     string // that signed at first
	api     *api
	chains  []*chain
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// chain is one session and its client.
type chain struct {
	load      *load
	current   tokens
	refreshes atomic.Int64

	// Read when the chain has ended.
	unanswered int
	undecided  int
	err        error
}

func newLoad(t *testing.T) *load {
	t.Helper()
	s := startServer(t)
	l := &load{server: s, web: s.addWeb(t), machine: s.addMachine(t), api: newAPI(t, s.issuer)}
	s.addUser(t, alice, alicePassword)
	for range chains {
		l.chains = append(l.chains, &chain{load: l, current: s.login(t, l.web, alice, alicePassword)})
	}
	l.kid = header(t, l.chains[0].current.AccessToken).KID
	if err := l.api.verifier.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	for _, c := range l.chains {
		l.running.Go(func() { c.err = c.run(ctx) })
	}
	return l
}

// refreshed waits until every chain is n refreshes further.
func (l *load) refreshed(t *testing.T, n int64) {
	t.Helper()
	goal := make([]int64, len(l.chains))
	for i, c := range l.chains {
		goal[i] = c.refreshes.Load() + n
	}
	eventually(t, "every chain to go on", func() bool {
		for i, c := range l.chains {
			if done := c.refreshes.Load(); done >= 0 && done < goal[i] {
				return false
			}
		}
		return true
	})
}

// finish ends the load and demands that every session has come through.
func (l *load) finish(t *testing.T) {
	t.Helper()
	l.cancel()
	l.running.Wait()
	var refreshes int64
	var unanswered, undecided int
	for n, c := range l.chains {
		if c.err != nil {
			t.Errorf("chain %d: %v", n, c.err)
			continue
		}
		l.server.wantActive(t, l.web, c.current.AccessToken, c.current.RefreshToken)
		l.server.refresh(t, l.web, c.current.RefreshToken)
		refreshes += c.refreshes.Load()
		unanswered += c.unanswered
		undecided += c.undecided
	}
	if n := l.api.wire.count(jwksPath); n != 1 {
		t.Errorf("the API fetched the keys %d times, want once", n)
	}
	t.Logf("%d chains, %d refreshes; repeated: %d without an answer, %d answered 503", len(l.chains), refreshes, unanswered, undecided)
}

// run refreshes until ctx ends. A chain that is lost counts as done, so that
// nobody waits for it.
func (c *chain) run(ctx context.Context) error {
	for ctx.Err() == nil {
		next, err := c.next()
		if err == nil {
			err = c.accept(ctx, next)
		}
		if err != nil {
			c.refreshes.Store(-1)
			return err
		}
		c.refreshes.Add(1)
	}
	return nil
}

// next refreshes, and repeats that once, when the server is back, where there
// was no answer.
func (c *chain) next() (tokens, error) {
	a, err := c.ask()
	if err != nil {
		c.unanswered++
		if err := c.load.server.back(); err != nil {
			return tokens{}, err
		}
		a, err = c.ask()
	}
	if err != nil {
		return tokens{}, fmt.Errorf("no answer to the repeated refresh either: %w", err)
	}
	return a.decode()
}

// ask sends the refresh until it is answered with yes or no. A machine that is
// too busy makes the server answer 503, and to ask again is harmless.
func (c *chain) ask() (answer, error) {
	for deadline := time.Now().Add(waitTimeout); ; c.undecided++ {
		a, err := c.load.server.post("/oauth2/token", c.load.web, refreshForm(c.current.RefreshToken))
		undecided := a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != ""
		if err != nil || !undecided || time.Now().After(deadline) {
			return a, err
		}
	}
}

// accept takes over an answer whose tokens are new and verify offline.
func (c *chain) accept(ctx context.Context, next tokens) error {
	if next.RefreshToken == c.current.RefreshToken || next.AccessToken == c.current.AccessToken {
		return fmt.Errorf("refresh %d gave the same token again", c.refreshes.Load()+1)
	}
	if _, err := c.load.api.verifier.Verify(context.WithoutCancel(ctx), next.AccessToken); err != nil {
		return fmt.Errorf("access token %d: %w", c.refreshes.Load()+1, err)
	}
	c.current = next
	return nil
}

// back waits until the server is ready again.
func (s *server) back() error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(waitTimeout)
	for !s.ready() {
		select {
		case <-tick.C:
		case <-deadline:
			return fmt.Errorf("the server is not back after %s", waitTimeout)
		}
	}
	return nil
}
