package storagetest

import (
	"bytes"
	"slices"
	"strings"
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
	{"RevocationIsPending", statusRevocationIsPending},
	{"PendingIsBounded", statusPendingIsBounded},
	{"UpdateRights", statusUpdateRights},
	{"UpdateRightsConditions", statusUpdateRightsConditions},
	{"UpdateRightsRace", statusUpdateRightsRace},
	{"ClearRetired", statusClearRetired},
	{"RetirePlace", statusRetirePlace},
	{"ClearKeepsNewerChanges", statusClearKeepsNewerChanges},
	{"PendingRevocations", statusPendingRevocations},
}

const leaseSize = 1 << 15 // four to a list

func lease(t *testing.T, s storage.Store, until time.Time) int64 {
	t.Helper()
	first, err := s.LeaseStatus(t.Context(), leaseSize, until)
	noErr(t, "LeaseStatus", err)
	return first
}

func statusLists(t *testing.T, s storage.Store) []storage.StatusList {
	t.Helper()
	lists, err := s.StatusLists(t.Context())
	noErr(t, "StatusLists", err)
	return lists
}

func statusLeaseGoesOn(t *testing.T, s storage.Store) {
	wantEqual(t, "the lists of an empty store", statusLists(t, s), nil)
	for n := range int64(6) {
		wantEqual(t, "the first index", lease(t, s, start), storage.StatusListSize+n*leaseSize)
	}
	wantEqual(t, "the lists", statusLists(t, s), []storage.StatusList{
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
		wantEqual(t, "a first index", first, storage.StatusListSize+int64(n)*leaseSize)
	}
}

func statusLeaseMovesUntil(t *testing.T, s storage.Store) {
	for _, c := range []struct{ until, want time.Time }{
		{start, start}, {start.Add(-time.Hour), start}, {start.Add(time.Hour + 1), start.Add(time.Hour)},
	} {
		lease(t, s, c.until)
		wantEqual(t, "Until", statusLists(t, s)[0].Until, c.want)
	}
}

func statusAddedListIsUsedNext(t *testing.T, s storage.Store) {
	ctx := t.Context()
	noErr(t, "AddStatusList", s.AddStatusList(ctx, 1))
	noErr(t, "AddStatusList", s.AddStatusList(ctx, 2))
	wantDuplicate(t, "AddStatusList again", s.AddStatusList(ctx, 2), "id")
	wantEqual(t, "the lists", statusLists(t, s), []storage.StatusList{{ID: 1}, {ID: 2}})
	for n := range int64(5) {
		wantEqual(t, "the first index", lease(t, s, start), storage.StatusListSize+n*leaseSize)
	}
	wantDuplicate(t, "AddStatusList of one in use", s.AddStatusList(ctx, 1), "id")
	wantEqual(t, "lists", len(statusLists(t, s)), 2)
}

func wantList(t *testing.T, s storage.Store, want storage.StatusList) {
	t.Helper()
	got, err := s.StatusList(t.Context(), want.ID)
	noErr(t, "StatusList", err)
	wantEqual(t, "the list", got, want)
}

func statusBits(t *testing.T, s storage.Store) {
	ctx := t.Context()
	lease(t, s, start)
	_, err := s.StatusList(ctx, 2)
	wantErr(t, "StatusList", err, storage.ErrNotFound)
	want := storage.StatusList{ID: 1, Leased: leaseSize, Until: start}
	wantList(t, s, want)
	want.Bits = bytes.Repeat([]byte{0, 0x80, 0xff, 1}, storage.StatusListSize/8/4)
	noErr(t, "SetStatus", s.SetStatus(ctx, 1, 0, want.Bits))
	want.Version = 1
	wantList(t, s, want)
	wantErr(t, "SetStatus of the old version", s.SetStatus(ctx, 1, 0, nil), storage.ErrConflict)
	wantErr(t, "SetStatus of no list", s.SetStatus(ctx, 2, 0, want.Bits), storage.ErrConflict)
	wantList(t, s, want)
	lease(t, s, start)
	want.Leased += leaseSize
	wantList(t, s, want)
	want.Bits = nil
	wantEqual(t, "the lists without their bits", statusLists(t, s), []storage.StatusList{want})
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
	noErr(t, "SweepStatusLists", err)
	wantEqual(t, "how many SweepStatusLists deleted", n, want)
}

func statusSweepBorder(t *testing.T, s storage.Store) {
	for range 4 * 3 {
		lease(t, s, start)
	}
	noErr(t, "AddStatusList", s.AddStatusList(t.Context(), 4))
	for _, before := range []time.Time{{}, start, start.Add(time.Millisecond - 1)} {
		wantSweptLists(t, s, before, 10, 0)
	}
	for _, limit := range []int{0, -1} {
		wantSweptLists(t, s, start.Add(time.Hour), limit, 0)
	}
	wantSweptLists(t, s, start.Add(time.Millisecond), 2, 2)
	wantSweptLists(t, s, start.Add(time.Millisecond), 2, 1)
	wantEqual(t, "the lists", statusLists(t, s), []storage.StatusList{{ID: 4}})
}

// statusSweepKeepsTheNewest: its number is what the next one counts on from.
func statusSweepKeepsTheNewest(t *testing.T, s storage.Store) {
	for range 5 {
		lease(t, s, start)
	}
	wantSweptLists(t, s, start.Add(time.Hour), 10, 1)
	wantSweptLists(t, s, start.Add(time.Hour), 10, 0)
	wantEqual(t, "the next index", lease(t, s, start.Add(time.Hour)), 2*storage.StatusListSize+leaseSize)
}

func wantPending(t *testing.T, s storage.Store, want ...storage.Session) {
	t.Helper()
	got, err := s.PendingStatus(t.Context(), 100)
	noErr(t, "PendingStatus", err)
	slices.SortFunc(got, func(a, b storage.Session) int { return strings.Compare(a.ID, b.ID) })
	wantEqual(t, "the sessions with pending status", got, want)
}

func statusRevocationIsPending(t *testing.T, s storage.Store) {
	ctx := t.Context()
	one, two, living := createSession(t, s, newSession(1)), createSession(t, s, newSession(2)), newSession(3)
	living.UserID = "user-id-002"
	createSession(t, s, living)
	wantPending(t, s)
	noErr(t, "RevokeSession", s.RevokeSession(ctx, two.ID, start, "logout"))
	two = revokedSession(two, start, "logout")
	wantPending(t, s, two)
	wantRevokedAll(t, s, storage.SessionFilter{UserID: one.UserID}, 1)
	one = revokedSession(one, start.Add(time.Second), "disabled")
	wantPending(t, s, one, two)
	noErr(t, "ClearPendingStatus", s.ClearPendingStatus(ctx, []storage.Session{one, two}))
	wantPending(t, s)
	one.StatusPending, two.StatusPending = false, false
	for _, session := range []storage.Session{one, two, living} {
		wantSession(t, s, session)
	}
	noErr(t, "RevokeSession again", s.RevokeSession(ctx, two.ID, start, "logout"))
	wantPending(t, s)
	noErr(t, "ClearPendingStatus of nobody", s.ClearPendingStatus(ctx, nil))
	noErr(t, "ClearPendingStatus of one that is gone", s.ClearPendingStatus(ctx, []storage.Session{newSession(404)}))
}

func statusPendingIsBounded(t *testing.T, s storage.Store) {
	for n := range 6 {
		session := newSession(n)
		session.StatusPending = n != 2
		createSession(t, s, session)
	}
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 3: 3, 100: 5} {
		got, err := s.PendingStatus(t.Context(), limit)
		noErr(t, "PendingStatus", err)
		wantEqual(t, "how many", len(got), want)
		for _, session := range got {
			wantEqual(t, session.ID+" is pending", session.StatusPending, true)
		}
	}
}

