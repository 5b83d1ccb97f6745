package storagetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"example.org/signet/storage"
)

var loginRecordContracts = []contract{
	{"Everything", loginRecordEverything},
	{"Several", loginRecordSeveral},
	{"Nothing", loginRecordNothing},
	{"Full", loginRecordFull},
	{"CountFull", loginRecordCountFull},
	{"OtherPassword", loginRecordOtherPassword},
	{"Limit", loginRecordLimit},
	{"KeepRace", loginRecordKeepRace},
	{"LimitRace", loginRecordLimitRace},
}

// recordLogin records one login with the events of those types.
func recordLogin(t *testing.T, s storage.Store, r storage.LoginRecord, events ...storage.AuditEvent) storage.LoginOutcome {
	t.Helper()
	r.At = start
	outcomes, err := s.RecordLogins(t.Context(), []storage.LoginRecord{r}, func(o []storage.LoginOutcome) ([]storage.AuditEvent, error) {
		if len(o) != 1 || o[0].Full != nil {
			return nil, nil
		}
		return events, nil
	})
	noErr(t, "RecordLogins", err)
	if len(outcomes) != 1 {
		t.Fatalf("%d outcomes, want one", len(outcomes))
	}
	return outcomes[0]
}

func wantNoEvents(t *testing.T, s storage.Store) {
	t.Helper()
	page, err := s.ListAudit(t.Context(), storage.AuditFilter{}, storage.Page{})
	noErr(t, "ListAudit", err)
	wantEqual(t, "the number of events", len(page.Events), 0)
}

func keep(key string, limit int64) storage.CounterSettlement {
	return storage.CounterSettlement{Key: key, Action: storage.CounterKeep, Limit: limit}
}

