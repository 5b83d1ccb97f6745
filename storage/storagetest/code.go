package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

// Pending sessions, and the one conditional update that redeems their code.
var codeContracts = []contract{
	{"CreateAndRead", codeCreateAndRead},
	{"ZeroFields", codeZeroFields},
	{"Redeem", codeRedeem},
	{"RedeemConditions", codeRedeemConditions},
	{"RedeemBorders", codeRedeemBorders},
	{"RedeemKeepsAuthTime", codeRedeemKeepsAuthTime},
	{"RedeemRace", codeRedeemRace},
	{"RedeemRevokeRace", codeRedeemRevokeRace},
	{"RefreshAfterRedemption", codeRefreshAfterRedemption},
	{"NoRefreshWhilePending", codeNoRefreshWhilePending},
	{"PendingIsNoExcess", codePendingIsNoExcess},
	{"InEpoch", codeInEpoch},
	{"CountFailure", codeCountFailure},
	{"CountFailureRace", codeCountFailureRace},
	{"FilterByBrowser", codeFilterByBrowser},
	{"RevokeByBrowser", codeRevokeByBrowser},
	{"Injection", codeInjection},
}

func codeCreateAndRead(t *testing.T, s storage.Store) {
	for n := range 4 {
		wantSession(t, s, createSession(t, s, newPendingSession(n)))
	}
	page, err := s.ListSessions(t.Context(), storage.SessionFilter{}, storage.Page{})
	noErr(t, "ListSessions", err)
	wantEqual(t, "the sessions", page.Sessions, []storage.Session{newPendingSession(0), newPendingSession(1), newPendingSession(2), newPendingSession(3)})
}

// codeInEpoch reads a session with its user and the epoch.
func codeInEpoch(t *testing.T, s storage.Store) {
	_, _, _, err := s.SessionInEpoch(t.Context(), "sid-404")
	wantErr(t, "SessionInEpoch", err, storage.ErrNotFound)
	v := newPendingSession(1)
	v.UserID = newUser(1).ID
	createSession(t, s, v)
	_, _, _, err = s.SessionInEpoch(t.Context(), v.ID)
	wantErr(t, "SessionInEpoch without a user", err, storage.ErrNotFound)
	u := newUser(1)
	createUser(t, s, u)
	epoch := raise(t, s, storage.EpochRaise{At: start})
	got, user, e, err := s.SessionInEpoch(t.Context(), v.ID)
	noErr(t, "SessionInEpoch", err)
	wantEqual(t, "the session", got, v)
	wantEqual(t, "the user", user, u)
	wantEqual(t, "the epoch", e, epoch)
}

// codeZeroFields leaves each of the fields empty in turn.
func codeZeroFields(t *testing.T, s storage.Store) {
	for name, empty := range map[string]func(v *storage.Session){
		"browser":       func(v *storage.Session) { v.BrowserID = "" },
		"login bound":   func(v *storage.Session) { v.LoginBound = false },
		"amr":           func(v *storage.Session) { v.AMR = nil },
		"claims":        func(v *storage.Session) { v.Claims = nil },
		"code":          func(v *storage.Session) { v.Code = storage.Code{} },
		"redirect hash": func(v *storage.Session) { v.Code.RedirectHash = "" },
		"challenge":     func(v *storage.Session) { v.Code.Challenge = "" },
		"nonce":         func(v *storage.Session) { v.Code.Nonce = "" },
		"until":         func(v *storage.Session) { v.Code.Until = time.Time{} },
		"failures":      func(v *storage.Session) { v.Code.Failures = 0 },
		"check":         func(v *storage.Session) { v.CodeCheck = "" },
		"pkce":          func(v *storage.Session) { v.CodePKCE = false },
	} {
		v := newPendingSession(1)
		v.ID = name
		empty(&v)
		wantSession(t, s, createSession(t, s, v))
	}
	v := newPendingSession(2)
	v.AMR, v.Claims, v.Code.Until = []string{}, []string{}, subMillisecond
	createSession(t, s, v)
	v.AMR, v.Claims, v.Code.Until = nil, nil, start
	wantSession(t, s, v)
}

