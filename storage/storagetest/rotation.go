package storagetest

import (
	"errors"
	"testing"
	"time"

	"example.org/signet/storage"
)

// The one conditional update of a refresh.
var rotationContracts = []contract{
	{"MovesOn", rotationMovesOn},
	{"Conditions", rotationConditions},
	{"Borders", rotationBorders},
	{"Race", rotationRace},
	{"ChainRace", rotationChainRace},
	{"ManySessions", rotationManySessions},
	{"RevokeRace", rotationRevokeRace},
	{"UserAndEpoch", rotationUserAndEpoch},
}

func rotationMovesOn(t *testing.T, s storage.Store) {
	session, other := createSession(t, s, newSession(1)), createSession(t, s, newSession(2))
	for n := range int64(3) {
		r := rotationOf(session)
		r.At = start.Add(time.Duration(n+1) * time.Minute)
		got, err := s.RotateSession(t.Context(), r)
		noErr(t, "RotateSession", err)
		session.Generation, session.RotatedAt = n+1, r.At
		wantEqual(t, "the answer of RotateSession", got.Session, session)
		wantSession(t, s, session)
	}
	wantSession(t, s, other)

	last := newSession(3)
	last.Generation = 1<<32 - 2
	createSession(t, s, last)
	got, err := s.RotateSession(t.Context(), rotationOf(last))
	noErr(t, "RotateSession to the last generation", err)
	wantEqual(t, "the generation", got.Generation, 1<<32-1)
}

// rotationConditions breaks one condition at a time.
func rotationConditions(t *testing.T, s storage.Store) {
	session := newSession(1)
	session.Generation = 5
	createSession(t, s, session)
	for name, spoil := range map[string]func(r *storage.Rotation){
		"another session":       func(r *storage.Rotation) { r.SessionID = "session-404" },
		"no session":            func(r *storage.Rotation) { r.SessionID = "" },
		"another client":        func(r *storage.Rotation) { r.ClientID = "client-002" },
		"no client":             func(r *storage.Rotation) { r.ClientID = "" },
		"a generation before":   func(r *storage.Rotation) { r.From = 4 },
		"a generation after":    func(r *storage.Rotation) { r.From = 6 },
		"the first generation":  func(r *storage.Rotation) { r.From = 0 },
		"a negative generation": func(r *storage.Rotation) { r.From = -5 },
		"long expired":          func(r *storage.Rotation) { r.At = start.AddDate(1, 0, 0) },
		"long idle":             func(r *storage.Rotation) { r.IdleSince = start.AddDate(0, 1, 0) },
	} {
		r := rotationOf(session)
		spoil(&r)
		_, err := s.RotateSession(t.Context(), r)
		wantErr(t, "RotateSession with "+name, err, storage.ErrConflict)
		wantSession(t, s, session)
	}
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), session.ID, start, "logout"))
	_, err := s.RotateSession(t.Context(), rotationOf(session))
	wantErr(t, "RotateSession of a revoked session", err, storage.ErrConflict)
	session = revokedSession(session, start, "logout")
	wantSession(t, s, session)
}

// rotationBorders: to the millisecond, and what lies between two milliseconds
// belongs to the earlier one.
func rotationBorders(t *testing.T, s storage.Store) {
	const ms = time.Millisecond
	session := newSession(1)
	expires, rotated := session.ExpiresAt, session.RotatedAt
	for name, c := range map[string]struct {
		at, idleSince time.Time
		ok            bool
	}{
		"a millisecond before the end":       {expires.Add(-ms), rotated.Add(-ms), true},
		"less than one before the end":       {expires.Add(-1), rotated.Add(-ms), true},
		"the end":                            {expires, rotated.Add(-ms), false},
		"a moment after the end":             {expires.Add(1), rotated.Add(-ms), false},
		"a millisecond after the end":        {expires.Add(ms), rotated.Add(-ms), false},
		"idle for a millisecond less":        {expires.Add(-ms), rotated.Add(-ms), true},
		"idle for less than one less":        {expires.Add(-ms), rotated.Add(-1), true},
		"idle to the millisecond":            {expires.Add(-ms), rotated, false},
		"idle to the millisecond and a bit":  {expires.Add(-ms), rotated.Add(1), false},
		"idle for a millisecond too long":    {expires.Add(-ms), rotated.Add(ms), false},
		"no idle limit":                      {expires.Add(-ms), time.Time{}, true},
		"a clock that went back":             {rotated.Add(-time.Minute), rotated.Add(-ms), true},
		"another time zone, the end":         {expires.In(time.FixedZone("", 7200)), rotated.Add(-ms), false},
		"another time zone, just before it":  {expires.Add(-ms).In(time.FixedZone("", -7200)), rotated.Add(-ms), true},
		"before 1970, which is before it":    {time.Unix(-1, 999_000_000), rotated.Add(-ms), true},
		"idle since 1970, which is long ago": {expires.Add(-ms), time.Unix(0, 0), true},
	} {
		session.ID = name
		createSession(t, s, session)
		r := rotationOf(session)
		r.At, r.IdleSince = c.at, c.idleSince
		got, err := s.RotateSession(t.Context(), r)
		if !c.ok {
			wantErr(t, "RotateSession: "+name, err, storage.ErrConflict)
			wantSession(t, s, session)
			continue
		}
		noErr(t, "RotateSession: "+name, err)
		wantEqual(t, "RotatedAt: "+name, got.RotatedAt, storage.Time(c.at))
	}
}

