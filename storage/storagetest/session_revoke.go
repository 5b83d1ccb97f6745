package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

// How sessions end: revoked one by one, by owner, or swept after their time.
var sessionRevokeContracts = []contract{
	{"Revoke", sessionRevoke},
	{"RevokeRace", sessionRevokeRace},
	{"RevokeAll", sessionRevokeAll},
	{"RevokeAllLeavesTheRevoked", sessionRevokeAllLeavesTheRevoked},
	{"RevokeAllRace", sessionRevokeAllRace},
	{"SweepBorder", sessionSweepBorder},
	{"SweepIsBounded", sessionSweepIsBounded},
	{"SweepNothing", sessionSweepNothing},
}

func sessionRevoke(t *testing.T, s storage.Store) {
	ctx := t.Context()
	session, other := createSession(t, s, newSession(1)), createSession(t, s, newSession(2))
	noErr(t, "RevokeSession", s.RevokeSession(ctx, session.ID, start, "logout"))
	session = revokedSession(session, start, "logout")
	wantSession(t, s, session)
	noErr(t, "RevokeSession again", s.RevokeSession(ctx, session.ID, start.Add(time.Hour), "reuse"))
	noErr(t, "RevokeSession again, earlier", s.RevokeSession(ctx, session.ID, start.Add(-time.Hour), ""))
	wantSession(t, s, session)
	wantSession(t, s, other)
}

// sessionRevokeRace: all succeed, one is on record.
func sessionRevokeRace(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Millisecond) }
	for _, err := range race(racers, func(i int) error {
		return s.RevokeSession(t.Context(), session.ID, at(i), fmt.Sprint(i))
	}) {
		noErr(t, "RevokeSession", err)
	}
	got, err := s.Session(t.Context(), session.ID)
	noErr(t, "Session", err)
	var first int
	if _, err := fmt.Sscan(got.Reason, &first); err != nil {
		t.Fatalf("the reason is %q", got.Reason)
	}
	session = revokedSession(session, at(first), got.Reason)
	wantEqual(t, "the session", got, session) // time and reason are of one caller
}

func wantRevokedAll(t *testing.T, s storage.Store, f storage.SessionFilter, want int64) {
	t.Helper()
	n, err := s.RevokeAll(t.Context(), f, start.Add(time.Second), "disabled")
	noErr(t, "RevokeAll", err)
	wantEqual(t, fmt.Sprintf("how many RevokeAll %+v revoked", f), n, want)
}

// revokedIDs lists the sessions that are revoked, all for the same reason.
func revokedIDs(t *testing.T, s storage.Store, at time.Time, reason string) []string {
	t.Helper()
	page, err := s.ListSessions(t.Context(), storage.SessionFilter{}, storage.Page{})
	noErr(t, "ListSessions", err)
	var ids []string
	for _, session := range page.Sessions {
		switch {
		case session.RevokedAt.IsZero():
			wantEqual(t, "the reason of a living session", session.Reason, "")
		case session.RevokedAt.Equal(at) && session.Reason == reason:
			ids = append(ids, session.ID)
		}
	}
	return ids
}

func sessionRevokeAll(t *testing.T, s storage.Store) {
	selected := ownedSessions(t, s)
	for _, f := range []storage.SessionFilter{
		{UserID: "user-404"}, {ClientID: "client-404"}, {UserID: "user"}, {UserID: "client-1", ClientID: "user-1"},
	} {
		wantRevokedAll(t, s, f, 0)
	}
	both := storage.SessionFilter{UserID: "user-1", ClientID: "client-1"}
	wantRevokedAll(t, s, both, 2)
	wantEqual(t, "the revoked", revokedIDs(t, s, start.Add(time.Second), "disabled"), selected(both))
	user := storage.SessionFilter{UserID: "user-1"}
	wantRevokedAll(t, s, user, 2) // two of four were revoked before
	wantEqual(t, "the revoked", revokedIDs(t, s, start.Add(time.Second), "disabled"), selected(user))
	wantRevokedAll(t, s, storage.SessionFilter{ClientID: "client-0"}, 4)
	wantRevokedAll(t, s, storage.SessionFilter{}, 4)
	wantRevokedAll(t, s, storage.SessionFilter{}, 0)
	wantEqual(t, "the revoked", revokedIDs(t, s, start.Add(time.Second), "disabled"), selected(storage.SessionFilter{}))
}

