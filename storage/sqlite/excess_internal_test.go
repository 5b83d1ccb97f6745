package sqlite

import (
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
)

// ofOneUser makes sessions of user 0, each a second newer than the one before.
func ofOneUser(t *testing.T, s *Store, from, to int, change func(*storage.Session)) {
	t.Helper()
	var all []storage.Session
	for n := from; n < to; n++ {
		v := realisticSession(n)
		v.UserID = realisticSession(0).UserID
		v.CreatedAt = start.Add(time.Duration(n) * time.Second)
		change(&v)
		all = append(all, v)
	}
	if err := s.Fill(t.Context(), nil, all); err != nil {
		t.Fatal(err)
	}
}

func alive(*storage.Session) {}

// pending are codes that nobody redeems.
func pending(s *storage.Session) {
	s.Generation, s.AMR = storage.PendingGeneration, []string{"pwd"}
	s.Code = storage.Code{RedirectHash: "hash", Challenge: "challenge", Until: s.ExpiresAt}
}

// What a login and a redemption look for costs the same however many codes nobody has redeemed and
// however many sessions have ended, and next to nothing more for each living session.
func TestExcessStepsDoNotGrow(t *testing.T) {
	const keep = 1000
	excess := excessQuery(storage.SessionOwner{UserID: realisticSession(0).UserID, ClientID: realisticSession(0).ClientID}, start, start.Add(-time.Hour), keep, 100)
	s := openTest(t)
	steps := func() int {
		t.Helper()
		steps, rows := newStepCounter(t, s.Path()).steps(excess)
		if rows != 0 {
			t.Fatalf("%d sessions are too many", rows)
		}
		return steps
	}
	ofOneUser(t, s, 0, 1, alive)
	one := steps()
	ofOneUser(t, s, 1_000, 1_500, pending)
	if with := steps(); with > one+1 {
		t.Errorf("%d steps beside 500 codes that nobody redeemed, %d without", with, one)
	}
	ofOneUser(t, s, 2_000, 2_500, func(s *storage.Session) { s.RevokedAt = start })
	if with := steps(); with > one+1 {
		t.Errorf("%d steps beside 500 ended sessions, %d without", with, one)
	}
	ofOneUser(t, s, 1, 501, alive)
	if with := steps(); with > one+501*4 {
		t.Errorf("%d steps for 501 living sessions, %d for one: more than 4 for each", with, one)
	}
}

// A refresh writes to no index.
func TestRotationTouchesNoIndex(t *testing.T) {
	s := openTest(t)
	indexes, err := connAll(s.writer.conn, "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'sessions' AND sql <> ''", scanString, nil)
	if err != nil || len(indexes) < 4 {
		t.Fatalf("the indexes are %q: %v", indexes, err)
	}
	for _, text := range indexes {
		for _, column := range []string{"generation", "rotated_at", "replays"} {
			if strings.Contains(text, column) {
				t.Errorf("a refresh changes %s, which is in %s", column, text)
			}
		}
	}
}
