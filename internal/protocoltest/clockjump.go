package protocoltest

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.org/signet/storage"
)

// clockJumpCases are about an instance whose clock is wrong for a while.
var clockJumpCases = []testCase{
	{name: "X30 a start with the clock a year ahead sweeps nothing", run: testSweepAYearAhead},
	{name: "a session is swept a day after its end, as time passes", run: testSweepAsTimePasses},
	{name: "a sweep in the first minutes deletes nothing", run: testSweepAfterStart},
	{name: "R09 a rotation in the future is in no replay window", run: testReplayAfterStepBack},
}

func (s *Signet) sweep(t testing.TB) int64 {
	t.Helper()
	n, err := s.Service.Sweep(context.Background())
	must(t, err)
	return n
}

func expectStored(t testing.TB, s *Signet, tokens Tokens, want bool) {
	t.Helper()
	_, err := s.backend.Session(context.Background(), sessionOf(t, tokens))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		t.Fatal(err)
	}
	if got := err == nil; got != want {
		t.Errorf("the session is stored: %t, want %t", got, want)
	}
}

// testSweepAYearAhead: all that an instance writes with the wrong clock, and however
// often it sweeps, takes no session away that was alive when it started.
func testSweepAYearAhead(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.Clock.Advance(365 * 24 * time.Hour)
	wrong := s.StartInstance(t)
	for range 3 {
		wrong.Advance(10 * time.Minute)
		wrong.Login(t, s.Web, s.Alice, "openid")
		wrong.sweep(t)
		expectStored(t, s, tokens, true)
	}
}

func testSweepAsTimePasses(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.Advance(72*time.Hour + 24*time.Hour) // the session and the margin
	s.sweep(t)
	expectStored(t, s, tokens, true)
	s.Advance(time.Second)
	s.sweep(t)
	expectStored(t, s, tokens, false)
}

func testSweepAfterStart(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.Advance(100 * time.Hour)
	s.Login(t, s.Web, s.Alice, "openid") // the clock is right: there is a newer record
	s.Advance(time.Second)
	started := s.StartInstance(t)
	if n := started.sweep(t); n != 0 {
		t.Errorf("swept %d records at the start", n)
	}
	s.Advance(3 * time.Minute)
	if n := started.sweep(t); n != 0 {
		t.Errorf("swept %d records in the first minutes", n)
	}
	expectStored(t, s, tokens, true)
	s.Advance(time.Minute)
	started.sweep(t)
	expectStored(t, s, tokens, false)
}

// testReplayAfterStepBack: a rotation before the clock was set back does not open a replay
// window as long as the step.
func testReplayAfterStepBack(t *testing.T, s *Signet) {
	first := s.Login(t, s.Web, s.Alice, "openid")
	second := s.Refresh(t, s.Web, first.Refresh)
	s.Clock.Advance(-50 * time.Second) // as far as clocks may differ: another instance's
	if again := s.Refresh(t, s.Web, first.Refresh); again.Refresh != second.Refresh {
		t.Error("within the skew the answer is not given again")
	}
	s.Clock.Advance(-time.Hour)
	s.expectRefreshRejected(t, s.Web, first.Refresh)
	s.expectEnded(t, s.Web, first, second)
}
