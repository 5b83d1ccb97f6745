package endpoints_test

import (
	"context"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/endpoints/endpointstest"
	"example.org/signet/issuer"
)

var tester = issuer.RequestInfo{Actor: "test"}

// ends are what ends alice's sessions at web, and what puts things right again.
var ends = map[string]struct {
	end  func(s *endpointstest.Signet, access string) error
	undo func(s *endpointstest.Signet) error
}{
	"revocation": {end: func(s *endpointstest.Signet, access string) error {
		return s.Service.Revoke(context.Background(), issuer.RevokeRequest{
			Client: issuer.ClientAuth{ID: s.Web.ID, Secret: issuer.Secret(s.Web.Secret), Method: issuer.AuthBasic},
			Token:  issuer.Secret(access), Info: tester,
		})
	}},
	"user disabled": {
		end: func(s *endpointstest.Signet, _ string) error {
			_, err := s.Service.DisableUser(context.Background(), s.Alice.ID, tester)
			return err
		},
		undo: func(s *endpointstest.Signet) error {
			_, err := s.Service.EnableUser(context.Background(), s.Alice.ID, tester)
			return err
		},
	},
	"password set": {end: func(s *endpointstest.Signet, _ string) error {
		_, err := s.Service.SetPassword(context.Background(), s.Alice.ID, issuer.Secret(s.Alice.Password), tester)
		return err
	}},
	"client disabled": {
		end:  func(s *endpointstest.Signet, _ string) error { return disableWeb(s, true) },
		undo: func(s *endpointstest.Signet) error { return disableWeb(s, false) },
	},
}

func disableWeb(s *endpointstest.Signet, disabled bool) error {
	_, err := s.Service.UpdateClient(context.Background(), s.Web.ID, issuer.ClientChange{Disabled: &disabled}, tester)
	return err
}

// R20, R21: one instance ends a session while two others refresh it. When the
// end has been answered no token of the session counts anywhere, whoever won.
func TestEndsRaceRefreshOnOtherInstances(t *testing.T) {
	t.Parallel()
	for name, e := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := endpointstest.Start(t, openSQLite)
			all := []*endpointstest.Signet{one, one.Sibling(t), one.Sibling(t)}
			for range endsRaced() {
				handed := raceEnd(t, all, e.end)
				for _, s := range all {
					wantDead(t, s, handed)
				}
				if e.undo == nil {
					continue
				}
				if err := e.undo(one); err != nil {
					t.Fatal(err)
				}
				wantDead(t, one, handed) // nothing is revived
				one.Advance(10 * time.Second)
			}
		})
	}
}

func endsRaced() int {
	if os.Getenv("SIGNET_TEST_SLOW") == "1" {
		return 500
	}
	return 20
}

// raceEnd logs in, lets the first instance end the session while the others
// refresh it, and returns every token that was handed out.
func raceEnd(t *testing.T, all []*endpointstest.Signet, end func(*endpointstest.Signet, string) error) (handed []endpointstest.Tokens) {
	t.Helper()
	first := all[0].Login(t, all[0].Web, all[0].Alice, "openid")
	answers, start := make([]endpointstest.Answer, len(all)), make(chan struct{})
	var racing sync.WaitGroup
	for i, s := range all[1:] {
		racing.Go(func() { <-start; answers[i+1] = s.TryRefresh(s.Web, first.Refresh) })
	}
	var err error
	racing.Go(func() { <-start; err = end(all[0], first.Access) })
	close(start)
	racing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	handed = append(handed, first)
	for _, a := range answers {
		if a.Status == http.StatusOK {
			handed = append(handed, a.Tokens(t))
		}
	}
	return handed
}

// wantDead asks about every token before it presents one, for a token of an
// older generation would itself end the session; then the newest comes first.
func wantDead(t *testing.T, s *endpointstest.Signet, handed []endpointstest.Tokens) {
	t.Helper()
	for _, tokens := range handed {
		if s.Active(t, s.Guard, tokens.Access) {
			t.Error("a token is active after the end was answered")
		}
	}
	for _, tokens := range slices.Backward(handed) {
		if a := s.TryRefresh(s.Web, tokens.Refresh); a.Status != http.StatusBadRequest && a.Status != http.StatusUnauthorized {
			t.Errorf("a refresh after the end was answered: %d %s", a.Status, a.Body)
		}
	}
}

// U02: a hundred parallel guesses over three instances try as many passwords as
// the limit allows, and no more.
func TestGuessesAtThreeInstancesShareOneCount(t *testing.T) {
	const limit, guesses = 5, 100
	one := endpointstest.Start(t, openSQLite, throttledAt(limit))
	all := []*endpointstest.Signet{one, one.Sibling(t), one.Sibling(t)}
	before := evaluations(all)
	answers := make([]endpointstest.Answer, guesses)
	var guessing sync.WaitGroup
	for i := range answers {
		s := all[i%len(all)]
		guessing.Go(func() {
			answers[i] = s.TryLogin(s.Web, endpointstest.Person{Username: "alice", Password: "a wrong guess"}, "")
		})
	}
	guessing.Wait()
	tried := evaluations(all) - before
	statuses := map[int]uint64{}
	for _, a := range answers {
		statuses[a.Status]++
	}
	if tried == 0 || tried > limit || statuses[http.StatusBadRequest] > tried || statuses[http.StatusOK] != 0 {
		t.Errorf("%d passwords were tried, the limit is %d; statuses %v", tried, limit, statuses)
	}
}

func throttledAt(tries int64) func(*endpointstest.Options) {
	return func(o *endpointstest.Options) {
		o.Issuer.Throttle = issuer.Throttle{PerAccountNetwork: issuer.Limit{Attempts: tries, Window: time.Hour}}
	}
}

func evaluations(all []*endpointstest.Signet) (n uint64) {
	for _, s := range all {
		n += s.Passwords.Evaluations()
	}
	return n
}

// U03: however a name is written, tries at it are counted together.
func TestSpellingsShareOneCount(t *testing.T) {
	spellings := []string{"ren\u00e9e", "rene\u0301e", "REN\u00c9E", "\uff52en\u00e9e", "ren\u00e9e@example.com"}
	s := endpointstest.Start(t, openSQLite, throttledAt(int64(len(spellings))))
	p := s.AddUser(t, spellings[0], "user")
	before := s.Passwords.Evaluations()
	for _, name := range spellings {
		s.TryLogin(s.Web, endpointstest.Person{Username: name, Password: "a wrong guess"}, "").Refused(t, http.StatusBadRequest, "invalid_grant")
	}
	for _, name := range spellings {
		s.TryLogin(s.Web, endpointstest.Person{Username: name, Password: p.Password}, "").Refused(t, http.StatusTooManyRequests, "temporarily_unavailable")
	}
	if n := s.Passwords.Evaluations() - before; n != uint64(len(spellings)) {
		t.Errorf("%d passwords were tried, the limit is %d", n, len(spellings))
	}
}
