package endpoints_test

import (
	"context"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

var testSource = issuer.RequestInfo{Actor: "test"}

// sessionEndings end alice's sessions at web; undo restores the state.
var sessionEndings = map[string]struct {
	end  func(s *protocoltest.Signet, access string) error
	undo func(s *protocoltest.Signet) error
}{
	"revocation": {end: func(s *protocoltest.Signet, access string) error {
		return s.Service.Revoke(context.Background(), issuer.RevokeRequest{
			Client: issuer.ClientAuth{ID: s.Web.ID, Secret: issuer.Secret(s.Web.Secret), Method: issuer.AuthBasic},
			Token:  issuer.Secret(access), Info: testSource,
		})
	}},
	"user disabled": {
		end: func(s *protocoltest.Signet, _ string) error {
			_, err := s.Admin.Operator(testSource).Users().Disable(context.Background(), s.Alice.ID)
			return err
		},
		undo: func(s *protocoltest.Signet) error {
			_, err := s.Admin.Operator(testSource).Users().Enable(context.Background(), s.Alice.ID)
			return err
		},
	},
	"password set": {end: func(s *protocoltest.Signet, _ string) error {
		_, err := s.Admin.Operator(testSource).Users().SetPassword(context.Background(), s.Alice.ID, admin.NewPassword{Password: issuer.Secret(s.Alice.Password)})
		return err
	}},
	"client disabled": {
		end:  func(s *protocoltest.Signet, _ string) error { return disableWeb(s, true) },
		undo: func(s *protocoltest.Signet) error { return disableWeb(s, false) },
	},
}

func disableWeb(s *protocoltest.Signet, disabled bool) error {
	_, err := s.Admin.Operator(testSource).Clients().Update(context.Background(), s.Web.ID, admin.ClientChange{Disabled: &disabled})
	return err
}

// R20, R21: one instance ends a session while two others refresh it. When the
// end has been answered no token of the session counts anywhere, whoever won.
func TestSessionEnd_RacesRefreshOnOtherInstances(t *testing.T) {
	t.Parallel()
	for name, e := range sessionEndings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := protocoltest.Start(t, openSQLite)
			all := []*protocoltest.Signet{one, one.StartInstance(t), one.StartInstance(t)}
			for range raceRounds() {
				issued := raceSessionEnd(t, all, e.end)
				for _, s := range all {
					expectEnded(t, s, issued)
				}
				if e.undo == nil {
					continue
				}
				if err := e.undo(one); err != nil {
					t.Fatal(err)
				}
				expectEnded(t, one, issued) // nothing is revived
				one.Advance(10 * time.Second)
			}
		})
	}
}

func raceRounds() int {
	if os.Getenv("SIGNET_TEST_SLOW") == "1" {
		return 500
	}
	return 20
}

// raceSessionEnd logs in, lets the first instance end the session while the others
// refresh it, and returns every token that was handed out.
func raceSessionEnd(t *testing.T, all []*protocoltest.Signet, end func(*protocoltest.Signet, string) error) (issued []protocoltest.Tokens) {
	t.Helper()
	first := all[0].Login(t, all[0].Web, all[0].Alice, "openid")
	responses, start := make([]protocoltest.Response, len(all)), make(chan struct{})
	var racing sync.WaitGroup
	for i, s := range all[1:] {
		racing.Go(func() { <-start; responses[i+1] = s.TryRefresh(s.Web, first.Refresh) })
	}
	var err error
	racing.Go(func() { <-start; err = end(all[0], first.Access) })
	close(start)
	racing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	issued = append(issued, first)
	for _, a := range responses {
		if a.Status == http.StatusOK {
			issued = append(issued, a.Tokens(t))
		}
	}
	return issued
}

// expectEnded introspects every token before it presents one, for a token of an
// older generation would itself end the session; then the newest comes first.
func expectEnded(t *testing.T, s *protocoltest.Signet, issued []protocoltest.Tokens) {
	t.Helper()
	for _, tokens := range issued {
		if s.Active(t, s.ResourceServer, tokens.Access) {
			t.Error("a token is active after the end was answered")
		}
	}
	for _, tokens := range slices.Backward(issued) {
		if a := s.TryRefresh(s.Web, tokens.Refresh); a.Status != http.StatusBadRequest && a.Status != http.StatusUnauthorized {
			t.Errorf("a refresh after the end was answered: %d %s", a.Status, a.Body)
		}
	}
}

// U02: a hundred parallel guesses over three instances try as many passwords as
// the limit allows, and no more.
func TestThrottle_IsSharedByInstances(t *testing.T) {
	const limit, guesses = 5, 100
	one := protocoltest.Start(t, openSQLite, throttledAt(limit))
	all := []*protocoltest.Signet{one, one.StartInstance(t), one.StartInstance(t)}
	before := evaluations(all)
	responses := make([]protocoltest.Response, guesses)
	var guessing sync.WaitGroup
	for i := range responses {
		s := all[i%len(all)]
		guessing.Go(func() {
			responses[i] = s.TryLogin(s.Web, protocoltest.User{Username: "alice", Password: "a wrong guess"}, "")
		})
	}
	guessing.Wait()
	tried := evaluations(all) - before
	statuses := map[int]uint64{}
	for _, a := range responses {
		statuses[a.Status]++
	}
	if tried == 0 || tried > limit || statuses[http.StatusBadRequest] > tried || statuses[http.StatusOK] != 0 {
		t.Errorf("%d passwords were tried, the limit is %d; statuses %v", tried, limit, statuses)
	}
}

func throttledAt(tries int64) func(*protocoltest.Options) {
	return func(o *protocoltest.Options) {
		o.Issuer.Throttle = issuer.Throttle{PerAccountNetwork: issuer.Limit{Attempts: tries, Window: time.Hour}}
	}
}

func evaluations(all []*protocoltest.Signet) (n uint64) {
	for _, s := range all {
		n += s.Passwords.Evaluations()
	}
	return n
}

// U03: however a name is written, tries at it are counted together.
func TestThrottle_CountsNormalizedUsername(t *testing.T) {
	spellings := []string{"ren\u00e9e", "rene\u0301e", "REN\u00c9E", "\uff52en\u00e9e", "ren\u00e9e@example.com"}
	s := protocoltest.Start(t, openSQLite, throttledAt(int64(len(spellings))))
	p := s.AddUser(t, spellings[0], "user")
	before := s.Passwords.Evaluations()
	for _, name := range spellings {
		s.TryLogin(s.Web, protocoltest.User{Username: name, Password: "a wrong guess"}, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
	}
	for _, name := range spellings {
		s.TryLogin(s.Web, protocoltest.User{Username: name, Password: p.Password}, "").ExpectError(t, http.StatusTooManyRequests, "temporarily_unavailable")
	}
	if n := s.Passwords.Evaluations() - before; n != uint64(len(spellings)) {
		t.Errorf("%d passwords were tried, the limit is %d", n, len(spellings))
	}
}