func codeRedeem(t *testing.T, s storage.Store) {
	for n := range 2 {
		session, other := createSession(t, s, newPendingSession(n)), createSession(t, s, newPendingSession(n+10))
		r := redemptionOf(session)
		got, err := s.RedeemSession(t.Context(), r)
		noErr(t, "RedeemSession", err)
		session = redeemed(session, r)
		wantEqual(t, "the answer of RedeemSession", got, session)
		wantSession(t, s, session)
		_, err = s.RedeemSession(t.Context(), r)
		wantErr(t, "RedeemSession again", err, storage.ErrConflict)
		wantSession(t, s, session)
		wantSession(t, s, other)
	}
	session := newPendingSession(5)
	r := redemptionOf(session)
	r.Roles, r.At = nil, subMillisecond
	createSession(t, s, session)
	got, err := s.RedeemSession(t.Context(), r)
	noErr(t, "RedeemSession of a user without roles", err)
	wantEqual(t, "the session", got, redeemed(session, r))
}

// codeRedeemConditions breaks one condition at a time.
func codeRedeemConditions(t *testing.T, s storage.Store) {
	session := createSession(t, s, newPendingSession(1))
	for name, spoil := range map[string]func(r *storage.Redemption){
		"another session": func(r *storage.Redemption) { r.SessionID = "session-404" },
		"no session":      func(r *storage.Redemption) { r.SessionID = "" },
		"another client":  func(r *storage.Redemption) { r.ClientID = "client-002" },
		"no client":       func(r *storage.Redemption) { r.ClientID = "" },
		"long expired":    func(r *storage.Redemption) { r.At = start.AddDate(1, 0, 0) },
	} {
		r := redemptionOf(session)
		spoil(&r)
		_, err := s.RedeemSession(t.Context(), r)
		wantErr(t, "RedeemSession with "+name, err, storage.ErrConflict)
		wantSession(t, s, session)
	}
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), session.ID, start, "logout"))
	_, err := s.RedeemSession(t.Context(), redemptionOf(session))
	wantErr(t, "RedeemSession of a revoked session", err, storage.ErrConflict)
	wantSession(t, s, revokedSession(session, start, "logout"))

	for _, generation := range []int64{0, 1, -2} {
		v := newPendingSession(2)
		v.ID, v.Generation = fmt.Sprint("generation ", generation), generation
		createSession(t, s, v)
		_, err := s.RedeemSession(t.Context(), redemptionOf(v))
		wantErr(t, "RedeemSession of generation "+fmt.Sprint(generation), err, storage.ErrConflict)
		wantSession(t, s, v)
	}
}

// codeRedeemBorders: a code lives to the millisecond.
func codeRedeemBorders(t *testing.T, s storage.Store) {
	end := newPendingSession(1).ExpiresAt
	for name, c := range map[string]struct {
		at time.Time
		ok bool
	}{
		"a millisecond before the end": {end.Add(-time.Millisecond), true},
		"less than one before the end": {end.Add(-1), true},
		"the end":                      {end, false},
		"a moment after the end":       {end.Add(1), false},
		"before the code was made":     {start.Add(-time.Hour), true},
	} {
		session := newPendingSession(1)
		session.ID = name
		createSession(t, s, session)
		r := redemptionOf(session)
		r.At = c.at
		got, err := s.RedeemSession(t.Context(), r)
		if !c.ok {
			wantErr(t, "RedeemSession: "+name, err, storage.ErrConflict)
			wantSession(t, s, session)
			continue
		}
		noErr(t, "RedeemSession: "+name, err)
		wantEqual(t, "the session: "+name, got, redeemed(session, r))
	}
}

// codeRedeemKeepsAuthTime: also where the user logged in when the code was made, or when it
// was redeemed.
func codeRedeemKeepsAuthTime(t *testing.T, s storage.Store) {
	for name, login := range map[string]time.Time{"created": newPendingSession(1).CreatedAt, "redeemed": redemptionOf(newPendingSession(1)).At, "never": {}} {
		session := newPendingSession(1)
		session.ID, session.AuthTime = name, login
		createSession(t, s, session)
		r := redemptionOf(session)
		got, err := s.RedeemSession(t.Context(), r)
		noErr(t, "RedeemSession", err)
		wantEqual(t, "the session", got, redeemed(session, r))
		wantSession(t, s, redeemed(session, r))
	}
}

