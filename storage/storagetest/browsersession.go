package storagetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.org/signet/storage"
)

var browserSessionContracts = []contract{
	{"CreateAndRead", browserSessionCreateAndRead},
	{"Values", browserSessionValues},
	{"Duplicate", browserSessionDuplicate},
	{"NotFound", browserSessionNotFound},
	{"InEpoch", browserSessionInEpoch},
	{"Touch", browserSessionTouch},
	{"TouchRace", browserSessionTouchRace},
	{"Revoke", browserSessionRevoke},
	{"RevokeRace", browserSessionRevokeRace},
	{"List", browserSessionList},
	{"ListAlive", browserSessionListAlive},
	{"Ended", browserSessionEnded},
	{"EndedIsBounded", browserSessionEndedIsBounded},
	{"Delete", browserSessionDelete},
	{"Injection", browserSessionInjection},
}

func createBrowserSession(t *testing.T, s storage.Store, b storage.BrowserSession) storage.BrowserSession {
	t.Helper()
	noErr(t, "CreateBrowserSession "+b.ID, s.CreateBrowserSession(t.Context(), b))
	return b
}

func wantBrowserSession(t *testing.T, s storage.Store, want storage.BrowserSession) {
	t.Helper()
	got, err := s.BrowserSession(t.Context(), want.ID)
	noErr(t, "BrowserSession "+want.ID, err)
	wantEqual(t, "browser session "+want.ID, got, want)
}

func browserSessionCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 4 {
		createBrowserSession(t, s, newBrowserSession(n))
	}
	for n := range 4 {
		wantBrowserSession(t, s, newBrowserSession(n))
	}
	revoked := newBrowserSession(5)
	revoked.RevokedAt, revoked.Reason = start, "logout"
	wantBrowserSession(t, s, createBrowserSession(t, s, revoked))
}

func browserSessionValues(t *testing.T, s storage.Store) {
	wantBrowserSession(t, s, createBrowserSession(t, s, storage.BrowserSession{ID: "empty", RootID: "root"}))
	b := newBrowserSession(1)
	b.AMR = []string{}
	b.CreatedAt, b.AuthTime, b.LastSeen, b.IdleAt, b.ExpiresAt = subMillisecond, subMillisecond, subMillisecond, subMillisecond, subMillisecond
	createBrowserSession(t, s, b)
	b.AMR = nil
	b.CreatedAt, b.AuthTime, b.LastSeen, b.IdleAt, b.ExpiresAt = start, start, start, start, start
	wantBrowserSession(t, s, b)
}

func browserSessionDuplicate(t *testing.T, s storage.Store) {
	createBrowserSession(t, s, newBrowserSession(1))
	other := newBrowserSession(2)
	other.ID = newBrowserSession(1).ID
	wantDuplicate(t, "CreateBrowserSession", s.CreateBrowserSession(t.Context(), other), "id")
	wantBrowserSession(t, s, newBrowserSession(1))
	other.ID, other.RootID = "another of the same root", newBrowserSession(1).RootID
	wantBrowserSession(t, s, createBrowserSession(t, s, other))
}

func browserSessionNotFound(t *testing.T, s storage.Store) {
	ctx := t.Context()
	_, err := s.BrowserSession(ctx, "browser-404")
	wantErr(t, "BrowserSession", err, storage.ErrNotFound)
	_, _, _, err = s.BrowserSessionInEpoch(ctx, "browser-404")
	wantErr(t, "BrowserSessionInEpoch", err, storage.ErrNotFound)
	wantErr(t, "RevokeBrowserSession", s.RevokeBrowserSession(ctx, "browser-404", start, "logout"), storage.ErrNotFound)
	noErr(t, "TouchBrowserSession", s.TouchBrowserSession(ctx, "browser-404", start, start))
	noErr(t, "DeleteBrowserSessions", s.DeleteBrowserSessions(ctx, "browser-404"))
	noErr(t, "DeleteBrowserSessions of none", s.DeleteBrowserSessions(ctx))
}

