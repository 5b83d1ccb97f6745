package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// jwksMaxAge is how long others may cache the JWKS by default.
const jwksMaxAge = 5 * time.Minute

// loadGroup is a closed loop through the balancer: every member lives on a chain of
// tokens of their own, judges each answer, and goes on as soon as it is there.
type loadGroup struct {
	fleet   *cluster
	api     *api
	clients []*loadClient
	begin   time.Time
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// loadClient is one client with one session at a time.
type loadClient struct {
	group   *loadGroup
	retries bool // repeats what got no answer
	current tokens
	turns   atomic.Int64 // -1 when they have given up

	// Read when the loop has ended.
	requests  int
	logins    int
	repeated  int // requests that got no answer, or one of the balancer's
	undecided int // requests answered 503 by an instance
	worst     int // the most that one request had to be repeated
	err       error
}

// newLoadGroup logs the clients in and starts them.
func newLoadGroup(t *testing.T, f *cluster, members int, patient bool) *loadGroup {
	t.Helper()
	c := &loadGroup{fleet: f, api: newAPI(t, f.front.issuer), begin: time.Now()}
	for range members {
		c.clients = append(c.clients, &loadClient{group: c, retries: patient, current: f.front.login(t, f.web, alice, alicePassword)})
	}
	if err := c.api.verifier.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.cancel = cancel
	for _, m := range c.clients {
		c.running.Go(func() { m.err = m.run(ctx) })
	}
	return c
}

// waitTurns waits until every member is n turns further.
func (c *loadGroup) waitTurns(t *testing.T, n int64) {
	t.Helper()
	goal := make([]int64, len(c.clients))
	for i, m := range c.clients {
		goal[i] = m.turns.Load() + n
	}
	eventually(t, "every client to go on", func() bool {
		for i, m := range c.clients {
			if turns := m.turns.Load(); turns >= 0 && turns < goal[i] {
				return false
			}
		}
		return true
	})
}

// finish ends the loop. Every session must have come through, and every answer
// of an instance must have been the right one.
func (c *loadGroup) finish(t *testing.T) (repeated int) {
	t.Helper()
	c.cancel()
	c.running.Wait()
	var requests, logins, undecided, worst int
	for n, m := range c.clients {
		if m.err != nil {
			t.Errorf("client %d, after %d requests: %v", n, m.requests, m.err)
			continue
		}
		c.fleet.front.wantActive(t, c.fleet.web, m.current.AccessToken, m.current.RefreshToken)
		c.fleet.front.refresh(t, c.fleet.web, m.current.RefreshToken)
		requests, logins = requests+m.requests, logins+m.logins
		undecided, repeated, worst = undecided+m.undecided, repeated+m.repeated, max(worst, m.worst)
	}
	wantFew(t, undecided, requests)
	if n, most := c.api.wire.count(jwksPath), 1+int(time.Since(c.begin)/jwksMaxAge); n > most {
		t.Errorf("the API fetched the keys %d times, want %d at most", n, most)
	}
	t.Logf("%d clients, %d requests, %d sessions; repeated: %d without an answer, %d answered 503 by a busy machine; none more than %d times",
		len(c.clients), requests, logins+len(c.clients), repeated, undecided, worst)
	return repeated
}

// run takes turns until ctx ends.
func (m *loadClient) run(ctx context.Context) error {
	for turn := int64(1); ctx.Err() == nil; turn++ {
		if err := m.turn(context.WithoutCancel(ctx), turn); err != nil {
			m.turns.Store(-1)
			return fmt.Errorf("turn %d: %w", turn, err)
		}
		m.turns.Store(turn)
	}
	return nil
}

// turn is a refresh, and now and then something else.
func (m *loadClient) turn(ctx context.Context, n int64) error {
	if err := m.refresh(ctx); err != nil {
		return err
	}
	for _, now := range []struct {
		every int64
		do    func() error
	}{{2, m.introspect}, {3, m.documents}, {5, m.work}, {8, m.renew}} {
		if n%now.every != 0 {
			continue
		}
		if err := now.do(); err != nil {
			return err
		}
	}
	return nil
}

func (m *loadClient) refresh(ctx context.Context) error {
	next, err := m.tokens(m.group.fleet.web, refreshForm(m.current.RefreshToken))
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	if next.RefreshToken == m.current.RefreshToken || next.AccessToken == m.current.AccessToken {
		return fmt.Errorf("refresh gave the same token again")
	}
	if _, err := m.group.api.verifier.Verify(ctx, next.AccessToken); err != nil {
		return fmt.Errorf("verify offline: %w", err)
	}
	m.current = next
	return nil
}

func (m *loadClient) introspect() error {
	return m.wantStatus(m.current.AccessToken, `"active":true`)
}

// wantStatus demands what introspection says of a token.
func (m *loadClient) wantStatus(token, want string) error {
	a, err := m.ask("/oauth2/introspect", m.group.fleet.resource, url.Values{"token": {token}})
	if err == nil && (a.status != http.StatusOK || !strings.Contains(a.body, want)) {
		err = fmt.Errorf("introspection: %d %s, want %s", a.status, a.body, want)
	}
	return err
}

func (m *loadClient) documents() error {
	for _, path := range []string{jwksPath, "/.well-known/openid-configuration"} {
		a, err := m.repeat(func() (answer, error) { return m.group.fleet.front.fetch(path) })
		if err != nil || a.status != http.StatusOK {
			return fmt.Errorf("%s: %d %s, %w", path, a.status, a.body, err)
		}
	}
	return nil
}

// work gets a token on the client's own behalf.
func (m *loadClient) work() error {
	_, err := m.tokens(m.group.fleet.machine, url.Values{"grant_type": {"client_credentials"}})
	return err
}

// renew logs out and in again.
func (m *loadClient) renew() error {
	old := m.current
	a, err := m.ask("/oauth2/revoke", m.group.fleet.web, url.Values{"token": {old.RefreshToken}})
	if err != nil || a.status != http.StatusOK {
		return fmt.Errorf("revocation: %d %s, %w", a.status, a.body, err)
	}
	if err := m.wantStatus(old.AccessToken, `{"active":false}`); err != nil {
		return err
	}
	m.logins++
	m.current, err = m.tokens(m.group.fleet.web, passwordForm(alice, alicePassword))
	return err
}

func (m *loadClient) tokens(c credentials, form url.Values) (tokens, error) {
	a, err := m.ask("/oauth2/token", c, form)
	if err != nil {
		return tokens{}, err
	}
	return a.decode()
}

func (m *loadClient) ask(path string, c credentials, form url.Values) (answer, error) {
	return m.repeat(func() (answer, error) { return m.group.fleet.front.post(path, c, form) })
}

// repeat sends a request, and again while it is answered 503; a
// retrying client also where an instance gave no answer at all.
func (m *loadClient) repeat(send func() (answer, error)) (a answer, err error) {
	for n := range 50 {
		m.requests++
		m.worst = max(m.worst, n)
		a, err = send()
		switch lost := err != nil || a.status == http.StatusBadGateway; {
		case a.undecided():
			m.undecided++
		case lost && m.retries:
			m.repeated++
		default:
			return a, err
		}
	}
	return a, err
}
