package protocoltest

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

var sessionCases = []testCase{
	{name: "R03 an answer is given again so often and no more", run: testReplayLimit},
	{name: "session limit: the oldest sessions are ended", configure: maxThreeSessions, run: testSessionLimit},
	{name: "too many sessions at once, on three instances", configure: maxThreeSessions, run: testSessionLimitRace},
	{name: "R18 signed out everywhere else", run: testEndOtherSessions},
	{name: "R18 signing out everywhere else against refresh", run: testEndOtherSessionsRace},
	{name: "R17 two secrets in their overlap, on two instances", run: testOverlap},
	{name: "R15 R16 R17 R18 R19 what ends a session ends it on every instance", run: testSessionEndsOnEveryInstance},
	{name: "X45 everything ends at once, on every instance", run: testEpoch},
	{name: "R20 the end of everything against refresh and login", run: testEpochRace},
	{name: "what a session shows", run: testSessionList},
}

func sessionOf(t testing.TB, tokens Tokens) string {
	t.Helper()
	return claims(t, tokens.Access)["sid"].(string)
}

// replays are given by the store alone up to one before the last, for speed.
func testReplayLimit(t *testing.T, s *Signet) {
	const limit = 256
	first := s.Login(t, s.Web, s.Alice, "openid")
	second := s.Refresh(t, s.Web, first.Refresh)
	for range limit - 2 {
		_, err := s.backend.CountReplay(context.Background(), storage.Replay{
			SessionID: sessionOf(t, first), ClientID: s.Web.ID, Generation: 1, At: s.Clock.Now(), Since: s.Clock.Now().Add(-time.Minute), Until: s.Clock.Now(), Limit: limit,
		})
		must(t, err)
	}
	for range 2 {
		if again := s.Refresh(t, s.Web, first.Refresh); again.Refresh != second.Refresh {
			t.Error("a repeated refresh gives another refresh token")
		}
	}
	for range 3 {
		s.TryRefresh(s.Web, first.Refresh).expectThrottled(t)
	}
	if n := s.events(t, audit.EventRefreshReplayLimit); n != 1 {
		t.Errorf("%d events say that the cap was reached, want 1", n)
	}
	third := s.expectActive(t, s.Web, second) // nothing has changed for who has the newest
	s.Refresh(t, s.Web, second.Refresh)
	s.expectActive(t, s.Web, third)
	s.expectRefreshRejected(t, s.Web, first.Refresh) // and a thief is a thief
	s.expectEnded(t, s.Web, second, third)
}

func maxThreeSessions(o *Options) { o.Issuer.MaxSessions = 3 }

func testSessionLimit(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	bystanders := []Tokens{a.Login(t, a.Other, a.Alice, "openid"), a.Login(t, a.Web, a.Editor, "openid")}
	var all []Tokens
	for n := range 6 {
		instance := []*Signet{a, b}[n%2]
		all = append(all, instance.Login(t, a.Web, a.Alice, "openid"))
		all[0] = refreshUnless(t, a, n > 2, all[0]) // however fresh, it began first
		a.Clock.Advance(time.Second)
	}
	a.expectEnded(t, a.Web, all[:3]...)
	for _, tokens := range all[3:] {
		b.expectActive(t, a.Web, tokens)
	}
	a.expectActive(t, a.Other, bystanders[0])
	a.expectActive(t, a.Web, bystanders[1])
	if n := a.events(t, audit.EventSessionDisplaced); n != 3 {
		t.Errorf("%d events of sessions that made room, want 3", n)
	}
}

func refreshUnless(t testing.TB, s *Signet, not bool, tokens Tokens) Tokens {
	t.Helper()
	if not {
		return tokens
	}
	return s.Refresh(t, s.Web, tokens.Refresh)
}

// testSessionLimitRace: all begin at the same moment of the clock. Whoever is answered
// 200 had a living session; in the end the newest three live, no more, no fewer.
func testSessionLimitRace(t *testing.T, a *Signet) {
	instances := []*Signet{a, a.StartInstance(t), a.StartInstance(t)}
	for range rounds(2, 50) {
		var mu sync.Mutex
		var answered []Tokens
		var jobs []func()
		for n := range 9 {
			jobs = append(jobs, func() {
				got := instances[n%3].TryLogin(a.Web, a.Alice, "openid")
				if got.Status != http.StatusOK {
					got.ExpectError(t, http.StatusServiceUnavailable, "temporarily_unavailable")
					return
				}
				mu.Lock()
				defer mu.Unlock()
				answered = append(answered, got.Tokens(t))
			})
		}
		runConcurrently(jobs...)
		page, err := a.operator().Sessions().List(context.Background(), admin.SessionQuery{UserID: a.Alice.ID, ClientID: a.Web.ID, Active: true}, storage.Page{})
		must(t, err)
		if len(page.Items) != 3 {
			t.Errorf("%d sessions are alive, want 3", len(page.Items))
		}
		living := 0
		for _, tokens := range answered {
			if a.Active(t, a.ResourceServer, tokens.Access) {
				living++
			}
		}
		if living != 3 {
			t.Errorf("of %d logins answered with tokens %d are alive, want the newest 3", len(answered), living)
		}
		a.Clock.Advance(time.Second)
		a.expectActive(t, a.Web, a.Login(t, a.Web, a.Alice, "openid"))
		a.Clock.Advance(time.Second) // the next ones are newer
	}
}