func browserSessionInEpoch(t *testing.T, s storage.Store) {
	b := createBrowserSession(t, s, newBrowserSession(1))
	_, _, _, err := s.BrowserSessionInEpoch(t.Context(), b.ID)
	wantErr(t, "BrowserSessionInEpoch without a user", err, storage.ErrNotFound)
	u := newUser(1)
	createUser(t, s, u)
	epoch := raise(t, s, storage.EpochRaise{At: start})
	noErr(t, "RevokeBrowserSession", s.RevokeBrowserSession(t.Context(), b.ID, start, "logout"))
	b.RevokedAt, b.Reason = start, "logout"
	got, user, e, err := s.BrowserSessionInEpoch(t.Context(), b.ID)
	noErr(t, "BrowserSessionInEpoch", err)
	wantEqual(t, "the browser session", got, b)
	wantEqual(t, "its user", user, u)
	wantEqual(t, "the epoch", e, epoch)
}

// browserSessionTouch: both move forward or nothing happens.
func browserSessionTouch(t *testing.T, s storage.Store) {
	b, other := createBrowserSession(t, s, newBrowserSession(1)), createBrowserSession(t, s, newBrowserSession(2))
	touch := func(seen, idle time.Time) {
		t.Helper()
		noErr(t, "TouchBrowserSession", s.TouchBrowserSession(t.Context(), b.ID, seen, idle))
	}
	for range 2 {
		touch(b.LastSeen.Add(time.Minute), b.IdleAt.Add(time.Minute))
		b.LastSeen, b.IdleAt = b.LastSeen.Add(time.Minute), b.IdleAt.Add(time.Minute)
		wantBrowserSession(t, s, b)
		for _, back := range []struct{ seen, idle time.Duration }{{0, 0}, {0, 1}, {1, 0}, {-1, 1}, {1, -1}, {-1, -1}} {
			touch(b.LastSeen.Add(back.seen*time.Millisecond), b.IdleAt.Add(back.idle*time.Millisecond))
			wantBrowserSession(t, s, b)
		}
	}
	wantBrowserSession(t, s, other)
	noErr(t, "RevokeBrowserSession", s.RevokeBrowserSession(t.Context(), b.ID, start, "logout"))
	b.RevokedAt, b.Reason = start, "logout"
	touch(b.LastSeen.Add(time.Hour), b.IdleAt.Add(time.Hour))
	wantBrowserSession(t, s, b)
}

// browserSessionTouchRace: the latest of all is on record.
func browserSessionTouchRace(t *testing.T, s storage.Store) {
	b := createBrowserSession(t, s, newBrowserSession(1))
	for _, err := range race(racers, func(i int) error {
		by := time.Duration(i+1) * time.Second
		return s.TouchBrowserSession(t.Context(), b.ID, b.LastSeen.Add(by), b.IdleAt.Add(by))
	}) {
		noErr(t, "TouchBrowserSession", err)
	}
	b.LastSeen, b.IdleAt = b.LastSeen.Add(racers*time.Second), b.IdleAt.Add(racers*time.Second)
	wantBrowserSession(t, s, b)
}

func browserSessionRevoke(t *testing.T, s storage.Store) {
	ctx := t.Context()
	b, other := createBrowserSession(t, s, newBrowserSession(1)), createBrowserSession(t, s, newBrowserSession(2))
	noErr(t, "RevokeBrowserSession", s.RevokeBrowserSession(ctx, b.ID, subMillisecond, "logout"))
	b.RevokedAt, b.Reason = start, "logout"
	wantBrowserSession(t, s, b)
	noErr(t, "RevokeBrowserSession again", s.RevokeBrowserSession(ctx, b.ID, start.Add(time.Hour), "idle"))
	noErr(t, "RevokeBrowserSession again, earlier", s.RevokeBrowserSession(ctx, b.ID, start.Add(-time.Hour), ""))
	wantBrowserSession(t, s, b)
	wantBrowserSession(t, s, other)
}

