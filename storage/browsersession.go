package storage

import (
	"context"
	"time"
)

// BrowserSession is one sign-in in one browser, from which applications get their sessions.
//
//	alive at t:  RevokedAt is zero, t < IdleAt, t < ExpiresAt, and UserEpoch is the user's
//
// Each authentication makes a new record, since it makes a new cookie. Where the user of the
// old cookie authenticates again, the new record takes the place of the old one and inherits
// its RootID; otherwise RootID is the record's own ID. Session.BrowserID names the RootID, so
// that the sessions of applications outlive the change of the cookie. They end when no record
// of that RootID is alive any more.
type BrowserSession struct {
	ID         string // SHA-256 of the cookie's secret, in base64url; never shown to anybody
	RootID     string // see above; never empty
	UserID     string
	CreatedAt  time.Time
	AuthTime   time.Time // of the newest authentication
	AMR        []string  // how the user authenticated (RFC 8176)
	LastSeen   time.Time // coarse: see TouchBrowserSession
	IdleAt     time.Time // it ends then unless it is used before
	ExpiresAt  time.Time // absolute end
	Remembered bool      // it outlives the browser
	UserEpoch  int64     // as Session.UserEpoch
	Device     string    // what signed in, in a few words; "" where unknown
	Network    string    // from where: a prefix such as 192.0.2.0/24; "" where unknown
	RevokedAt  time.Time
	Reason     string // why it was revoked
}

// BrowserSessionPage is one page of browser sessions, ordered by ID.
type BrowserSessionPage struct {
	Sessions []BrowserSession
	Next     string
}

// BrowserSessionFilter selects browser sessions. Zero fields select all.
type BrowserSessionFilter struct {
	UserID  string
	RootID  string
	AliveAt time.Time // not revoked, and IdleAt and ExpiresAt lie after this
}

// BrowserSessions holds the browser sessions.
type BrowserSessions interface {
	BrowserSessionRecords
	BrowserSessionEnds
}

// BrowserSessionRecords creates, reads and lists browser sessions.
type BrowserSessionRecords interface {
	// CreateBrowserSession inserts s; *DuplicateError "id".
	CreateBrowserSession(ctx context.Context, s BrowserSession) error

	// BrowserSession returns the session, alive or not. ErrNotFound.
	BrowserSession(ctx context.Context, id string) (BrowserSession, error)

	// BrowserSessionInEpoch returns the session, alive or not, its user and the epoch, all
	// at least as new as the beginning of the call: in one round trip where the backend can.
	// ErrNotFound where there is no such session, or no user of it any more.
	BrowserSessionInEpoch(ctx context.Context, id string) (BrowserSession, User, Epoch, error)

	// TouchBrowserSession sets LastSeen and IdleAt where the session is not revoked and
	// both move forward, in one conditional update. Otherwise nothing happens.
	TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) error

	// ListBrowserSessions returns one page, ordered by id.
	ListBrowserSessions(ctx context.Context, f BrowserSessionFilter, p Page) (BrowserSessionPage, error)
}

// BrowserSessionEnds ends browser sessions. What has ended stays on record until it is
// deleted: so whoever ends the sessions of its applications and sends logouts finds it until
// that is done, whatever happens in between.
type BrowserSessionEnds interface {
	// RevokeBrowserSession sets RevokedAt and Reason where the session is not revoked yet;
	// revoking it again changes nothing and is no error. ErrNotFound.
	RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) error

	// EndedBrowserSessions returns up to limit sessions that are revoked, or whose IdleAt or
	// ExpiresAt lies at or before the given time, in any order.
	EndedBrowserSessions(ctx context.Context, by time.Time, limit int) ([]BrowserSession, error)

	// DeleteBrowserSessions deletes those of the sessions that are revoked, each in one
	// atomic step, and leaves the others alone.
	DeleteBrowserSessions(ctx context.Context, ids ...string) error
}
