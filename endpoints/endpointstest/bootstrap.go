package endpointstest

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

var bootstrapScenes = []scene{
	{name: "U22 no secret, no first administrator", adjust: merged, play: playNoBootstrap},
	{name: "U22 the first administrator, once", adjust: bootstrapping, play: playBootstrap},
	{name: "U23 twenty first administrators at three instances", adjust: bootstrapping, play: playBootstrapRace},
	{name: "U23 a stop in the middle", adjust: bootstrapping, play: playBootstrapFaults},
	{name: "U04 guesses at the bootstrap secret are counted", adjust: guardedBootstrap, play: playBootstrapGuesses},
}

func bootstrapping(o *Options) {
	merged(o)
	o.Issuer.BootstrapSecret = bootstrapSecret
}

func guardedBootstrap(o *Options) {
	bootstrapping(o)
	o.Issuer.Throttle = issuer.Throttle{PerAccountNetwork: issuer.Limit{Attempts: 3, Window: time.Hour}}
}

func (s *Signet) first(name, secret string) O { return s.newcomer(name).with("secret", secret) }

func playNoBootstrap(t *testing.T, s *Signet) {
	for _, secret := range []string{"", "x", bootstrapSecret} {
		s.JSON("POST", Bootstrap, s.first("first", secret)).Problem(t, http.StatusForbidden, "access_denied")
	}
	if n := s.supers(t); n != 0 {
		t.Errorf("%d super_admins", n)
	}
}

func playBootstrap(t *testing.T, s *Signet) {
	s.Log.Secret(bootstrapSecret)
	for _, secret := range []string{"", "x", bootstrapSecret + "x", bootstrapSecret[1:]} {
		s.JSON("POST", Bootstrap, s.first("first", secret)).Problem(t, http.StatusForbidden, "access_denied")
	}
	s.JSON("POST", Bootstrap, O{"secret": bootstrapSecret}).Problem(t, 422, "invalid_field", "username", "password")
	s.JSON("POST", Bootstrap, s.first("ALICE", bootstrapSecret)).Problem(t, http.StatusConflict, "duplicate", "username")
	body := s.first("first", bootstrapSecret)
	a := s.JSON("POST", Bootstrap, body).Expect(t, http.StatusCreated)
	first := Person{ID: a.Object(t)["id"].(string), Username: "first", Password: body["password"].(string)}
	s.JSON("POST", Bootstrap, body).Problem(t, http.StatusConflict, "already_bootstrapped")
	s.JSON("POST", Bootstrap, s.first("second", bootstrapSecret)).Problem(t, http.StatusConflict, "already_bootstrapped")
	s.portal = s.Portal(t)
	s.JSON("GET", KeysPath, nil, s.as(t, first)).Expect(t, http.StatusOK)
	// Once is once, whatever became of them.
	forced := source
	forced.Allow = issuer.AllowNoSuperAdmin
	must(t, s.Service.DeleteUser(t.Context(), first.ID, forced))
	s.JSON("POST", Bootstrap, s.first("third", bootstrapSecret)).Problem(t, http.StatusConflict, "already_bootstrapped")
}

func playBootstrapRace(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.Sibling(t), s.Sibling(t)}
	answers := make([]Answer, 20)
	var all sync.WaitGroup
	for n := range answers {
		body := s.first(fmt.Sprintf("first%d", n%10), bootstrapSecret) // some want the same name
		all.Go(func() { answers[n] = instances[n%len(instances)].JSON("POST", Bootstrap, body) })
	}
	all.Wait()
	made := 0
	for _, a := range answers {
		switch {
		case a.Status == http.StatusCreated:
			made++
		case a.Status != http.StatusConflict:
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if made != 1 || s.supers(t) != 1 {
		t.Errorf("%d were told that they are the first, %d are", made, s.supers(t))
	}
}

// playBootstrapFaults stops at every call to the store. It begins where nobody
// is, so each fault gets a Signet whose store has seen the faults before it.
func playBootstrapFaults(t *testing.T, s *Signet) {
	for n := 1; s.supers(t) == 0; n++ {
		if n > maxCalls {
			t.Fatal("there is no end to it")
		}
		s.Store.FailAt(n)
		a := s.JSON("POST", Bootstrap, s.first(fmt.Sprintf("first%d", n), bootstrapSecret))
		s.Store.Forget()
		if a.Status != http.StatusServiceUnavailable && a.Status != http.StatusCreated {
			t.Errorf("call %d fails: %d %s", n, a.Status, a.Body)
		}
	}
	s.JSON("POST", Bootstrap, s.first("late", bootstrapSecret)).Problem(t, http.StatusConflict, "already_bootstrapped")
	if n := s.supers(t); n != 1 {
		t.Errorf("%d super_admins", n)
	}
}

func playBootstrapGuesses(t *testing.T, s *Signet) {
	for range 3 {
		s.JSON("POST", Bootstrap, s.first("first", "wrong")).Problem(t, http.StatusForbidden, "access_denied")
	}
	s.JSON("POST", Bootstrap, s.first("first", bootstrapSecret)).Problem(t, http.StatusTooManyRequests, "temporarily_unavailable")
	s.Clock.Advance(time.Hour)
	s.JSON("POST", Bootstrap, s.first("first", bootstrapSecret)).Expect(t, http.StatusCreated)
}
