package storagetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"example.org/signet/storage"
)

// The lists of bits, and how the ends of sessions reach them.
var statusContracts = []contract{
	{"LeaseGoesOn", statusLeaseGoesOn},
	{"LeaseRace", statusLeaseRace},
	{"LeaseMovesUntil", statusLeaseMovesUntil},
	{"AddedListIsUsedNext", statusAddedListIsUsedNext},
	{"Bits", statusBits},
	{"BitsRace", statusBitsRace},
	{"SweepBorder", statusSweepBorder},
	{"SweepKeepsTheNewest", statusSweepKeepsTheNewest},
	{"RevocationIsDue", statusRevocationIsDue},
	{"DueIsBounded", statusDueIsBounded},
	{"Regrade", statusRegrade},
	{"RegradeConditions", statusRegradeConditions},
	{"RegradeRace", statusRegradeRace},
	{"SettleRetired", statusSettleRetired},
	{"SettleLeavesWhatMoved", statusSettleLeavesWhatMoved},
	{"Endings", statusEndings},
}

const leaseSize = 1 << 15 // four to a list

func lease(t *testing.T, s storage.Store, until time.Time) int64 {
	t.Helper()
	first, err := s.LeaseStatus(t.Context(), leaseSize, until)
	ok(t, "LeaseStatus", err)
	return first
}

func heads(t *testing.T, s storage.Store) []storage.StatusList {
	t.Helper()
	lists, err := s.StatusLists(t.Context())
	ok(t, "StatusLists", err)
	return lists
}

func statusLeaseGoesOn(t *testing.T, s storage.Store) {
	same(t, "the lists of an empty store", heads(t, s), nil)
	for n := range int64(6) {
		same(t, "the first index", lease(t, s, start), storage.StatusListSize+n*leaseSize)
	}
	same(t, "the lists", heads(t, s), []storage.StatusList{
		{ID: 1, Leased: storage.StatusListSize, Until: start}, {ID: 2, Leased: 2 * leaseSize, Until: start},
	})
}

// statusLeaseRace: no index is given to two, and none is left out.
func statusLeaseRace(t *testing.T, s storage.Store) {
	firsts := race(10, func(int) int64 {
		first, err := s.LeaseStatus(t.Context(), leaseSize, start)
		if err != nil {
			t.Errorf("LeaseStatus: %v", err)
		}
		return first
	})
	slices.Sort(firsts)
	for n, first := range firsts {
		same(t, "a first index", first, storage.StatusListSize+int64(n)*leaseSize)
	}
}

func statusLeaseMovesUntil(t *testing.T, s storage.Store) {
	for _, c := range []struct{ until, want time.Time }{
		{start, start}, {start.Add(-time.Hour), start}, {start.Add(time.Hour + 1), start.Add(time.Hour)},
	} {
		lease(t, s, c.until)
		same(t, "Until", heads(t, s)[0].Until, c.want)
	}
}

func statusAddedListIsUsedNext(t *testing.T, s storage.Store) {
	ctx := t.Context()
	ok(t, "AddStatusList", s.AddStatusList(ctx, 1))
	ok(t, "AddStatusList", s.AddStatusList(ctx, 2))
	taken(t, "AddStatusList again", s.AddStatusList(ctx, 2), "id")
	same(t, "the lists", heads(t, s), []storage.StatusList{{ID: 1}, {ID: 2}})
	for n := range int64(5) {
		same(t, "the first index", lease(t, s, start), storage.StatusListSize+n*leaseSize)
	}
	taken(t, "AddStatusList of one in use", s.AddStatusList(ctx, 1), "id")
	same(t, "lists", len(heads(t, s)), 2)
}

func wantList(t *testing.T, s storage.Store, want storage.StatusList) {
	t.Helper()
	got, err := s.StatusList(t.Context(), want.ID)
	ok(t, "StatusList", err)
	same(t, "the list", got, want)
}

func statusBits(t *testing.T, s storage.Store) {
	ctx := t.Context()
	lease(t, s, start)
	_, err := s.StatusList(ctx, 2)
	fails(t, "StatusList", err, storage.ErrNotFound)
	want := storage.StatusList{ID: 1, Leased: leaseSize, Until: start}
	wantList(t, s, want)
	want.Bits = bytes.Repeat([]byte{0, 0x80, 0xff, 1}, storage.StatusListSize/8/4)
	ok(t, "SetStatus", s.SetStatus(ctx, 1, 0, want.Bits))
	want.Version = 1
	wantList(t, s, want)
	fails(t, "SetStatus of the old version", s.SetStatus(ctx, 1, 0, nil), storage.ErrConflict)
	fails(t, "SetStatus of no list", s.SetStatus(ctx, 2, 0, want.Bits), storage.ErrConflict)
	wantList(t, s, want)
	lease(t, s, start)
	want.Leased += leaseSize
	wantList(t, s, want)
	want.Bits = nil
	same(t, "the lists without their bits", heads(t, s), []storage.StatusList{want})
}