func sessionRevokeAllLeavesTheRevoked(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	createSession(t, s, newSession(2))
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), session.ID, start, "logout"))
	wantRevokedAll(t, s, storage.SessionFilter{UserID: session.UserID}, 1)
	session = revokedSession(session, start, "logout")
	wantSession(t, s, session)
	_, err := s.RotateSession(t.Context(), rotationOf(newSession(2)))
	wantErr(t, "RotateSession after RevokeAll", err, storage.ErrConflict)
}

// sessionRevokeAllRace: several callers share the work, and no session is
// counted twice.
func sessionRevokeAllRace(t *testing.T, s storage.Store) {
	const sessions = 24
	for n := range sessions {
		createSession(t, s, newSession(n))
	}
	counts := race(8, func(int) int64 {
		n, err := s.RevokeAll(t.Context(), storage.SessionFilter{}, start, "all")
		if err != nil {
			t.Errorf("RevokeAll: %v", err)
		}
		return n
	})
	var sum int64
	for _, n := range counts {
		sum += n
	}
	wantEqual(t, "sessions revoked by all callers", sum, sessions)
	wantEqual(t, "sessions revoked", len(revokedIDs(t, s, start, "all")), sessions)
}

func wantSwept(t *testing.T, s storage.Store, before time.Time, limit int, want int64) {
	t.Helper()
	n, err := s.SweepSessions(t.Context(), before, limit)
	noErr(t, "SweepSessions", err)
	wantEqual(t, "how many SweepSessions deleted", n, want)
}

func sessionSweepBorder(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	end := session.ExpiresAt
	wantSwept(t, s, end.Add(-time.Millisecond), 10, 0)
	wantSwept(t, s, end, 10, 0)
	wantSwept(t, s, end.Add(time.Millisecond-1), 10, 0) // still the same millisecond
	wantSession(t, s, session)
	wantSwept(t, s, end.Add(time.Millisecond), 10, 1)
	_, err := s.Session(t.Context(), session.ID)
	wantErr(t, "Session after its sweep", err, storage.ErrNotFound)
	createSession(t, s, session) // the id is free again
}

func sessionSweepIsBounded(t *testing.T, s storage.Store) {
	const expired, living = 10, 3
	for n := range expired + living {
		session := newSession(n)
		session.ExpiresAt = start.Add(time.Duration(n) * time.Second)
		if n%2 == 0 { // revoked or not is all the same to the sweep
			session = revokedSession(session, start, "logout")
		}
		createSession(t, s, session)
	}
	before := start.Add(expired * time.Second)
	for _, want := range []int64{4, 4, 2, 0} {
		wantSwept(t, s, before, 4, want)
	}
	var want []string
	for n := range living {
		want = append(want, newSession(expired+n).ID)
	}
	wantEqual(t, "the survivors", listAll(t, 100, listSessions(t, s, storage.SessionFilter{})), want)
}

func sessionSweepNothing(t *testing.T, s storage.Store) {
	wantSwept(t, s, start, 10, 0)
	session := createSession(t, s, newSession(1))
	for _, limit := range []int{0, -1} {
		wantSwept(t, s, session.ExpiresAt.Add(time.Hour), limit, 0)
	}
	wantSwept(t, s, time.Time{}, 10, 0)
	wantSession(t, s, session)
	wantSwept(t, s, session.ExpiresAt.Add(time.Hour), 1<<40, 1)
}

// revokedSession is the session as a revocation leaves it.
func revokedSession(s storage.Session, at time.Time, reason string) storage.Session {
	s.RevokedAt, s.Reason, s.StatusPending = at, reason, true
	return s
}
