package storagetest

import (
	"testing"
	"time"

	"example.org/signet/storage"
)

// What is read with every token: the state of a session, of its user and of the epoch.
var sessionStateContracts = []contract{
	{"IsOfTheRecords", stateIsOfTheRecords},
	{"FollowsEveryChange", stateFollowsEveryChange},
	{"NotFound", stateNotFound},
}

// wantState compares the state of the session with its records.
func wantState(t *testing.T, s storage.Store, id string) storage.SessionState {
	t.Helper()
	session, user, epoch, err := s.SessionInEpoch(t.Context(), id)
	noErr(t, "SessionInEpoch", err)
	got, err := s.SessionState(t.Context(), id)
	noErr(t, "SessionState", err)
	wantEqual(t, "the state", got, storage.NewSessionState(session, user, epoch))
	return got
}

func stateIsOfTheRecords(t *testing.T, s storage.Store) {
	for n := range 3 {
		u := newUser(n)
		u.Epoch, u.KeptSession, u.KeptEpoch = int64(n), "kept", int64(n)
		createUser(t, s, u)
		for _, session := range []storage.Session{newSession(n), newPendingSession(n + 10)} {
			session.UserID, session.StatusIndex, session.ClientEpoch = u.ID, int64(n)<<33, int64(n)
			createSession(t, s, session)
			wantEqual(t, "the client", wantState(t, s, session.ID).ClientID, session.ClientID)
		}
	}
	bare := newUser(5)
	bare.Roles = nil
	createUser(t, s, bare)
	createSession(t, s, storage.Session{ID: "bare", UserID: bare.ID})
	wantState(t, s, "bare")
}

// stateFollowsEveryChange changes each record in turn.
func stateFollowsEveryChange(t *testing.T, s storage.Store) {
	u, session := createOwned(t, s)
	wantEqual(t, "a revocation before there was one", wantState(t, s, session.ID).RevokedAt, time.Time{})
	u.Disabled, u.Roles, u.Username = true, []string{"other"}, "renamed"
	_, err := s.UpdateUser(t.Context(), u)
	noErr(t, "UpdateUser", err)
	wantEqual(t, "disabled", wantState(t, s, session.ID).User.Disabled, true)
	epoch := raise(t, s, storage.EpochRaise{At: start})
	wantEqual(t, "the epoch", wantState(t, s, session.ID).StoreEpoch, epoch.Number)
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), session.ID, start, "logout"))
	wantEqual(t, "the revocation", wantState(t, s, session.ID).RevokedAt, start)
}

// createOwned stores a session and its user.
func createOwned(t *testing.T, s storage.Store) (storage.User, storage.Session) {
	t.Helper()
	u, session := newUser(1), newSession(1)
	session.UserID = u.ID
	createUser(t, s, u)
	return u, createSession(t, s, session)
}

func stateNotFound(t *testing.T, s storage.Store) {
	_, err := s.SessionState(t.Context(), "sid-404")
	wantErr(t, "SessionState", err, storage.ErrNotFound)
	u, session := createOwned(t, s)
	noErr(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID, 0))
	_, err = s.SessionState(t.Context(), session.ID)
	wantErr(t, "SessionState without a user", err, storage.ErrNotFound)
}

// rotationUserAndEpoch: a rotation brings its user and the epoch, and moves the session also
// where there is no user any more.
func rotationUserAndEpoch(t *testing.T, s storage.Store) {
	u, session := createOwned(t, s)
	rotate := func(user storage.User, epoch int64) {
		t.Helper()
		got, err := s.RotateSession(t.Context(), rotationOf(session))
		noErr(t, "RotateSession", err)
		wantEqual(t, "the user", got.User, user.State())
		wantEqual(t, "the epoch", got.StoreEpoch, epoch)
		session = got.Session
		wantSession(t, s, session)
	}
	rotate(u, 0)
	u.Disabled, u.Epoch, u.KeptSession, u.KeptEpoch = true, 3, session.ID, 1
	u, err := s.UpdateUser(t.Context(), u)
	noErr(t, "UpdateUser", err)
	rotate(u, 0)
	rotate(u, raise(t, s, storage.EpochRaise{At: start}).Number)
	noErr(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID, 0))
	got, err := s.RotateSession(t.Context(), rotationOf(session))
	noErr(t, "RotateSession without a user", err)
	wantEqual(t, "the user", got.User, storage.UserState{})
	wantEqual(t, "the generation", got.Generation, 4)
}