// statusBitsRace: one writer of a version wins, so no bit of another is lost.
func statusBitsRace(t *testing.T, s storage.Store) {
	lease(t, s, start)
	bits := func(i int) []byte { return append(make([]byte, storage.StatusListSize/8-1), byte(i)) }
	errs := race(racers, func(i int) error { return s.SetStatus(t.Context(), 1, 0, bits(i)) })
	won := winner(t, errs, storage.ErrConflict)
	wantList(t, s, storage.StatusList{ID: 1, Leased: leaseSize, Until: start, Version: 1, Bits: bits(won)})
}

func wantSweptLists(t *testing.T, s storage.Store, before time.Time, limit int, want int64) {
	t.Helper()
	n, err := s.SweepStatusLists(t.Context(), before, limit)
	ok(t, "SweepStatusLists", err)
	same(t, "how many SweepStatusLists deleted", n, want)
}

func statusSweepBorder(t *testing.T, s storage.Store) {
	for range 4 * 3 {
		lease(t, s, start)
	}
	ok(t, "AddStatusList", s.AddStatusList(t.Context(), 4))
	for _, before := range []time.Time{{}, start, start.Add(time.Millisecond - 1)} {
		wantSweptLists(t, s, before, 10, 0)
	}
	for _, limit := range []int{0, -1} {
		wantSweptLists(t, s, start.Add(time.Hour), limit, 0)
	}
	wantSweptLists(t, s, start.Add(time.Millisecond), 2, 2)
	wantSweptLists(t, s, start.Add(time.Millisecond), 2, 1)
	same(t, "the lists", heads(t, s), []storage.StatusList{{ID: 4}})
}

// statusSweepKeepsTheNewest: its number is what the next one counts on from.
func statusSweepKeepsTheNewest(t *testing.T, s storage.Store) {
	for range 5 {
		lease(t, s, start)
	}
	wantSweptLists(t, s, start.Add(time.Hour), 10, 1)
	wantSweptLists(t, s, start.Add(time.Hour), 10, 0)
	same(t, "the next index", lease(t, s, start.Add(time.Hour)), 2*storage.StatusListSize+leaseSize)
}

func wantDue(t *testing.T, s storage.Store, want ...storage.Session) {
	t.Helper()
	got, err := s.DueSessions(t.Context(), 100)
	ok(t, "DueSessions", err)
	same(t, "the sessions whose status is due", got, want)
}

func statusRevocationIsDue(t *testing.T, s storage.Store) {
	ctx := t.Context()
	one, two, living := createSession(t, s, newSession(1)), createSession(t, s, newSession(2)), newSession(3)
	living.UserID = "user-id-002"
	createSession(t, s, living)
	wantDue(t, s)
	ok(t, "RevokeSession", s.RevokeSession(ctx, two.ID, start, "logout"))
	two = endedAs(two, start, "logout")
	wantDue(t, s, two)
	wantRevokedAll(t, s, storage.SessionFilter{UserID: one.UserID}, 1)
	one = endedAs(one, start.Add(time.Second), "disabled")
	wantDue(t, s, one, two)
	ok(t, "SettleSessions", s.SettleSessions(ctx, []storage.Session{one, two}))
	wantDue(t, s)
	one.StatusDue, two.StatusDue = false, false
	for _, session := range []storage.Session{one, two, living} {
		wantSession(t, s, session)
	}
	ok(t, "RevokeSession again", s.RevokeSession(ctx, two.ID, start, "logout"))
	wantDue(t, s)
	ok(t, "SettleSessions of nobody", s.SettleSessions(ctx, nil))
	ok(t, "SettleSessions of one that is gone", s.SettleSessions(ctx, []storage.Session{newSession(404)}))
}

func statusDueIsBounded(t *testing.T, s storage.Store) {
	for n := range 6 {
		session := newSession(n)
		session.StatusDue = n != 2
		createSession(t, s, session)
	}
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 3: 3, 100: 5} {
		got, err := s.DueSessions(t.Context(), limit)
		ok(t, "DueSessions", err)
		same(t, "how many", len(got), want)
		if want == 3 {
			same(t, "the third", got[2].ID, newSession(3).ID)
		}
	}
}

func regradeOf(s storage.Session) storage.Regrade {
	return storage.Regrade{
		SessionID: s.ID, From: s.Grade, StatusIndex: s.StatusIndex + 5000, RetiredIndex: s.StatusIndex,
		Roles: []string{"user"}, Withheld: []string{"items:read"},
	}
}