func rightsUpdateOf(s storage.Session) storage.RightsUpdate {
	return storage.RightsUpdate{
		SessionID: s.ID, From: s.RightsVersion, StatusIndex: s.StatusIndex + 5000, RetiredIndex: s.StatusIndex,
		Roles: []string{"user"}, DeniedScopes: []string{"items:read"}, DeniedAudiences: []string{"https://api.example.com"},
	}
}

func statusUpdateRights(t *testing.T, s storage.Store) {
	for _, version := range []int64{0, 7} {
		session := newSession(int(version))
		session.RightsVersion = version
		createSession(t, s, session)
		r := rightsUpdateOf(session)
		got, err := s.UpdateRights(t.Context(), r)
		noErr(t, "UpdateRights", err)
		session.RightsVersion, session.StatusIndex, session.RetiredIndex, session.StatusPending = version+1, r.StatusIndex, r.RetiredIndex, true
		session.Roles, session.DeniedScopes, session.DeniedAudiences, session.StatusRetired = r.Roles, r.DeniedScopes, r.DeniedAudiences, false
		wantEqual(t, "the session as answered", got, session)
		wantSession(t, s, session)

		r = storage.RightsUpdate{SessionID: session.ID, From: version + 1, StatusIndex: r.StatusIndex, RetiredIndex: 0}
		got, err = s.UpdateRights(t.Context(), r)
		noErr(t, "UpdateRights that retires nothing", err)
		session.RightsVersion, session.RetiredIndex, session.Roles, session.DeniedScopes = version+2, 0, nil, nil
		session.DeniedAudiences = nil
		wantEqual(t, "the session as answered", got, session)

		rotated, err := s.RotateSession(t.Context(), rotationOf(session))
		noErr(t, "RotateSession", err)
		session.Generation, session.RotatedAt = session.Generation+1, rotationOf(session).At
		wantEqual(t, "the session after a refresh", rotated.Session, session)
	}
}

