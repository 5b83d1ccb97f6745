package storagetest

import (
	"fmt"
	"testing"

	"example.org/signet/storage"
)

var sessionContracts = []contract{
	{"CreateAndRead", sessionCreateAndRead},
	{"CreateRevoked", sessionCreateRevoked},
	{"Duplicate", sessionDuplicate},
	{"NotFound", sessionNotFound},
	{"List", sessionList},
	{"CreateRace", sessionCreateRace},
}

func createSession(t *testing.T, s storage.Store, session storage.Session) storage.Session {
	t.Helper()
	noErr(t, "CreateSession "+session.ID, s.CreateSession(t.Context(), session))
	return session
}

func wantSession(t *testing.T, s storage.Store, want storage.Session) {
	t.Helper()
	got, err := s.Session(t.Context(), want.ID)
	noErr(t, "Session "+want.ID, err)
	wantEqual(t, "session "+want.ID, got, want)
}

func listSessions(t *testing.T, s storage.Store, f storage.SessionFilter) listFunc {
	return func(p storage.Page) ([]string, string, error) {
		page, err := s.ListSessions(t.Context(), f, p)
		return idsOf(page.Sessions, func(s storage.Session) string { return s.ID }), page.Next, err
	}
}

func sessionCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 4 {
		createSession(t, s, newSession(n))
	}
	for n := range 4 {
		wantSession(t, s, newSession(n))
	}
}

// sessionCreateRevoked: a restored backup holds sessions in any state, and also
// one that ended long ago can be read.
func sessionCreateRevoked(t *testing.T, s storage.Store) {
	session := newSession(1)
	session.Generation = 1<<32 - 1
	session.ExpiresAt = start.AddDate(-1, 0, 0)
	session = revokedSession(session, start, "logout")
	createSession(t, s, session)
	wantSession(t, s, session)
}

func sessionDuplicate(t *testing.T, s storage.Store) {
	createSession(t, s, newSession(1))
	other := newSession(2)
	other.ID = newSession(1).ID
	wantDuplicate(t, "CreateSession", s.CreateSession(t.Context(), other), "id")
	wantSession(t, s, newSession(1))
}

func sessionNotFound(t *testing.T, s storage.Store) {
	ctx := t.Context()
	_, err := s.Session(ctx, "session-404")
	wantErr(t, "Session", err, storage.ErrNotFound)
	wantErr(t, "RevokeSession", s.RevokeSession(ctx, "session-404", start, "logout"), storage.ErrNotFound)
	_, err = s.RotateSession(ctx, rotationOf(newSession(404)))
	wantErr(t, "RotateSession", err, storage.ErrConflict)
}

// ownedSessions creates sessions of three users at two clients and returns the
// ids that a filter selects.
func ownedSessions(t *testing.T, s storage.Store) func(storage.SessionFilter) []string {
	t.Helper()
	var all []storage.Session
	for n := range 12 {
		session := newSession(n)
		session.UserID = fmt.Sprintf("user-%d", n%3)
		session.ClientID = fmt.Sprintf("client-%d", n%2)
		all = append(all, createSession(t, s, session))
	}
	return func(f storage.SessionFilter) []string {
		var ids []string
		for _, session := range all {
			if (f.UserID == "" || f.UserID == session.UserID) && (f.ClientID == "" || f.ClientID == session.ClientID) {
				ids = append(ids, session.ID)
			}
		}
		return ids
	}
}

var sessionFilters = []storage.SessionFilter{
	{},
	{UserID: "user-1"},
	{ClientID: "client-1"},
	{UserID: "user-1", ClientID: "client-1"},
	{UserID: "user-404"},
	{UserID: "user-1", ClientID: "client-404"},
	{UserID: "user"},
	{ClientID: "client-"},
	{UserID: "client-1", ClientID: "user-1"},
}

func sessionList(t *testing.T, s storage.Store) {
	selected := ownedSessions(t, s)
	revoked := selected(storage.SessionFilter{UserID: "user-1"})[0]
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), revoked, start, "logout"))
	for _, f := range sessionFilters {
		for _, limit := range []int{2, 100} {
			wantEqual(t, fmt.Sprintf("sessions selected by %+v", f), listAll(t, limit, listSessions(t, s, f)), selected(f))
		}
	}
	page, err := s.ListSessions(t.Context(), storage.SessionFilter{UserID: "user-1"}, storage.Page{Limit: 1})
	noErr(t, "ListSessions", err)
	want := newSession(1)
	want.UserID, want.ClientID = "user-1", "client-1"
	want = revokedSession(want, start, "logout")
	wantEqual(t, "the first session of the listing", page.Sessions, []storage.Session{want})
}

func sessionCreateRace(t *testing.T, s storage.Store) {
	contender := func(i int) storage.Session {
		session := newSession(1)
		session.StatusIndex = int64(i)
		return session
	}
	errs := race(racers, func(i int) error { return s.CreateSession(t.Context(), contender(i)) })
	wantSession(t, s, contender(winner(t, errs, storage.ErrConflict)))
}