func statusRegrade(t *testing.T, s storage.Store) {
	for _, grade := range []int64{0, 7} {
		session := newSession(int(grade))
		session.Grade = grade
		createSession(t, s, session)
		r := regradeOf(session)
		got, err := s.RegradeSession(t.Context(), r)
		ok(t, "RegradeSession", err)
		session.Grade, session.StatusIndex, session.RetiredIndex, session.StatusDue = grade+1, r.StatusIndex, r.RetiredIndex, true
		session.Roles, session.Withheld = r.Roles, r.Withheld
		same(t, "the session as answered", got, session)
		wantSession(t, s, session)

		r = storage.Regrade{SessionID: session.ID, From: grade + 1, StatusIndex: r.StatusIndex, RetiredIndex: 0}
		got, err = s.RegradeSession(t.Context(), r)
		ok(t, "RegradeSession that retires nothing", err)
		session.Grade, session.RetiredIndex, session.Roles, session.Withheld = grade+2, 0, nil, nil
		same(t, "the session as answered", got, session)

		rotated, err := s.RotateSession(t.Context(), rotationOf(session))
		ok(t, "RotateSession", err)
		session.Generation, session.RotatedAt = session.Generation+1, rotationOf(session).At
		same(t, "the session after a refresh", rotated, session)
	}
}

func statusRegradeConditions(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	for _, grade := range []int64{session.Grade - 1, session.Grade + 1, 0} {
		r := regradeOf(session)
		r.From = grade
		_, err := s.RegradeSession(t.Context(), r)
		fails(t, "RegradeSession from another grade", err, storage.ErrConflict)
	}
	_, err := s.RegradeSession(t.Context(), regradeOf(newSession(404)))
	fails(t, "RegradeSession of nobody", err, storage.ErrConflict)
	wantSession(t, s, session)
	ok(t, "RevokeSession", s.RevokeSession(t.Context(), session.ID, start, "logout"))
	_, err = s.RegradeSession(t.Context(), regradeOf(session))
	fails(t, "RegradeSession of a revoked one", err, storage.ErrConflict)
	session = endedAs(session, start, "logout")
	wantSession(t, s, session)
}

func statusRegradeRace(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	of := func(i int) storage.Regrade {
		r := regradeOf(session)
		r.StatusIndex += int64(i)
		return r
	}
	errs := race(racers, func(i int) error { return second(s.RegradeSession(t.Context(), of(i))) })
	won := of(winner(t, errs, storage.ErrConflict))
	got, err := s.Session(t.Context(), session.ID)
	ok(t, "Session", err)
	same(t, "the index", got.StatusIndex, won.StatusIndex)
	same(t, "the grade", got.Grade, session.Grade+1)
}

func statusSettleRetired(t *testing.T, s storage.Store) {
	session, err := s.RegradeSession(t.Context(), regradeOf(createSession(t, s, newSession(1))))
	ok(t, "RegradeSession", err)
	wantDue(t, s, session)
	ok(t, "SettleSessions", s.SettleSessions(t.Context(), []storage.Session{session}))
	wantDue(t, s)
	session.StatusDue, session.RetiredIndex = false, 0
	wantSession(t, s, session)
}

// statusSettleLeavesWhatMoved: what became due after the record was read stays.
func statusSettleLeavesWhatMoved(t *testing.T, s storage.Store) {
	read, err := s.RegradeSession(t.Context(), regradeOf(createSession(t, s, newSession(1))))
	ok(t, "RegradeSession", err)
	ok(t, "RevokeSession", s.RevokeSession(t.Context(), read.ID, start, "logout"))
	ok(t, "SettleSessions", s.SettleSessions(t.Context(), []storage.Session{read}))
	ended := endedAs(read, start, "logout")
	wantDue(t, s, ended)

	read, err = s.RegradeSession(t.Context(), regradeOf(createSession(t, s, newSession(2))))
	ok(t, "RegradeSession", err)
	again, err := s.RegradeSession(t.Context(), regradeOf(read))
	ok(t, "RegradeSession", err)
	ok(t, "SettleSessions", s.SettleSessions(t.Context(), []storage.Session{read}))
	wantDue(t, s, ended, again)
}

func statusEndings(t *testing.T, s storage.Store) {
	ctx := t.Context()
	want := func(limit int, endings ...storage.Ending) {
		t.Helper()
		got, err := s.Endings(ctx, limit)
		ok(t, "Endings", err)
		same(t, "the endings", got, endings)
	}
	want(10)
	user, client := storage.Ending{ID: "1", UserID: "u", Reason: "disabled"}, storage.Ending{ID: "2", ClientID: "c", Reason: "deleted"}
	ok(t, "AddEnding", s.AddEnding(ctx, client))
	ok(t, "AddEnding", s.AddEnding(ctx, user))
	taken(t, "AddEnding again", s.AddEnding(ctx, client), "id")
	want(10, user, client)
	want(1, user)
	want(0)
	want(-1)
	for range 2 {
		ok(t, "RemoveEnding", s.RemoveEnding(ctx, user.ID))
	}
	want(10, client)
}
