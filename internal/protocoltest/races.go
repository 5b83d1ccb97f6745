package protocoltest

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

var raceCases = []testCase{
	{name: "R06 50 parallel uses", run: testParallel},
	{name: "R06 50 parallel uses, no window", configure: zeroGrace, run: testParallelStrict},
	{name: "R06 parallel uses on three instances", run: testParallelInstances},
	{name: "R07 predecessor and successor in parallel", run: testParallelPair},
	{name: "R20 revocation against refresh", run: testRevokeRace},
	{name: "R21 disabling against refresh", run: testDisableRace},
	{name: "R21 a role taken away against refresh", run: testRoleRace},
	{name: "a scope dropped from its last two roles at once", run: testReleaseRace},
	{name: "I08 revoked on one instance, asked on another", run: testRevokedElsewhere},
}

// runConcurrently starts all at once.
func runConcurrently(all ...func()) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for _, f := range all {
		wg.Go(func() {
			<-start
			f()
		})
	}
	close(start)
	wg.Wait()
}

// sweepOldRounds deletes the sessions of earlier rounds now and then: the MongoDB-wire server for tests
// reads its collections from end to end.
func sweepOldRounds(t *testing.T, s *Signet, round int) {
	t.Helper()
	if round%20 != 0 {
		return
	}
	_, err := s.backend.SweepSessions(context.Background(), s.Clock.Now().AddDate(10, 0, 0), 1000)
	must(t, err)
}

// refreshConcurrently presents one refresh token n times at once, round robin
// over the instances.
func refreshConcurrently(n int, token string, instances ...*Signet) []Response {
	responses := make([]Response, n)
	all := make([]func(), n)
	for i := range all {
		s := instances[i%len(instances)]
		all[i] = func() { responses[i] = s.TryRefresh(s.Web, token) }
	}
	runConcurrently(all...)
	return responses
}

// expectSameSuccessor expects the same new token in every response.
func expectSameSuccessor(t *testing.T, responses []Response) Tokens {
	t.Helper()
	var one Tokens
	for _, a := range responses {
		tokens := a.Tokens(t)
		if one.Refresh != "" && tokens.Refresh != one.Refresh {
			t.Fatal("two living successors")
		}
		one = tokens
	}
	return one
}

func testParallel(t *testing.T, s *Signet) {
	for n := range rounds(20, 200) {
		sweepOldRounds(t, s, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		next := expectSameSuccessor(t, refreshConcurrently(50, first.Refresh, s))
		s.expectActive(t, s.Web, next)
	}
	if n := s.events(t, "refresh.reused"); n != 0 {
		t.Errorf("%d sessions were revoked by their own client", n)
	}
}

func testParallelInstances(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	for n := range rounds(5, 200) {
		sweepOldRounds(t, s, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		next := expectSameSuccessor(t, refreshConcurrently(51, first.Refresh, instances...))
		for _, instance := range instances {
			next = instance.expectActive(t, s.Web, next)
		}
	}
}

func testParallelStrict(t *testing.T, s *Signet) {
	for n := range rounds(5, 200) {
		sweepOldRounds(t, s, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		won := 0
		for _, a := range refreshConcurrently(50, first.Refresh, s) {
			if a.Status == http.StatusOK {
				won++
				continue
			}
			a.ExpectError(t, http.StatusBadRequest, "invalid_grant")
		}
		if won != 1 {
			t.Fatalf("%d answers of 200, want 1", won)
		}
	}
}

// testParallelPair ends with one leaf or a dead session, never with two leaves.
func testParallelPair(t *testing.T, s *Signet) {
	for n := range rounds(20, 200) {
		sweepOldRounds(t, s, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		second := s.Refresh(t, s.Web, first.Refresh)
		var old, current Response
		runConcurrently(func() { old = s.TryRefresh(s.Web, first.Refresh) }, func() { current = s.TryRefresh(s.Web, second.Refresh) })
		if old.Status == http.StatusOK { // it came first, as a retry
			if old.Tokens(t).Refresh != second.Refresh {
				t.Fatal("the predecessor has another successor")
			}
			s.expectActive(t, s.Web, current.Tokens(t))
			continue
		}
		old.ExpectError(t, http.StatusBadRequest, "invalid_grant")
		if current.Status == http.StatusOK {
			s.expectEnded(t, s.Web, current.Tokens(t))
		}
	}
}

func testRevokeRace(t *testing.T, s *Signet) {
	for n := range rounds(50, 500) {
		sweepOldRounds(t, s, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		handed := []string{first.Refresh, first.Access}
		var got, revoked Response
		runConcurrently(func() {
			for range n % 7 {
				runtime.Gosched()
			}
			revoked = s.PostAs(s.Web, Revoke, Form("token", handed[n%2]))
		}, func() { got = s.TryRefresh(s.Web, first.Refresh) })
		revoked.ExpectStatus(t, http.StatusOK)
		if got.Status == http.StatusOK {
			s.expectEnded(t, s.Web, got.Tokens(t))
		} else {
			got.ExpectError(t, http.StatusBadRequest, "invalid_grant")
		}
		s.expectEnded(t, s.Web, first)
	}
}

func testDisableRace(t *testing.T, s *Signet) {
	for n := range rounds(20, 500) {
		sweepOldRounds(t, s, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		var got Response
		runConcurrently(func() {
			var err error
			switch n % 4 {
			case 0:
				_, err = s.operator().Users().Disable(context.Background(), s.Alice.ID)
			case 1:
				_, err = s.operator().Users().EndSessions(context.Background(), s.Alice.ID)
			case 2:
				_, err = s.operator().Users().SetPassword(context.Background(), s.Alice.ID, admin.NewPassword{Password: issuer.Secret(s.Alice.Password)})
			case 3:
				_, err = s.operator().Clients().RotateSecret(context.Background(), s.Web.ID, admin.SecretRotation{Secret: issuer.Secret(s.Web.Secret), Revoke: true})
			}
			if err != nil {
				t.Error(err)
			}
		}, func() { got = s.TryRefresh(s.Web, first.Refresh) })
		if got.Status == http.StatusOK {
			s.expectEnded(t, s.Web, got.Tokens(t))
		}
		s.expectEnded(t, s.Web, first)
		_, err := s.operator().Users().Enable(context.Background(), s.Alice.ID)
		must(t, err)
	}
	page, err := s.backend.ListSessions(context.Background(), storage.SessionFilter{UserID: s.Alice.ID}, storage.Page{Limit: storage.MaxPage})
	must(t, err)
	for _, session := range page.Sessions {
		if session.RevokedAt.IsZero() {
			t.Error("a session of a disabled user is not marked as revoked")
		}
	}
}

func testRevokedElsewhere(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	for n := range rounds(30, 1000) {
		sweepOldRounds(t, a, n)
		tokens := a.Login(t, a.Web, a.Alice, "openid")
		if !b.Active(t, a.ResourceServer, tokens.Access) {
			t.Fatal("not active before the revocation")
		}
		a.Revoke(t, a.Web, tokens.Refresh)
		if b.Active(t, a.ResourceServer, tokens.Access) || b.Active(t, a.Web, tokens.Refresh) {
			t.Fatal("active after the revocation")
		}
		a.Clock.Advance(time.Second)
	}
}
