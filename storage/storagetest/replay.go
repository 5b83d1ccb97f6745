package storagetest

import (
	"testing"
	"time"

	"example.org/signet/storage"
)

// The one conditional update by which an answer is given again.
var replayContracts = []contract{
	{"Counts", replayCounts},
	{"Conditions", replayConditions},
	{"Border", replayBorder},
	{"Race", replayRace},
}

func replayCounts(t *testing.T, s storage.Store) {
	session, other := createSession(t, s, newSession(1)), createSession(t, s, newSession(2))
	for n := range int64(3) {
		got, err := s.CountReplay(t.Context(), replayOf(session))
		noErr(t, "CountReplay", err)
		session.Replays = n + 1
		wantEqual(t, "the answer of CountReplay", got, session)
		wantSession(t, s, session)
	}
	_, err := s.CountReplay(t.Context(), replayOf(session))
	wantErr(t, "CountReplay at the limit", err, storage.ErrConflict)
	wantSession(t, s, session)

	rotated, err := s.RotateSession(t.Context(), rotationOf(session))
	noErr(t, "RotateSession", err)
	wantEqual(t, "replays of a new generation", rotated.Replays, int64(0))
	_, err = s.CountReplay(t.Context(), replayOf(rotated.Session))
	noErr(t, "CountReplay of the next generation", err)
	wantSession(t, s, other)
}

// replayConditions breaks one condition at a time.
func replayConditions(t *testing.T, s storage.Store) {
	session := newSession(1)
	session.Generation = 5
	createSession(t, s, session)
	for name, spoil := range map[string]func(r *storage.Replay){
		"another session":     func(r *storage.Replay) { r.SessionID = "session-404" },
		"no session":          func(r *storage.Replay) { r.SessionID = "" },
		"another client":      func(r *storage.Replay) { r.ClientID = "client-002" },
		"no client":           func(r *storage.Replay) { r.ClientID = "" },
		"a generation before": func(r *storage.Replay) { r.Generation = 4 },
		"a generation after":  func(r *storage.Replay) { r.Generation = 6 },
		"expired":             func(r *storage.Replay) { r.At = session.ExpiresAt },
		"a rotation to come":  func(r *storage.Replay) { r.Until = session.RotatedAt.Add(-time.Millisecond) },
		"no end":              func(r *storage.Replay) { r.Until = time.Time{} },
		"idle":                func(r *storage.Replay) { r.IdleSince = session.RotatedAt },
		"no limit":            func(r *storage.Replay) { r.Limit = 0 },
		"a negative limit":    func(r *storage.Replay) { r.Limit = -1 },
	} {
		r := replayOf(session)
		spoil(&r)
		_, err := s.CountReplay(t.Context(), r)
		wantErr(t, "CountReplay with "+name, err, storage.ErrConflict)
		wantSession(t, s, session)
	}
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), session.ID, start, "logout"))
	_, err := s.CountReplay(t.Context(), replayOf(session))
	wantErr(t, "CountReplay of a revoked session", err, storage.ErrConflict)
}

// replayBorder: the window holds to the millisecond.
func replayBorder(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	r := replayOf(session)
	for name, c := range map[string]struct {
		since time.Time
		ok    bool
	}{
		"the moment of the rotation": {session.RotatedAt, true},
		"a moment later":             {session.RotatedAt.Add(1), true}, // the same millisecond
		"a millisecond later":        {session.RotatedAt.Add(time.Millisecond), false},
		"a millisecond before":       {session.RotatedAt.Add(-time.Millisecond), true},
		"long ago":                   {session.RotatedAt.AddDate(-1, 0, 0), true},
	} {
		r.Since, r.Limit = c.since, r.Limit+1
		_, err := s.CountReplay(t.Context(), r)
		if c.ok {
			noErr(t, "CountReplay since "+name, err)
		} else {
			wantErr(t, "CountReplay since "+name, err, storage.ErrConflict)
		}
	}
	for name, c := range map[string]struct {
		until time.Time
		ok    bool
	}{
		"the moment of the rotation":             {session.RotatedAt, true},
		"a millisecond before":                   {session.RotatedAt.Add(-time.Millisecond), false},
		"a clock that was set back by a year":    {session.RotatedAt.AddDate(-1, 0, 0), false},
		"a clock that is a year ahead, with all": {session.RotatedAt.AddDate(1, 0, 0), true},
	} {
		r.Since, r.Until, r.Limit = session.RotatedAt.AddDate(-2, 0, 0), c.until, r.Limit+1
		_, err := s.CountReplay(t.Context(), r)
		if c.ok {
			noErr(t, "CountReplay until "+name, err)
		} else {
			wantErr(t, "CountReplay until "+name, err, storage.ErrConflict)
		}
	}
}

// replayRace: exactly as many as the limit says are given.
func replayRace(t *testing.T, s storage.Store) {
	const limit = 20
	session := createSession(t, s, newSession(1))
	r := replayOf(session)
	r.Limit = limit
	var numbers []int64
	for _, n := range race(racers, func(int) int64 {
		got, err := s.CountReplay(t.Context(), r)
		if err != nil && !isConflict(err) {
			t.Errorf("CountReplay: %v", err)
		}
		return got.Replays
	}) {
		if n != 0 {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) != limit {
		t.Errorf("%d replays, want %d", len(numbers), limit)
	}
	oneToN(t, "replays", numbers)
	session.Replays = limit
	wantSession(t, s, session)
}
