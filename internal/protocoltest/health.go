package protocoltest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

var healthCases = []testCase{
	{name: "readiness follows the store", run: testReadiness},
	{name: "a store without room is not ready", run: testFullStore},
	{name: "a hanging store does not hang the check", run: testHangingCheck},
	{name: "draining", run: testDraining},
}

// expectEventually asks until the status is right: a ping that takes its time is answered
// by what was known before.
func expectEventually(t testing.TB, s *Signet, path string, status int) Response {
	t.Helper()
	deadline := time.Now().Add(testTimeout)
	for {
		a := s.Get(path)
		if a.Status == status || time.Now().After(deadline) {
			return a.ExpectStatus(t, status)
		}
	}
}

func testReadiness(t *testing.T, s *Signet) {
	expectEventually(t, s, "/readyz", http.StatusOK)
	for range 20 {
		s.Get("/readyz").ExpectStatus(t, http.StatusOK)
		s.Get("/livez").ExpectStatus(t, http.StatusOK)
	}
	if calls := s.Store.Calls(); !slices.Equal(calls, []string{"Ping", "ReserveCounters"}) {
		t.Errorf("the store was asked: %v, want one ping a second, and one write in ten", calls)
	}
	s.Store.FailAt(0)
	s.Get("/readyz").ExpectStatus(t, http.StatusOK) // within the second
	s.Clock.Advance(time.Second)
	a := expectEventually(t, s, "/readyz", http.StatusServiceUnavailable)
	if string(a.Body) != `{"status":"not ready","fault":["store"]}` {
		t.Errorf("body %s", a.Body)
	}
	s.Get("/livez").ExpectStatus(t, http.StatusOK)
	s.Store.Reset()
	s.Clock.Advance(-time.Hour) // a clock set back believes nothing old
	expectEventually(t, s, "/readyz", http.StatusOK)
}

// testFullStore: a store whose disk is full still reads.
func testFullStore(t *testing.T, s *Signet) {
	expectEventually(t, s, "/readyz", http.StatusOK)
	s.Store.Before(func(_ context.Context, _ int, method string) error {
		if method == "Ping" {
			return nil
		}
		return storage.Unavailable("write", errors.New("database or disk is full"))
	})
	s.Clock.Advance(5 * time.Second)
	expectEventually(t, s, "/readyz", http.StatusOK) // it was written a moment ago
	s.Clock.Advance(5 * time.Second)
	a := expectEventually(t, s, "/readyz", http.StatusServiceUnavailable)
	if string(a.Body) != `{"status":"not ready","fault":["store"]}` {
		t.Errorf("body %s", a.Body)
	}
	for range 3 {
		s.Clock.Advance(time.Second)
		expectEventually(t, s, "/readyz", http.StatusServiceUnavailable)
	}
	s.Get("/livez").ExpectStatus(t, http.StatusOK)
	s.Get(JWKS).ExpectStatus(t, http.StatusOK)
	s.Store.Reset()
	s.Clock.Advance(time.Second)
	expectEventually(t, s, "/readyz", http.StatusOK)
}

func testHangingCheck(t *testing.T, s *Signet) {
	expectEventually(t, s, "/readyz", http.StatusOK)
	s.Clock.Advance(time.Minute)
	s.Store.HangAt(0)
	s.Get("/readyz").ExpectStatus(t, http.StatusOK) // what was known before
	s.Get("/livez").ExpectStatus(t, http.StatusOK)
	expectEventually(t, s, "/readyz", http.StatusServiceUnavailable)
	if calls := s.Store.Calls(); len(calls) > 2 {
		t.Errorf("pings pile up: %v", calls)
	}
}

func testDraining(t *testing.T, s *Signet) {
	closes := func(path string) bool {
		_, closed := s.Raw(t, strings.NewReader(s.Head("GET", path, "Accept: */*")))
		return closed
	}
	expectEventually(t, s, "/readyz", http.StatusOK)
	before := closes(JWKS)
	s.Handler.Drain()
	if before || !closes(JWKS) || !closes("/livez") || !closes(UserInfo) {
		t.Error("while draining, and only then, every answer closes its connection")
	}
	a := s.Get("/readyz").ExpectStatus(t, http.StatusServiceUnavailable)
	if string(a.Body) != `{"status":"not ready","fault":["draining"]}` {
		t.Errorf("body %s", a.Body)
	}
	s.Get("/livez").ExpectStatus(t, http.StatusOK)
	s.Login(t, s.Web, s.Alice, "openid") // what is under way goes on
}