func statusUpdateRightsConditions(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	for _, version := range []int64{session.RightsVersion - 1, session.RightsVersion + 1, 0} {
		r := rightsUpdateOf(session)
		r.From = version
		_, err := s.UpdateRights(t.Context(), r)
		wantErr(t, "UpdateRights from another version", err, storage.ErrConflict)
	}
	_, err := s.UpdateRights(t.Context(), rightsUpdateOf(newSession(404)))
	wantErr(t, "UpdateRights of nobody", err, storage.ErrConflict)
	wantSession(t, s, session)
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), session.ID, start, "logout"))
	_, err = s.UpdateRights(t.Context(), rightsUpdateOf(session))
	wantErr(t, "UpdateRights of a revoked one", err, storage.ErrConflict)
	session = revokedSession(session, start, "logout")
	wantSession(t, s, session)
}

func statusUpdateRightsRace(t *testing.T, s storage.Store) {
	session := createSession(t, s, newSession(1))
	of := func(i int) storage.RightsUpdate {
		r := rightsUpdateOf(session)
		r.StatusIndex += int64(i)
		return r
	}
	errs := race(racers, func(i int) error { return second(s.UpdateRights(t.Context(), of(i))) })
	won := of(winner(t, errs, storage.ErrConflict))
	got, err := s.Session(t.Context(), session.ID)
	noErr(t, "Session", err)
	wantEqual(t, "the index", got.StatusIndex, won.StatusIndex)
	wantEqual(t, "the rights version", got.RightsVersion, session.RightsVersion+1)
}

func statusClearRetired(t *testing.T, s storage.Store) {
	session, err := s.UpdateRights(t.Context(), rightsUpdateOf(createSession(t, s, newSession(1))))
	noErr(t, "UpdateRights", err)
	wantPending(t, s, session)
	noErr(t, "ClearPendingStatus", s.ClearPendingStatus(t.Context(), []storage.Session{session}))
	wantPending(t, s)
	session.StatusPending, session.RetiredIndex = false, 0
	wantSession(t, s, session)
}

// statusRetirePlace: the bit of a place is pending while its session lives on. That it is
// retired stays with the session until it has another place.
func statusRetirePlace(t *testing.T, s storage.Store) {
	session := newSession(1)
	session.StatusRetired = false
	createSession(t, s, session)
	r := rightsUpdateOf(session)
	r.StatusIndex, r.RetiredIndex, r.StatusRetired = session.StatusIndex, 0, true
	got, err := s.UpdateRights(t.Context(), r)
	noErr(t, "UpdateRights that retires the place", err)
	session.RightsVersion, session.StatusRetired, session.StatusPending = session.RightsVersion+1, true, true
	session.Roles, session.DeniedScopes, session.DeniedAudiences = r.Roles, r.DeniedScopes, r.DeniedAudiences
	wantEqual(t, "the session as answered", got, session)
	wantPending(t, s, session)
	noErr(t, "ClearPendingStatus", s.ClearPendingStatus(t.Context(), []storage.Session{session}))
	session.StatusPending = false
	wantPending(t, s)
	wantSession(t, s, session)
	got, err = s.UpdateRights(t.Context(), rightsUpdateOf(session))
	noErr(t, "UpdateRights to another place", err)
	wantEqual(t, "the place is retired", got.StatusRetired, false)
}

// statusClearKeepsNewerChanges: what became due after the record was read stays.
func statusClearKeepsNewerChanges(t *testing.T, s storage.Store) {
	read, err := s.UpdateRights(t.Context(), rightsUpdateOf(createSession(t, s, newSession(1))))
	noErr(t, "UpdateRights", err)
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), read.ID, start, "logout"))
	noErr(t, "ClearPendingStatus", s.ClearPendingStatus(t.Context(), []storage.Session{read}))
	ended := revokedSession(read, start, "logout")
	wantPending(t, s, ended)

	read, err = s.UpdateRights(t.Context(), rightsUpdateOf(createSession(t, s, newSession(2))))
	noErr(t, "UpdateRights", err)
	again, err := s.UpdateRights(t.Context(), rightsUpdateOf(read))
	noErr(t, "UpdateRights", err)
	noErr(t, "ClearPendingStatus", s.ClearPendingStatus(t.Context(), []storage.Session{read}))
	wantPending(t, s, ended, again)
}

func statusPendingRevocations(t *testing.T, s storage.Store) {
	ctx := t.Context()
	want := func(limit int, pending ...storage.PendingRevocation) {
		t.Helper()
		got, err := s.PendingRevocations(ctx, limit)
		noErr(t, "PendingRevocations", err)
		wantEqual(t, "the pending revocations", got, pending)
	}
	want(10)
	user, client := storage.PendingRevocation{ID: "1", UserID: "u", Reason: "editor", Kind: storage.PendingAssignment}, storage.PendingRevocation{ID: "2", ClientID: "c", Reason: "deleted"}
	noErr(t, "AddPendingRevocation", s.AddPendingRevocation(ctx, client))
	noErr(t, "AddPendingRevocation", s.AddPendingRevocation(ctx, user))
	wantDuplicate(t, "AddPendingRevocation again", s.AddPendingRevocation(ctx, client), "id")
	want(10, user, client)
	want(1, user)
	want(0)
	want(-1)
	for range 2 {
		noErr(t, "RemovePendingRevocation", s.RemovePendingRevocation(ctx, user.ID))
	}
	want(10, client)
}