func codeRedeemRace(t *testing.T, s storage.Store) {
	for n := range 3 {
		session := createSession(t, s, newPendingSession(n))
		of := func(i int) storage.Redemption {
			r := redemptionOf(session)
			r.StatusIndex, r.At = int64(i)+1, r.At.Add(time.Duration(i)*time.Millisecond)
			return r
		}
		errs := race(racers, func(i int) error {
			got, err := s.RedeemSession(t.Context(), of(i))
			if err == nil && got.StatusIndex != of(i).StatusIndex {
				t.Errorf("the winner has place %d, want its own, %d", got.StatusIndex, of(i).StatusIndex)
			}
			return err
		})
		wantSession(t, s, redeemed(session, of(winner(t, errs, storage.ErrConflict))))
	}
}

// codeRedeemRevokeRace: whichever comes first, the session ends revoked, and a redemption
// that succeeded is in the record.
func codeRedeemRevokeRace(t *testing.T, s storage.Store) {
	for n := range 8 {
		session := createSession(t, s, newPendingSession(n))
		r := redemptionOf(session)
		errs := race(2, func(i int) error {
			if i == 0 {
				return s.RevokeSession(t.Context(), session.ID, start, "reuse")
			}
			return second(s.RedeemSession(t.Context(), r))
		})
		noErr(t, "RevokeSession", errs[0])
		if errs[1] == nil {
			session = redeemed(session, r)
		} else {
			wantErr(t, "RedeemSession", errs[1], storage.ErrConflict)
		}
		wantSession(t, s, revokedSession(session, start, "reuse"))
	}
}

func codeRefreshAfterRedemption(t *testing.T, s storage.Store) {
	session := createSession(t, s, newPendingSession(1))
	session, err := s.RedeemSession(t.Context(), redemptionOf(session))
	noErr(t, "RedeemSession", err)
	r := rotationOf(session)
	got, err := s.RotateSession(t.Context(), r)
	noErr(t, "RotateSession", err)
	session.Generation, session.RotatedAt = 1, r.At
	wantEqual(t, "the session after a refresh", got.Session, session)
	_, err = s.RedeemSession(t.Context(), redemptionOf(session))
	wantErr(t, "RedeemSession after a refresh", err, storage.ErrConflict)
	wantSession(t, s, session)
}

// codeNoRefreshWhilePending: only a redemption moves a session to generation 0.
func codeNoRefreshWhilePending(t *testing.T, s storage.Store) {
	session := createSession(t, s, newPendingSession(1))
	r := rotationOf(session)
	r.At = start
	for _, from := range []int64{storage.PendingGeneration, 0} {
		r.From = from
		_, err := s.RotateSession(t.Context(), r)
		wantErr(t, fmt.Sprint("RotateSession from ", from), err, storage.ErrConflict)
		wantSession(t, s, session)
	}
}

func codePendingIsNoExcess(t *testing.T, s storage.Store) {
	createSession(t, s, newPendingSession(9))
	createSession(t, s, newSession(1))
	createSession(t, s, newSession(2))
	wantExcess(t, s, owner, start, start.Add(-time.Minute), 0, 10, 2, 1)
	wantExcess(t, s, owner, start, start.Add(-time.Minute), 1, 10, 1)
}

func codeCountFailure(t *testing.T, s storage.Store) {
	ctx := t.Context()
	session, other := newPendingSession(1), createSession(t, s, newPendingSession(2))
	none := newPendingSession(3)
	session.Code.Failures, none.Code = 0, storage.Code{}
	createSession(t, s, session)
	createSession(t, s, none)
	for n := range int64(3) {
		got, err := s.CountCodeFailure(ctx, session.ID)
		noErr(t, "CountCodeFailure", err)
		session.Code.Failures = n + 1
		wantEqual(t, "the answer of CountCodeFailure", got, session)
		wantSession(t, s, session)
	}
	got, err := s.CountCodeFailure(ctx, none.ID)
	noErr(t, "CountCodeFailure of an empty code", err)
	none.Code.Failures = 1
	wantEqual(t, "the session of the empty code", got, none)
	wantSession(t, s, other)

	_, err = s.CountCodeFailure(ctx, "session-404")
	wantErr(t, "CountCodeFailure of no session", err, storage.ErrConflict)
	session, err = s.RedeemSession(ctx, redemptionOf(session))
	noErr(t, "RedeemSession", err)
	_, err = s.CountCodeFailure(ctx, session.ID)
	wantErr(t, "CountCodeFailure after the redemption", err, storage.ErrConflict)
	wantSession(t, s, session)
	noErr(t, "RevokeSession", s.RevokeSession(ctx, other.ID, start, "reuse"))
	got, err = s.CountCodeFailure(ctx, other.ID)
	noErr(t, "CountCodeFailure of a revoked session", err)
	other.Code.Failures++
	wantEqual(t, "the revoked session", got, revokedSession(other, start, "reuse"))
}