// loginRecordEverything: one step writes all parts of a login.
func loginRecordEverything(t *testing.T, s storage.Store) {
	u, old, next, session := newUser(1), newBrowserSession(1), newBrowserSession(2), newSession(1)
	noErr(t, "CreateUser", s.CreateUser(t.Context(), u))
	noErr(t, "CreateBrowserSession", s.CreateBrowserSession(t.Context(), old))
	wantCount(t, s, "both", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	reserve(t, s, start, "", claim("wide", 9), claim("both", 9))
	o := recordLogin(t, s, storage.LoginRecord{
		Settle:         []storage.CounterSettlement{{Key: "wide", Action: storage.CounterRelease, Limit: 9}, {Key: "both", Action: storage.CounterClear, Limit: 9}},
		Count:          []storage.CounterClaim{claim("known all", 2), claim("known here", 2)},
		Password:       &storage.PasswordReplacement{UserID: u.ID, Old: u.PasswordHash, New: "a new hash"},
		BrowserSession: &next, Replaced: &storage.BrowserSessionEnd{ID: old.ID, Reason: "replaced"}, Session: &session,
	}, newEvent(1), newEvent(2))
	wantEqual(t, "the outcome", o, storage.LoginOutcome{PasswordReplaced: true})
	end := start.Add(window)
	wantCounters(t, s, start, storage.RateCounter{Key: "known all", Count: 1, ResetAt: end}, storage.RateCounter{Key: "known here", Count: 1, ResetAt: end})
	got, err := s.User(t.Context(), u.ID)
	noErr(t, "User", err)
	wantEqual(t, "the hash", got.PasswordHash, "a new hash")
	replaced, err := s.BrowserSession(t.Context(), old.ID)
	noErr(t, "BrowserSession", err)
	wantEqual(t, "why the old browser session has ended", replaced.Reason, "replaced")
	wantTime(t, "when it has", replaced.RevokedAt, start)
	begun, err := s.BrowserSession(t.Context(), next.ID)
	noErr(t, "BrowserSession", err)
	wantEqual(t, "the browser session", begun, next)
	stored, err := s.Session(t.Context(), session.ID)
	noErr(t, "Session", err)
	wantEqual(t, "the session", stored, session)
	wantEvents(t, s, newEvent(1), newEvent(2))
}

// loginRecordSeveral: each login has its own outcome, in their order, and one that is refused
// refuses no other.
func loginRecordSeveral(t *testing.T, s storage.Store) {
	one, two := newSession(1), newSession(2)
	reserve(t, s, start, "", claim("full", 1))
	wantCount(t, s, "full", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	logins := []storage.LoginRecord{
		{At: start, Session: &one}, {At: start, Settle: []storage.CounterSettlement{keep("full", 1)}}, {At: start, Session: &two},
	}
	outcomes, err := s.RecordLogins(t.Context(), logins, func(o []storage.LoginOutcome) (events []storage.AuditEvent, err error) {
		for n := range o {
			if o[n].Full == nil {
				events = append(events, newEvent(n+1))
			}
		}
		return events, nil
	})
	noErr(t, "RecordLogins", err)
	wantEqual(t, "which were refused", []bool{outcomes[0].Full != nil, outcomes[1].Full != nil, outcomes[2].Full != nil}, []bool{false, true, false})
	for _, id := range []string{one.ID, two.ID} {
		_, err := s.Session(t.Context(), id)
		noErr(t, "Session", err)
	}
	wantEvents(t, s, newEvent(1), newEvent(3))
}

// loginRecordNothing: a login that changes nothing still has its events.
func loginRecordNothing(t *testing.T, s storage.Store) {
	reserve(t, s, start, "", claim("ann", 2))
	settle := []storage.CounterSettlement{{Key: "ann", Action: storage.CounterRelease, Limit: 2}}
	wantEqual(t, "the outcome", recordLogin(t, s, storage.LoginRecord{Settle: settle}), storage.LoginOutcome{})
	wantCounters(t, s, start)
	wantNoEvents(t, s)
	recordLogin(t, s, storage.LoginRecord{}, newEvent(1))
	wantEvents(t, s, newEvent(1))
}

// loginRecordFull: where others have filled a counter since the place was taken, nothing is
// written, whatever the outcome was, and the place is still to be given back.
func loginRecordFull(t *testing.T, s storage.Store) {
	end := start.Add(window)
	for n, action := range []storage.CounterAction{storage.CounterKeep, storage.CounterRelease, storage.CounterClear} {
		key, session := string(rune('a'+n)), newSession(n+1)
		reserve(t, s, start, "", claim("wide", 9), claim(key, 2))
		for range 2 { // as another process does, which does not see the place
			_, err := increment(t.Context(), s, key, start, window)
			noErr(t, "ReserveCounters", err)
		}
		o := recordLogin(t, s, storage.LoginRecord{
			Settle:  []storage.CounterSettlement{{Key: "wide", Action: action, Limit: 9}, {Key: key, Action: action, Limit: 2}},
			Session: &session, Password: &storage.PasswordReplacement{UserID: newUser(1).ID},
		}, newEvent(n+1))
		if o.Full == nil || o.Full.Key != key || o.Full.Count-o.Full.Held != 2 || !o.Full.ResetAt.Equal(end) {
			t.Errorf("action %d: full %+v, want that of %s with 2 places", action, o.Full, key)
		}
		_, err := s.Session(t.Context(), session.ID)
		wantErr(t, "Session", err, storage.ErrNotFound)
		settle(t, s, storage.CounterRelease, "wide", key)
	}
	wantNoEvents(t, s)
	full := func(key string) storage.RateCounter { return storage.RateCounter{Key: key, Count: 2, ResetAt: end} }
	wantCounters(t, s, start, full("a"), full("b"), full("c"))
}

// loginRecordCountFull: a count without a place is left out, and the login goes on.
func loginRecordCountFull(t *testing.T, s storage.Store) {
	wantCount(t, s, "known all", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	session := newSession(1)
	o := recordLogin(t, s, storage.LoginRecord{Session: &session, Count: []storage.CounterClaim{claim("known here", 1), claim("known all", 1)}})
	wantEqual(t, "the outcome", o, storage.LoginOutcome{})
	wantCounters(t, s, start, storage.RateCounter{Key: "known all", Count: 1, ResetAt: start.Add(window)})
	_, err := s.Session(t.Context(), session.ID)
	noErr(t, "Session", err)
}

// loginRecordOtherPassword: a hash that was changed meanwhile stays, and the login goes on.
func loginRecordOtherPassword(t *testing.T, s storage.Store) {
	u, session := newUser(1), newSession(1)
	noErr(t, "CreateUser", s.CreateUser(t.Context(), u))
	o := recordLogin(t, s, storage.LoginRecord{Session: &session, Password: &storage.PasswordReplacement{UserID: u.ID, Old: "another hash", New: "a new hash"}})
	wantEqual(t, "the outcome", o, storage.LoginOutcome{})
	got, err := s.User(t.Context(), u.ID)
	noErr(t, "User", err)
	wantEqual(t, "the hash", got.PasswordHash, u.PasswordHash)
}

// limited is the login of a session that began n minutes after the start, of an owner who may
// have two.
func limited(n int) (storage.LoginRecord, string) {
	session := newSession(n)
	session.UserID, session.ClientID, session.RevokedAt, session.Reason, session.StatusPending = "ann", "web", time.Time{}, "", false
	session.CreatedAt = start.Add(time.Duration(n) * time.Minute)
	session.RotatedAt, session.ExpiresAt = session.CreatedAt, start.AddDate(1, 0, 0)
	return storage.LoginRecord{Session: &session, Limit: &storage.SessionLimit{IdleSince: start, Keep: 2, Most: 100, Reason: "too many"}}, session.ID
}

// loginRecordLimit: the oldest sessions beyond the limit end, also where the new one is among
// them.
func loginRecordLimit(t *testing.T, s storage.Store) {
	var ids []string
	for n := range 4 {
		r, id := limited(n + 2)
		ids = append(ids, id)
		var ended []string
		if n >= 2 {
			ended = []string{ids[n-2]}
		}
		wantEqual(t, "what has ended", recordLogin(t, s, r).Ended, ended)
	}
	older, id := limited(1)
	wantEqual(t, "what has ended by an older login", recordLogin(t, s, older).Ended, []string{id})
	for n, id := range append(ids, id) {
		got, err := s.Session(t.Context(), id)
		noErr(t, "Session", err)
		if lives := n == 2 || n == 3; got.RevokedAt.IsZero() != lives || got.StatusPending == lives || !lives && got.Reason != "too many" {
			t.Errorf("session %d: %+v", n, got)
		}
	}
}

// loginRecordKeepRace: of 200 wrong logins as many are counted as the limit allows, to the
// last place, and no refused one leaves a trace.
func loginRecordKeepRace(t *testing.T, s storage.Store) {
	const wrong, limit = 200, 10
	won := 0
	for _, counted := range race(wrong, func(int) bool {
		claims := []storage.CounterClaim{claim("wide", wrong), claim("narrow", limit)}
		r, err := s.ReserveCounters(t.Context(), start, hold, claims...)
		if err != nil || r.Full != nil {
			return false
		}
		settle := []storage.CounterSettlement{keep("wide", wrong), keep("narrow", limit)}
		o, err := s.RecordLogins(t.Context(), []storage.LoginRecord{{At: start, Settle: settle}},
			func([]storage.LoginOutcome) ([]storage.AuditEvent, error) { return nil, nil })
		if err != nil {
			t.Errorf("RecordLogins: %v", err)
		}
		return err == nil && o[0].Full == nil
	}) {
		if counted {
			won++
		}
	}
	if won == 0 || won > limit {
		t.Errorf("%d were counted, want at most %d", won, limit)
	}
	end := start.Add(window)
	wantCounters(t, s, start, storage.RateCounter{Key: "narrow", Count: int64(won), ResetAt: end}, storage.RateCounter{Key: "wide", Count: int64(won), ResetAt: end})
}

// loginRecordLimitRace: of logins that race, the newest stay.
func loginRecordLimitRace(t *testing.T, s storage.Store) {
	const logins = 16
	race(logins, func(n int) error {
		r, _ := limited(n + 1)
		r.At = start
		_, err := s.RecordLogins(context.Background(), []storage.LoginRecord{r}, func([]storage.LoginOutcome) ([]storage.AuditEvent, error) { return nil, nil })
		if err != nil {
			t.Errorf("RecordLogins: %v", err)
		}
		return err
	})
	var living []int
	for n := range logins {
		_, id := limited(n + 1)
		got, err := s.Session(t.Context(), id)
		noErr(t, "Session", err)
		if got.RevokedAt.IsZero() {
			living = append(living, n)
		}
	}
	if !slices.Equal(living, []int{logins - 2, logins - 1}) {
		t.Errorf("sessions %v live, want the two newest", living)
	}
}