// browserSessionRevokeRace: all succeed, one is on record.
func browserSessionRevokeRace(t *testing.T, s storage.Store) {
	b := createBrowserSession(t, s, newBrowserSession(1))
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Millisecond) }
	for _, err := range race(racers, func(i int) error {
		return s.RevokeBrowserSession(t.Context(), b.ID, at(i), fmt.Sprint(i))
	}) {
		noErr(t, "RevokeBrowserSession", err)
	}
	got, err := s.BrowserSession(t.Context(), b.ID)
	noErr(t, "BrowserSession", err)
	var first int
	if _, err := fmt.Sscan(got.Reason, &first); err != nil {
		t.Fatalf("the reason is %q", got.Reason)
	}
	b.RevokedAt, b.Reason = at(first), got.Reason
	wantEqual(t, "the browser session", got, b)
}

func listBrowserSessions(t *testing.T, s storage.Store, f storage.BrowserSessionFilter) listFunc {
	return func(p storage.Page) ([]string, string, error) {
		page, err := s.ListBrowserSessions(t.Context(), f, p)
		return idsOf(page.Sessions, func(b storage.BrowserSession) string { return b.ID }), page.Next, err
	}
}

func browserSessionList(t *testing.T, s storage.Store) {
	var all []storage.BrowserSession
	for n := range 12 {
		b := newBrowserSession(n)
		b.UserID, b.RootID = fmt.Sprintf("user-%d", n%3), fmt.Sprintf("root-%d", n%2)
		all = append(all, b)
	}
	for n := range all {
		createBrowserSession(t, s, all[(n*5)%len(all)])
	}
	for _, f := range []storage.BrowserSessionFilter{
		{}, {UserID: "user-1"}, {RootID: "root-1"}, {UserID: "user-1", RootID: "root-0"}, {UserID: "user"}, {RootID: "root-404"}, {UserID: "root-1"},
	} {
		var want []string
		for _, b := range all {
			if (f.UserID == "" || f.UserID == b.UserID) && (f.RootID == "" || f.RootID == b.RootID) {
				want = append(want, b.ID)
			}
		}
		for _, limit := range []int{1, 2, 4, 100} {
			wantEqual(t, fmt.Sprintf("browser sessions selected by %+v", f), listAll(t, limit, listBrowserSessions(t, s, f)), want)
		}
	}
	page, err := s.ListBrowserSessions(t.Context(), storage.BrowserSessionFilter{UserID: "user-1"}, storage.Page{Limit: 2})
	noErr(t, "ListBrowserSessions", err)
	wantEqual(t, "a page", page, storage.BrowserSessionPage{Sessions: []storage.BrowserSession{all[1], all[4]}, Next: all[4].ID})
	for _, after := range injectionStrings[:20] {
		noErr(t, "ListBrowserSessions after anything", second(s.ListBrowserSessions(t.Context(), storage.BrowserSessionFilter{}, storage.Page{After: after})))
	}
}

// endingSessions creates one that is revoked, one that idles out, one that expires and one
// that goes on, all at start.
func endingSessions(t *testing.T, s storage.Store) (revoked, idle, expired, living storage.BrowserSession) {
	t.Helper()
	revoked, idle, expired, living = newBrowserSession(1), newBrowserSession(2), newBrowserSession(3), newBrowserSession(4)
	revoked.RevokedAt, revoked.Reason = start, "logout"
	idle.IdleAt, expired.ExpiresAt = start, start
	for _, b := range []storage.BrowserSession{living, expired, idle, revoked} {
		createBrowserSession(t, s, b)
	}
	return revoked, idle, expired, living
}

func browserSessionListAlive(t *testing.T, s storage.Store) {
	_, idle, expired, living := endingSessions(t, s)
	for at, want := range map[time.Time][]string{
		start.Add(-time.Millisecond): {idle.ID, expired.ID, living.ID},
		start.Add(-1):                {idle.ID, expired.ID, living.ID}, // the millisecond before
		start:                        {living.ID},
		start.Add(1):                 {living.ID},
		living.IdleAt:                nil,
	} {
		for _, user := range []string{"", living.UserID} {
			f := storage.BrowserSessionFilter{UserID: user, AliveAt: at}
			wantEqual(t, fmt.Sprint("the living at ", at), listAll(t, 2, listBrowserSessions(t, s, f)), want)
		}
	}
}

