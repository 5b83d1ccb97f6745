package storage

import "time"

// UserState is what of a user decides whether their sessions count, and what their tokens say.
type UserState struct {
	ID          string
	Username    string
	Roles       []string
	Disabled    bool
	Epoch       int64
	KeptSession string
	KeptEpoch   int64
}

// State returns the part of the user that is read with every token.
func (u User) State() UserState {
	return UserState{
		ID: u.ID, Username: u.Username, Roles: u.Roles, Disabled: u.Disabled,
		Epoch: u.Epoch, KeptSession: u.KeptSession, KeptEpoch: u.KeptEpoch,
	}
}

// SessionState is what of a session, of its user and of the epoch decides whether the session's
// tokens count. It is read with every introspection, so it holds no more.
type SessionState struct {
	ID          string
	ClientID    string
	Generation  int64
	ExpiresAt   time.Time
	RevokedAt   time.Time
	UserEpoch   int64
	ClientEpoch int64
	StatusIndex int64

	User       UserState
	StoreEpoch int64 // Number of the store's Epoch
}

// NewSessionState returns the state of a session whose records were read.
func NewSessionState(s Session, u User, e Epoch) SessionState {
	return SessionState{
		ID: s.ID, ClientID: s.ClientID, Generation: s.Generation, ExpiresAt: s.ExpiresAt, RevokedAt: s.RevokedAt,
		UserEpoch: s.UserEpoch, ClientEpoch: s.ClientEpoch, StatusIndex: s.StatusIndex, User: u.State(), StoreEpoch: e.Number,
	}
}

// RotatedSession is a session as it was rotated, with its user and the epoch as they were at
// that moment or after it.
type RotatedSession struct {
	Session
	User       UserState // the zero UserState where there is no such user any more
	StoreEpoch int64     // Number of the store's Epoch
}
