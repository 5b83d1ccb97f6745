package endpointstest

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"example.org/signet/storage"
)

var raceScenes = []scene{
	{name: "R06 50 parallel uses", play: playParallel},
	{name: "R06 50 parallel uses, no window", adjust: strict, play: playParallelStrict},
	{name: "R06 parallel uses on three instances", play: playParallelInstances},
	{name: "R07 predecessor and successor in parallel", play: playParallelPair},
	{name: "R20 revocation against refresh", play: playRevokeRace},
	{name: "R21 disabling against refresh", play: playDisableRace},
	{name: "R21 a role taken away against refresh", play: playRoleRace},
	{name: "I08 revoked on one instance, asked on another", play: playRevokedElsewhere},
}

// together runs all at once, as nearly as can be.
func together(all ...func()) {
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

// tidy forgets earlier rounds now and then: the MongoDB-wire server for tests
// reads its collections from end to end.
func (s *Signet) tidy(t *testing.T, round int) {
	t.Helper()
	if round%20 != 0 {
		return
	}
	_, err := s.backend.SweepSessions(context.Background(), s.Clock.Now().AddDate(10, 0, 0), 1000)
	must(t, err)
}

// storm presents one refresh token n times at once, turning through instances.
func storm(n int, token string, instances ...*Signet) []Answer {
	answers := make([]Answer, n)
	all := make([]func(), n)
	for i := range all {
		s := instances[i%len(instances)]
		all[i] = func() { answers[i] = s.TryRefresh(s.Web, token) }
	}
	together(all...)
	return answers
}

// successor demands that every answer is the same successor.
func successor(t *testing.T, answers []Answer) Tokens {
	t.Helper()
	var one Tokens
	for _, a := range answers {
		tokens := a.Tokens(t)
		if one.Refresh != "" && tokens.Refresh != one.Refresh {
			t.Fatal("two living successors")
		}
		one = tokens
	}
	return one
}

func playParallel(t *testing.T, s *Signet) {
	for n := range rounds(20, 200) {
		s.tidy(t, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		next := successor(t, storm(50, first.Refresh, s))
		s.alive(t, s.Web, next)
	}
	if n := s.events(t, "refresh.reused"); n != 0 {
		t.Errorf("%d sessions were revoked by their own client", n)
	}
}

func playParallelInstances(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.Sibling(t), s.Sibling(t)}
	for n := range rounds(5, 200) {
		s.tidy(t, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		next := successor(t, storm(51, first.Refresh, instances...))
		for _, instance := range instances {
			next = instance.alive(t, s.Web, next)
		}
	}
}

func playParallelStrict(t *testing.T, s *Signet) {
	for n := range rounds(5, 200) {
		s.tidy(t, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		won := 0
		for _, a := range storm(50, first.Refresh, s) {
			if a.Status == http.StatusOK {
				won++
				continue
			}
			a.Refused(t, http.StatusBadRequest, "invalid_grant")
		}
		if won != 1 {
			t.Fatalf("%d answers of 200, want 1", won)
		}
	}
}

// playParallelPair ends with one leaf or a dead session, never with two leaves.
func playParallelPair(t *testing.T, s *Signet) {
	for n := range rounds(20, 200) {
		s.tidy(t, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		second := s.Refresh(t, s.Web, first.Refresh)
		var old, current Answer
		together(func() { old = s.TryRefresh(s.Web, first.Refresh) }, func() { current = s.TryRefresh(s.Web, second.Refresh) })
		if old.Status == http.StatusOK { // it came first, as a retry
			if old.Tokens(t).Refresh != second.Refresh {
				t.Fatal("the predecessor has another successor")
			}
			s.alive(t, s.Web, current.Tokens(t))
			continue
		}
		old.Refused(t, http.StatusBadRequest, "invalid_grant")
		if current.Status == http.StatusOK {
			s.dead(t, s.Web, current.Tokens(t))
		}
	}
}

func playRevokeRace(t *testing.T, s *Signet) {
	for n := range rounds(50, 500) {
		s.tidy(t, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		handed := []string{first.Refresh, first.Access}
		var got, revoked Answer
		together(func() {
			for range n % 7 {
				runtime.Gosched()
			}
			revoked = s.PostAs(s.Web, Revoke, Form("token", handed[n%2]))
		}, func() { got = s.TryRefresh(s.Web, first.Refresh) })
		revoked.Expect(t, http.StatusOK)
		if got.Status == http.StatusOK {
			s.dead(t, s.Web, got.Tokens(t))
		} else {
			got.Refused(t, http.StatusBadRequest, "invalid_grant")
		}
		s.dead(t, s.Web, first)
	}
}

func playDisableRace(t *testing.T, s *Signet) {
	for n := range rounds(20, 500) {
		s.tidy(t, n)
		first := s.Login(t, s.Web, s.Alice, "openid")
		var got Answer
		together(func() {
			var err error
			switch n % 2 {
			case 0:
				_, err = s.Service.DisableUser(context.Background(), s.Alice.ID, source)
			case 1:
				_, err = s.Service.EndUserSessions(context.Background(), s.Alice.ID, source)
			}
			if err != nil {
				t.Error(err)
			}
		}, func() { got = s.TryRefresh(s.Web, first.Refresh) })
		if got.Status == http.StatusOK {
			s.dead(t, s.Web, got.Tokens(t))
		}
		s.dead(t, s.Web, first)
		_, err := s.Service.EnableUser(context.Background(), s.Alice.ID, source)
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

func playRevokedElsewhere(t *testing.T, a *Signet) {
	b := a.Sibling(t)
	for n := range rounds(30, 1000) {
		a.tidy(t, n)
		tokens := a.Login(t, a.Web, a.Alice, "openid")
		if !b.Active(t, a.Guard, tokens.Access) {
			t.Fatal("not active before the revocation")
		}
		a.Revoke(t, a.Web, tokens.Refresh)
		if b.Active(t, a.Guard, tokens.Access) || b.Active(t, a.Web, tokens.Refresh) {
			t.Fatal("active after the revocation")
		}
		a.Clock.Advance(time.Second)
	}
}