// wantEnded demands those that have ended, in any order.
func wantEnded(t *testing.T, s storage.Store, by time.Time, want ...storage.BrowserSession) {
	t.Helper()
	got, err := s.EndedBrowserSessions(t.Context(), by, 100)
	noErr(t, "EndedBrowserSessions", err)
	slices.SortFunc(got, func(a, b storage.BrowserSession) int { return int(a.UserEpoch - b.UserEpoch) })
	wantEqual(t, fmt.Sprint("the browser sessions that have ended by ", by), got, want)
}

func browserSessionEnded(t *testing.T, s storage.Store) {
	wantEnded(t, s, start)
	revoked, idle, expired, living := endingSessions(t, s)
	wantEnded(t, s, time.Time{}, revoked)
	wantEnded(t, s, start.Add(-time.Millisecond), revoked)
	wantEnded(t, s, start, revoked, idle, expired)
	wantEnded(t, s, living.IdleAt.Add(-1), revoked, idle, expired)
	wantEnded(t, s, living.IdleAt, revoked, idle, expired, living)
	noErr(t, "TouchBrowserSession", s.TouchBrowserSession(t.Context(), living.ID, living.LastSeen.Add(time.Minute), living.IdleAt.Add(time.Hour)))
	wantEnded(t, s, living.IdleAt, revoked, idle, expired)
}

func browserSessionEndedIsBounded(t *testing.T, s storage.Store) {
	for n := range 9 {
		b := newBrowserSession(n)
		switch n % 3 {
		case 0:
			b.RevokedAt = start
		case 1:
			b.IdleAt = start
		}
		createBrowserSession(t, s, b)
	}
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 4: 4, 6: 6, 100: 6} {
		got, err := s.EndedBrowserSessions(t.Context(), start, limit)
		noErr(t, "EndedBrowserSessions", err)
		wantEqual(t, fmt.Sprint("how many at the limit ", limit), len(got), want)
	}
}

// browserSessionDelete: only what is revoked.
func browserSessionDelete(t *testing.T, s storage.Store) {
	revoked, idle, expired, living := endingSessions(t, s)
	for range 2 {
		noErr(t, "DeleteBrowserSessions", s.DeleteBrowserSessions(t.Context(), idle.ID, revoked.ID, living.ID, "browser-404", expired.ID))
		wantEqual(t, "what is left", listAll(t, 10, listBrowserSessions(t, s, storage.BrowserSessionFilter{})), []string{idle.ID, expired.ID, living.ID})
	}
	_, err := s.BrowserSession(t.Context(), revoked.ID)
	wantErr(t, "BrowserSession", err, storage.ErrNotFound)
}

func browserSessionInjection(t *testing.T, s storage.Store) {
	of := func(v string) storage.BrowserSession {
		b := newBrowserSession(1)
		b.ID, b.RootID, b.UserID, b.AMR, b.Device, b.Network = v, v+"r", v+"u", []string{v, v + "#"}, v, v
		return b
	}
	for _, v := range sampledStrings() {
		createBrowserSession(t, s, of(v))
	}
	for _, v := range sampledStrings() {
		b := of(v)
		wantBrowserSession(t, s, b)
		for _, f := range []storage.BrowserSessionFilter{{UserID: v + "u"}, {RootID: v + "r"}} {
			wantEqual(t, "the browser sessions", listAll(t, 2, listBrowserSessions(t, s, f)), []string{v})
		}
		noErr(t, "RevokeBrowserSession", s.RevokeBrowserSession(t.Context(), v, start, v))
		b.RevokedAt, b.Reason = start, v
		wantBrowserSession(t, s, b)
		noErr(t, "DeleteBrowserSessions", s.DeleteBrowserSessions(t.Context(), v))
	}
	wantEqual(t, "what is left", len(listAll(t, 10, listBrowserSessions(t, s, storage.BrowserSessionFilter{}))), 0)
}
