package protocoltest

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

var throttleCases = []testCase{
	{name: "right passwords at once never lock anybody out", configure: throttledWithShortQueue, run: testRightLoginsAtOnce},
	{name: "right client secrets at once after a start", configure: throttledWithShortQueue, run: testRightSecretsAtOnce},
	{name: "an attempt without an outcome gives its place back", configure: behindProxy, run: testUnknownOutcomes},
	{name: "a refusal writes nothing", configure: behindProxy, run: testRefusalsWriteNothing},
	{name: "the throttle of unknown names in mixed case", configure: strictThrottle, run: testMixedCaseNames},
	{name: "an old client secret in its overlap is no guess", configure: throttled, run: testOldSlowSecret},
}

func throttledWithShortQueue(o *Options) {
	shortHashQueue(o)
	throttled(o)
}

// behindProxy lets a request say by [from] where it comes from.
func behindProxy(o *Options) {
	throttled(o)
	o.Endpoints.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

func from(address string) RequestOption { return Header("X-Forwarded-For", address) }

// atOnce sends requests in waves and returns how many were not answered with 200. Each of
// those must say when to come back: soon.
func atOnce(t *testing.T, send func() Response) (refused int) {
	t.Helper()
	for range 4 {
		responses := make(chan Response, 48)
		for range cap(responses) {
			go func() { responses <- send() }()
		}
		for range cap(responses) {
			a := <-responses
			if a.Status == http.StatusOK {
				continue
			}
			refused++
			if s, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || s < 1 || s > 5 {
				t.Errorf("%d %s with Retry-After %q, want some seconds", a.Status, a.Body, a.Header.Get("Retry-After"))
			}
		}
	}
	return refused
}

// expectUnlocked demands that nothing counts and nothing was audited.
func (s *Signet) expectUnlocked(t *testing.T) {
	t.Helper()
	counters, err := s.backend.Counters(context.Background(), s.Clock.Now(), "")
	must(t, err)
	for _, c := range counters {
		if c.Count != 0 && !strings.HasPrefix(c.Key, "known:") {
			t.Errorf("counter %s is at %d, %d held", c.Key, c.Count, c.Held)
		}
	}
	if n, m := s.events(t, audit.EventLoginFailed), s.events(t, audit.EventLoginThrottled); n+m != 0 {
		t.Errorf("%d failed logins and %d throttles in the audit log", n, m)
	}
}

func testRightLoginsAtOnce(t *testing.T, s *Signet) {
	if refused := atOnce(t, func() Response { return s.TryLogin(s.Web, s.Alice, "") }); refused == 0 {
		t.Error("nobody was refused: the queue is too long for this test")
	}
	s.Login(t, s.Web, s.Alice, "")
	s.expectUnlocked(t)
}

func testRightSecretsAtOnce(t *testing.T, s *Signet) {
	short := s.addShortSecretClient(t, "short")
	started := s.StartInstance(t) // nothing is remembered
	if refused := atOnce(t, func() Response { return started.PostAs(short, Token, Form("grant_type", "client_credentials")) }); refused != 0 {
		t.Errorf("%d right secrets were refused", refused)
	}
	if n := started.Passwords.Evaluations(); n != 1 {
		t.Errorf("%d hash evaluations, want one", n)
	}
	s.StartInstance(t).ClientToken(t, short)
	s.expectUnlocked(t)
}

// addShortSecretClient adds a client whose secret is hashed like a password.
func (s *Signet) addShortSecretClient(t *testing.T, id string) Client {
	t.Helper()
	c := Client{id, id + "-tiny-pass"}
	_, err := s.operator().Clients().Create(context.Background(), admin.NewClient{
		ID: c.ID, Secret: issuer.Secret(c.Secret),
		Settings: admin.ClientChange{Grants: &[]string{issuer.GrantClientCredentials}, Scopes: &[]string{"items:read"}},
	})
	must(t, err)
	return c
}

// testUnknownOutcomes: the store, the hash queue or the caller's patience gives up between
// the count and the outcome; right or wrong, that is nobody's guess.
func testUnknownOutcomes(t *testing.T, s *Signet) {
	wrong := User{Username: "alice", Password: s.NewSecret("a wrong password")}
	for _, p := range []User{s.Alice, wrong} {
		for range 30 {
			s.Store.Before(failMethod("RecordLogins"))
			s.PostAs(s.SPA, Token, p.LoginForm("")).expectUnavailable(t)
			s.Store.Reset()
		}
		s.Login(t, s.SPA, s.Alice, "")
	}
	for range 30 {
		gaveUp := false
		s.Store.Before(func(ctx context.Context, _ int, method string) error {
			if method != "RecordLogins" || gaveUp {
				return nil
			}
			if gaveUp = hang(ctx); !gaveUp {
				return nil
			}
			return storage.Unavailable("test", context.DeadlineExceeded) // as a store says when the context has ended
		})
		s.PostAs(s.SPA, Token, s.Alice.LoginForm("")).expectUnavailable(t)
		s.Store.Reset()
	}
	s.expectUnlocked(t)
}

// testRefusalsWriteNothing: past the limits, tries at any names leave no row, neither among
// the counters nor in the audit log.
func testRefusalsWriteNothing(t *testing.T, s *Signet) {
	wrong := s.NewSecret("a wrong password")
	try := func(n int) Response {
		return s.PostAs(s.SPA, Token, User{Username: fmt.Sprintf("nobody%d", n), Password: wrong}.LoginForm(""), from("192.0.2.1"))
	}
	for n := range 100 {
		try(n).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	}
	rows := func() int {
		counters, err := s.backend.Counters(context.Background(), s.Clock.Now(), "")
		must(t, err)
		return len(counters)
	}
	before, events := rows(), len(auditLog(s))
	if s.events(t, audit.EventLoginThrottled) != 1 {
		t.Errorf("%d throttle events, want one", s.events(t, audit.EventLoginThrottled))
	}
	var all sync.WaitGroup
	for n := range 60 {
		all.Go(func() { try(1000 + n).expectThrottled(t) })
	}
	all.Wait()
	if rows() != before || len(auditLog(s)) != events {
		t.Errorf("60 refusals left %d counters more, and an audit log of %d bytes after %d", rows()-before, len(auditLog(s)), events)
	}
}

func testMixedCaseNames(t *testing.T, s *Signet) {
	wrong := s.NewSecret("a wrong password")
	names := []string{"nobody", "Nobody", "NOBODY", " nobody", "ｎobody"}
	for n, name := range names {
		a := s.TryLogin(s.Web, User{Username: name, Password: wrong}, "")
		if n < 3 {
			a.ExpectError(t, http.StatusBadRequest, "invalid_grant")
		} else {
			a.expectThrottled(t)
		}
	}
}

// testOldSlowSecret: a client that still uses its old secret makes one attempt, which is right.
func testOldSlowSecret(t *testing.T, s *Signet) {
	short := s.addShortSecretClient(t, "short")
	_, err := s.operator().Clients().RotateSecret(context.Background(), short.ID, admin.SecretRotation{Secret: "another-tiny-pass", Overlap: time.Hour})
	must(t, err)
	for range 15 {
		s.ClientToken(t, short)
		s.StartInstance(t).ClientToken(t, short)
	}
	s.expectUnlocked(t)
}