func testEndOtherSessions(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	mine, others := a.Login(t, a.Web, a.Alice, "openid"), []Tokens{a.Login(t, a.Web, a.Alice, "openid"), b.Login(t, a.Other, a.Alice, "openid")}
	bystander := a.Login(t, a.Web, a.Editor, "openid")
	_, err := a.owner(t, a.Alice, mine).EndOtherSessions(context.Background())
	must(t, err)
	for _, instance := range []*Signet{b, a} {
		mine = instance.expectActive(t, a.Web, mine)
		instance.expectEnded(t, a.Web, others[0])
		instance.expectEnded(t, a.Other, others[1])
	}
	a.expectActive(t, a.Web, bystander)
	a.expectActive(t, a.Web, a.Login(t, a.Web, a.Alice, "openid"))
	_, err = b.operator().Users().EndSessions(context.Background(), a.Alice.ID)
	must(t, err)
	a.expectEnded(t, a.Web, mine)
}

// testEndOtherSessionsRace: the current session stays active, and every other one ends.
func testEndOtherSessionsRace(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	for range rounds(10, 300) {
		mine, other := a.Login(t, a.Web, a.Alice, "openid"), a.Login(t, a.Web, a.Alice, "openid")
		var kept, ended Response
		runConcurrently(func() {
			if _, err := a.owner(t, a.Alice, mine).EndOtherSessions(context.Background()); err != nil {
				t.Error(err)
			}
		}, func() { kept = b.TryRefresh(a.Web, mine.Refresh) }, func() { ended = b.TryRefresh(a.Web, other.Refresh) })
		a.expectActive(t, a.Web, kept.Tokens(t))
		if ended.Status == http.StatusOK {
			b.expectEnded(t, a.Web, ended.Tokens(t))
		}
		b.expectEnded(t, a.Web, other)
	}
}

func testOverlap(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	tokens := a.Login(t, a.Web, a.Alice, "openid")
	b.Refresh(t, a.Web, tokens.Refresh) // remembers the client
	tokens = a.Refresh(t, a.Web, tokens.Refresh)
	fresh := Client{a.Web.ID, a.NewSecret("fresh-client-secret")}
	_, err := a.operator().Clients().RotateSecret(context.Background(), a.Web.ID, admin.SecretRotation{Secret: issuer.Secret(fresh.Secret), Overlap: time.Hour})
	must(t, err)
	for _, c := range []Client{a.Web, fresh} {
		for _, instance := range []*Signet{a, b} {
			tokens = instance.Refresh(t, c, tokens.Refresh)
		}
	}
	a.Advance(time.Hour)
	for _, instance := range []*Signet{a, b} {
		instance.TryRefresh(a.Web, tokens.Refresh).expectInvalidClient(t)
		tokens = instance.Refresh(t, fresh, tokens.Refresh)
	}
}

func testSessionList(t *testing.T, s *Signet) {
	agent := "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	form := Form("grant_type", "password", "username", s.Alice.Username, "password", s.Alice.Password)
	tokens := s.Post(Token, form, Basic(s.Web), Header("User-Agent", agent)).Tokens(t)
	page, err := s.owner(t, s.Alice, tokens).Sessions(context.Background(), storage.Page{})
	must(t, err)
	if len(page.Items) != 1 {
		t.Fatalf("%d sessions, want 1", len(page.Items))
	}
	if got := page.Items[0]; got.Device != "Safari 18 on iPhone" || got.Network != "127.0.0.0/24" || !got.Current || got.ClientID != s.Web.ID {
		t.Errorf("the session shows %+v", got)
	}
}

func testEpoch(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	first, elsewhere, own := a.Login(t, a.Web, a.Alice, "openid"), a.Login(t, a.Other, a.Editor, "openid"), b.ClientToken(t, a.Machine)
	second := b.Refresh(t, a.Web, first.Refresh)
	_, err := a.owner(t, a.Alice, second).EndOtherSessions(context.Background())
	must(t, err)
	_, err = a.operator().Sessions().EndAll(context.Background())
	must(t, err)
	for _, instance := range []*Signet{b, a} { // at once, though they remember clients and roles
		instance.expectEnded(t, a.Web, first, second) // also the one that a user had kept
		instance.expectEnded(t, a.Other, elsewhere)
		if instance.Active(t, a.ResourceServer, own.Access) {
			t.Error("a client's own token is active")
		}
	}
	a.Advance(time.Second)
	own = b.ClientToken(t, a.Machine)
	for _, instance := range []*Signet{a, b} {
		if !instance.Active(t, a.ResourceServer, own.Access) {
			t.Error("a client's token of after is not active")
		}
		instance.expectActive(t, a.Web, instance.Login(t, a.Web, a.Alice, "openid"))
	}
}

// testEpochRace: a session that is issued while all sessions end belongs to the old epoch and
// is ended, or to the new one and stays active.
func testEpochRace(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	for n := range rounds(10, 500) {
		first := a.Login(t, a.Web, a.Alice, "openid")
		var refreshed, login Response
		runConcurrently(func() {
			if _, err := a.operator().Sessions().EndAll(context.Background()); err != nil {
				t.Error(err)
			}
		}, func() { refreshed = b.TryRefresh(a.Web, first.Refresh) }, func() { login = b.TryLogin(a.Web, a.Alice, "openid") })
		if refreshed.Status == http.StatusOK {
			b.expectEnded(t, a.Web, refreshed.Tokens(t))
		}
		b.expectEnded(t, a.Web, first)
		newest := login.Tokens(t)
		if a.Active(t, a.ResourceServer, newest.Access) {
			a.expectActive(t, a.Web, newest)
		} else {
			b.expectEnded(t, a.Web, newest)
		}
		if e, err := a.backend.Epoch(context.Background()); err != nil || e.Number != int64(n+1) {
			t.Errorf("the epoch is %+v, %v", e, err)
		}
	}
}
