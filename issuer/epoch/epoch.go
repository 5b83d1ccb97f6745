// Package epoch is the arithmetic by which one step on one record ends many sessions.
//
// The store, each user and each client have an epoch that only grows. A session carries those
// of the moment at which it began, and counts while none of them has moved:
//
//	Session.UserEpoch   = Epoch.Number<<32 | User.Epoch
//	Session.ClientEpoch = Client.Epoch
//
// The one exception is User.KeptSession: the session of the user who signs out everywhere
// else. The functions here are pure: they read and write no store.
package epoch

import (
	"time"

	"example.org/signet/storage"
)

// userBits leaves a user 2^32 epochs of their own in each of the store's.
const userBits = 32

// Session returns what a session of the user carries that begins now. It is below every later
// one.
func Session(u storage.User, e storage.Epoch) int64 { return session(u.Epoch, e.Number) }

func session(user, store int64) int64 { return store<<userBits + user }

// Renewed returns what the browser session carries that takes the place of old after a step on
// the user's own record. A step on the store's epoch since old began ends both.
func Renewed(u storage.User, old storage.BrowserSession) int64 {
	return Session(u, storage.Epoch{Number: old.UserEpoch >> userBits})
}

// ValidForUser tells whether the user is enabled, and neither they nor anybody for the whole
// store has ended the session since it began.
func ValidForUser(u storage.User, e storage.Epoch, s storage.Session) bool {
	return Valid(storage.NewSessionState(s, u, e))
}

// Valid is ValidForUser of what is read of them with every token.
func Valid(s storage.SessionState) bool {
	kept := s.ID == s.User.KeptSession && s.StoreEpoch == s.User.KeptEpoch
	return !s.User.Disabled && (s.UserEpoch == session(s.User.Epoch, s.StoreEpoch) || kept)
}

// ValidForBrowser tells whether the user is enabled, and nobody has ended the browser session
// since it began.
func ValidForBrowser(u storage.User, e storage.Epoch, s storage.BrowserSession) bool {
	return !u.Disabled && s.UserID == u.ID && s.UserEpoch == Session(u, e)
}

// ValidForClient tells whether the client is enabled and has not ended the session since it
// began.
func ValidForClient(c storage.Client, sessionEpoch int64) bool {
	return !c.Disabled && c.Epoch == sessionEpoch
}

// ValidWithoutSession tells whether a client's own token, which has no session, was issued in
// the store's epoch. A token holds the second of its issue only: one of the second in which
// the epoch was raised is not valid.
func ValidWithoutSession(e storage.Epoch, issuedAt int64) bool {
	return e.Since.IsZero() || time.Unix(issuedAt, 0).After(e.Since)
}

// EndSessions ends every session of the user, once the record is written.
func EndSessions(u *storage.User) {
	u.Epoch++
	u.KeptSession, u.KeptEpoch = "", 0
}

// EndOtherSessions ends every session of the user but one, once the record is written. The one
// must be valid in e.
func EndOtherSessions(u *storage.User, keep string, e storage.Epoch) {
	EndSessions(u)
	u.KeptSession, u.KeptEpoch = keep, e.Number
}

// EndClientSessions ends every session of the client, once the record is written.
func EndClientSessions(c *storage.Client) { c.Epoch++ }

// NewUser returns the first epoch of a user who brings their id along. A user of the same id
// may have been deleted before; their sessions carry lower epochs. An id that is drawn is new,
// and begins with 0.
func NewUser(at time.Time) int64 { return at.Unix() }

// NewClient returns the first epoch of a client created at that time. A client of the same id
// may have been deleted before; its sessions carry lower epochs.
func NewClient(at time.Time) int64 { return at.UnixMilli() }

// EndedByUser selects the sessions that the user's epoch has ended.
func EndedByUser(u storage.User, e storage.Epoch) storage.SessionFilter {
	f := storage.SessionFilter{UserID: u.ID, UserEpochBelow: Session(u, e)}
	if e.Number == u.KeptEpoch {
		f.Except = u.KeptSession
	}
	return f
}

// EndedByClient selects the sessions that the client's epoch has ended.
func EndedByClient(c storage.Client) storage.SessionFilter {
	return storage.SessionFilter{ClientID: c.ID, ClientEpochBelow: c.Epoch}
}

// EndedByStore selects the sessions that the store's epoch has ended.
func EndedByStore(e storage.Epoch) storage.SessionFilter {
	return storage.SessionFilter{UserEpochBelow: Session(storage.User{}, e)}
}