func rotationRace(t *testing.T, s storage.Store) {
	for n := range 3 {
		session := createSession(t, s, newSession(n))
		errs := race(racers, func(i int) error {
			r := rotationOf(session)
			r.At = r.At.Add(time.Duration(i) * time.Millisecond)
			got, err := s.RotateSession(t.Context(), r)
			if err == nil && (got.Generation != 1 || !got.RotatedAt.Equal(r.At)) {
				t.Errorf("the winner got generation %d of %v", got.Generation, got.RotatedAt)
			}
			return err
		})
		won := winner(t, errs, storage.ErrConflict)
		session.Generation = 1
		session.RotatedAt = rotationOf(session).At.Add(time.Duration(won) * time.Millisecond)
		wantSession(t, s, session)
	}
}

// rotationChainRace lets every racer rotate on from what it last saw: the
// generations that were won are all there are, each won once.
func rotationChainRace(t *testing.T, s storage.Store) {
	const callers, turns = 16, 4
	session := createSession(t, s, newSession(1))
	won := race(callers, func(int) []int64 {
		var mine []int64
		for range turns {
			now, err := s.Session(t.Context(), session.ID)
			if err != nil {
				t.Errorf("Session: %v", err)
				return mine
			}
			got, err := s.RotateSession(t.Context(), rotationOf(now))
			if err == nil {
				mine = append(mine, got.Generation)
			} else if !isConflict(err) {
				t.Errorf("RotateSession: %v", err)
			}
		}
		return mine
	})
	var all []int64
	for _, mine := range won {
		all = append(all, mine...)
	}
	oneToN(t, "generations", all)
	session.Generation, session.RotatedAt = int64(len(all)), rotationOf(session).At
	wantSession(t, s, session)
}

func rotationManySessions(t *testing.T, s storage.Store) {
	for n := range racers {
		createSession(t, s, newSession(n))
	}
	for i, err := range race(racers, func(i int) error {
		_, err := s.RotateSession(t.Context(), rotationOf(newSession(i)))
		return err
	}) {
		noErr(t, "RotateSession", err)
		want := newSession(i)
		want.Generation, want.RotatedAt = 1, rotationOf(want).At
		wantSession(t, s, want)
	}
}

// rotationRevokeRace revokes while others rotate: once the revocation has been
// answered no rotation succeeds, and every one that did is in the record.
func rotationRevokeRace(t *testing.T, s storage.Store) {
	const callers = 16
	session := createSession(t, s, newSession(1))
	revoked, rotating := make(chan struct{}), make(chan struct{}, 1000)
	wins := race(callers+1, func(i int) int64 {
		if i == 0 {
			for range 3 { // some have won by now
				<-rotating
			}
			if err := s.RevokeSession(t.Context(), session.ID, start.Add(time.Second), "logout"); err != nil {
				t.Errorf("RevokeSession: %v", err)
			}
			close(revoked)
			return 0
		}
		return rotateUntil(t, s, session.ID, revoked, rotating)
	})
	for _, n := range wins {
		session.Generation += n
	}
	if session.Generation < 3 {
		t.Fatalf("%d rotations won before the revocation, want some", session.Generation)
	}
	session.RotatedAt = rotationOf(session).At
	session = revokedSession(session, start.Add(time.Second), "logout")
	wantSession(t, s, session)
}

// rotateUntil rotates again and again, and once more after stop, which must
// fail. It returns how often it won.
func rotateUntil(t *testing.T, s storage.Store, id string, stop <-chan struct{}, won chan<- struct{}) (wins int64) {
	for {
		over := false
		select {
		case <-stop:
			over = true
		default:
		}
		now, err := s.Session(t.Context(), id)
		if err != nil {
			t.Errorf("Session: %v", err)
			return wins
		}
		switch _, err = s.RotateSession(t.Context(), rotationOf(now)); {
		case err == nil && over:
			t.Error("a rotation succeeded after the revocation was answered")
			return wins
		case err == nil:
			wins++
			select {
			case won <- struct{}{}:
			default:
			}
		case !errors.Is(err, storage.ErrConflict):
			t.Errorf("RotateSession: %v", err)
			return wins
		}
		if over {
			return wins
		}
	}
}
