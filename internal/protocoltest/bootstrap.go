package protocoltest

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer"
)

// Bootstrap makes the first super_admin.
const Bootstrap = "/api/v1/bootstrap"

const bootstrapSecret = "a-bootstrap-secret-of-this-test"

var bootstrapCases = []testCase{
	{name: "U22 no secret, no first administrator", configure: mergedAdmin, run: testNoBootstrap},
	{name: "U22 the first administrator, once", configure: withBootstrap, run: testBootstrap},
	{name: "U23 twenty first administrators at three instances", configure: withBootstrap, run: testBootstrapRace},
	{name: "U23 a stop in the middle", configure: withBootstrap, run: testBootstrapFaults},
	{name: "U04 guesses at the bootstrap secret are counted", configure: throttledBootstrap, run: testBootstrapGuesses},
}

func withBootstrap(o *Options) {
	mergedAdmin(o)
	o.Admin.BootstrapSecret = bootstrapSecret
}

func throttledBootstrap(o *Options) {
	withBootstrap(o)
	o.Issuer.Throttle = issuer.Throttle{PerAccountNetwork: issuer.Limit{Attempts: 3, Window: time.Hour}}
}

func bootstrapBody(s *Signet, name, secret string) Object {
	return s.registration(name).with("secret", secret)
}

func testNoBootstrap(t *testing.T, s *Signet) {
	for _, secret := range []string{"", "x", bootstrapSecret} {
		s.JSON("POST", Bootstrap, bootstrapBody(s, "first", secret)).ExpectProblem(t, http.StatusForbidden, "access_denied")
	}
	if n := countSuperAdmins(t, s); n != 0 {
		t.Errorf("%d super_admins", n)
	}
}

func testBootstrap(t *testing.T, s *Signet) {
	s.Log.MarkSecret(bootstrapSecret)
	for _, secret := range []string{"", "x", bootstrapSecret + "x", bootstrapSecret[1:]} {
		s.JSON("POST", Bootstrap, bootstrapBody(s, "first", secret)).ExpectProblem(t, http.StatusForbidden, "access_denied")
	}
	s.JSON("POST", Bootstrap, Object{"secret": bootstrapSecret}).ExpectProblem(t, 422, "invalid_field", "username", "password")
	s.JSON("POST", Bootstrap, bootstrapBody(s, "ALICE", bootstrapSecret)).ExpectProblem(t, http.StatusConflict, "duplicate", "username")
	body := bootstrapBody(s, "first", bootstrapSecret)
	a := s.JSON("POST", Bootstrap, body).ExpectStatus(t, http.StatusCreated)
	first := User{ID: a.Object(t)["id"].(string), Username: "first", Password: body["password"].(string)}
	s.JSON("POST", Bootstrap, body).ExpectProblem(t, http.StatusConflict, "already_bootstrapped")
	s.JSON("POST", Bootstrap, bootstrapBody(s, "second", bootstrapSecret)).ExpectProblem(t, http.StatusConflict, "already_bootstrapped")
	s.portal = s.Portal(t)
	s.JSON("GET", KeysPath, nil, loginAtPortal(t, s, first)).ExpectStatus(t, http.StatusOK)
	// Once is once, whatever became of them.
	must(t, s.operator().AllowNoSuperAdmin().Users().Delete(t.Context(), first.ID))
	s.JSON("POST", Bootstrap, bootstrapBody(s, "third", bootstrapSecret)).ExpectProblem(t, http.StatusConflict, "already_bootstrapped")
}

func testBootstrapRace(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	responses := make([]Response, 20)
	var all sync.WaitGroup
	for n := range responses {
		body := bootstrapBody(s, fmt.Sprintf("first%d", n%10), bootstrapSecret) // some want the same name
		all.Go(func() { responses[n] = instances[n%len(instances)].JSON("POST", Bootstrap, body) })
	}
	all.Wait()
	made := 0
	for _, a := range responses {
		switch {
		case a.Status == http.StatusCreated:
			made++
		case a.Status != http.StatusConflict:
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if made != 1 || countSuperAdmins(t, s) != 1 {
		t.Errorf("%d were told that they are the first, %d are", made, countSuperAdmins(t, s))
	}
}

// testBootstrapFaults fails each call to the store in turn. Bootstrap needs a store without
// users, so each fault uses a Signet whose store has seen the earlier faults only.
func testBootstrapFaults(t *testing.T, s *Signet) {
	for n := 1; countSuperAdmins(t, s) == 0; n++ {
		if n > maxCalls {
			t.Fatal("there is no end to it")
		}
		s.Store.FailAt(n)
		a := s.JSON("POST", Bootstrap, bootstrapBody(s, fmt.Sprintf("first%d", n), bootstrapSecret))
		s.Store.Reset()
		if a.Status != http.StatusServiceUnavailable && a.Status != http.StatusCreated {
			t.Errorf("call %d fails: %d %s", n, a.Status, a.Body)
		}
	}
	s.JSON("POST", Bootstrap, bootstrapBody(s, "late", bootstrapSecret)).ExpectProblem(t, http.StatusConflict, "already_bootstrapped")
	if n := countSuperAdmins(t, s); n != 1 {
		t.Errorf("%d super_admins", n)
	}
}

func testBootstrapGuesses(t *testing.T, s *Signet) {
	for range 3 {
		s.JSON("POST", Bootstrap, bootstrapBody(s, "first", "wrong")).ExpectProblem(t, http.StatusForbidden, "access_denied")
	}
	s.JSON("POST", Bootstrap, bootstrapBody(s, "first", bootstrapSecret)).ExpectProblem(t, http.StatusTooManyRequests, "temporarily_unavailable")
	s.Clock.Advance(time.Hour)
	s.JSON("POST", Bootstrap, bootstrapBody(s, "first", bootstrapSecret)).ExpectStatus(t, http.StatusCreated)
}