func codeCountFailureRace(t *testing.T, s storage.Store) {
	session := newPendingSession(1)
	session.Code.Failures = 0
	createSession(t, s, session)
	oneToN(t, "failures", race(racers, func(int) int64 {
		got, err := s.CountCodeFailure(t.Context(), session.ID)
		if err != nil {
			t.Errorf("CountCodeFailure: %v", err)
		}
		return got.Code.Failures
	}))
	session.Code.Failures = racers
	wantSession(t, s, session)
}

// browserSessions creates sessions of two users born in two browser sessions and in none,
// half of them bound to the login. It returns the ids that a filter selects.
func browserSessions(t *testing.T, s storage.Store) func(storage.SessionFilter) []string {
	t.Helper()
	var all []storage.Session
	for n := range 12 {
		v := newPendingSession(n)
		v.UserID, v.BrowserID, v.LoginBound = fmt.Sprintf("user-%d", n%2), []string{"", "one", "two"}[n%3], n >= 6
		all = append(all, createSession(t, s, v))
	}
	return func(f storage.SessionFilter) (ids []string) {
		for _, v := range all {
			if (f.UserID == "" || f.UserID == v.UserID) && (f.BrowserID == "" || f.BrowserID == v.BrowserID) && (!f.LoginBound || v.LoginBound) {
				ids = append(ids, v.ID)
			}
		}
		return ids
	}
}

func codeFilterByBrowser(t *testing.T, s storage.Store) {
	selected := browserSessions(t, s)
	for _, f := range []storage.SessionFilter{
		{}, {BrowserID: "one"}, {BrowserID: "two", LoginBound: true}, {LoginBound: true}, {BrowserID: "on"}, {BrowserID: "none"},
		{BrowserID: "one", UserID: "user-1"}, {BrowserID: "one", UserID: "user-404"}, {UserID: "user-1", LoginBound: true},
	} {
		for _, limit := range []int{1, 3, 100} {
			wantEqual(t, fmt.Sprintf("sessions selected by %+v", f), listAll(t, limit, listSessions(t, s, f)), selected(f))
		}
	}
}

func codeRevokeByBrowser(t *testing.T, s storage.Store) {
	selected := browserSessions(t, s)
	bound := storage.SessionFilter{BrowserID: "one", LoginBound: true}
	wantRevokedAll(t, s, storage.SessionFilter{BrowserID: "none"}, 0)
	wantRevokedAll(t, s, bound, 2)
	wantEqual(t, "the revoked", revokedIDs(t, s, start.Add(time.Second), "disabled"), selected(bound))
	wantRevokedAll(t, s, storage.SessionFilter{BrowserID: "one"}, 2)
	wantEqual(t, "the revoked", revokedIDs(t, s, start.Add(time.Second), "disabled"), selected(storage.SessionFilter{BrowserID: "one"}))
}

func codeInjection(t *testing.T, s storage.Store) {
	of := func(v string) storage.Session {
		session := newPendingSession(1)
		session.ID, session.BrowserID, session.AMR, session.Claims, session.CodeCheck = v, v, []string{v, v + "#"}, []string{v}, v
		session.Code.RedirectHash, session.Code.Challenge, session.Code.Nonce = v, v, v
		return session
	}
	for _, v := range sampledStrings() {
		createSession(t, s, of(v))
	}
	for _, v := range sampledStrings() {
		session := of(v)
		wantSession(t, s, session)
		wantEqual(t, "the sessions of a browser", listAll(t, 2, listSessions(t, s, storage.SessionFilter{BrowserID: v})), []string{v})
		got, err := s.CountCodeFailure(t.Context(), v)
		noErr(t, "CountCodeFailure", err)
		session.Code.Failures++
		wantEqual(t, "the session", got, session)
	}
}
