package storage

import (
	"context"
	"time"
)

// Session is one login: one record of constant size, however often it is
// refreshed. It holds no token, and nothing from which one could be made.
//
//	alive at t:  RevokedAt is zero, t < ExpiresAt, and, for a refresh,
//	             t < RotatedAt + idle lifetime
type Session struct {
	ID          string // a hash of the refresh token's handle: the tokens' `sid`
	UserID      string
	ClientID    string
	Scopes      []string // granted at login; never widened
	Audience    []string
	Generation  int64 // of the newest refresh token, from 0; PendingGeneration until its code is redeemed
	RotatedAt   time.Time
	CreatedAt   time.Time
	ExpiresAt   time.Time // absolute
	AuthTime    time.Time
	UserEpoch   int64
	ClientEpoch int64
	StatusIndex int64 // its place in the status lists; 0 for none
	RevokedAt   time.Time
	Reason      string // why it was revoked

	Replays int64  // how often the answer of Generation was asked for again
	Device  string // what logged in, in a few words; "" where unknown
	Network string // from where: a prefix such as 192.0.2.0/24; "" where unknown

	// What its access tokens may say. RightsVersion counts the changes of these fields,
	// for the compare-and-swap of UpdateRights.
	RightsVersion int64
	Roles         []string // that the newest access token names
	DeniedScopes  []string // those of Scopes that the newest access token could not have

	DeniedAudiences []string // those of Audience that the newest access token could not have

	// StatusRetired says that the bit of StatusIndex is set, or pending, because rights were
	// taken away since the newest access token: the next one needs another place.
	StatusRetired bool

	// StatusPending says that a bit is still to be set in the status lists: that of
	// StatusIndex if the session is revoked or StatusRetired, that of RetiredIndex if it is not 0.
	StatusPending bool
	RetiredIndex  int64 // an earlier place; 0 for none

	// Of a session that began in a browser.
	BrowserID  string   // RootID of the browser session; "" for none
	LoginBound bool     // it ends with the browser session
	AMR        []string // how the user authenticated (RFC 8176)
	Claims     []string // claims asked for by name, such as "userinfo/name" (OpenID Connect Core §5.5)

	// Code holds what the authorization code is bound to while Generation is
	// PendingGeneration, and is the zero Code after its redemption.
	Code Code

	// CodeCheck is kept of the code, to tell a replay by who could have redeemed it from
	// one by who could not: the first 16 bytes of the SHA-256 of the code challenge, or of
	// the redirect URI where there was no challenge, in base64url. "" where no code was.
	CodeCheck string
	CodePKCE  bool // CodeCheck is of a code challenge
}

// PendingGeneration is the generation of a session whose code was not redeemed yet. Such a
// session has no tokens, no StatusIndex, and ExpiresAt is the end of the code.
const PendingGeneration = -1

// Code is what an authorization code is bound to beside the client, the user, the scopes
// and the audience of its session.
type Code struct {
	RedirectHash string    // SHA-256 of the redirect URI of the request, in base64url
	Challenge    string    // code_challenge, of method S256; "" for none
	Nonce        string    // for the first ID token; "" for none
	Until        time.Time // the session ends no later than this; zero for no bound
	Failures     int64     // wrong code verifiers so far
}

// SessionPage is one page of sessions, ordered by ID. Where the filter asks for more than whose
// they are a page may hold fewer than asked for, even none, and still have a next one: see
// [ExaminedPage].
type SessionPage struct {
	Sessions []Session
	Next     string
}

// SessionFilter selects sessions. Zero fields select all.
type SessionFilter struct {
	UserID   string
	ClientID string
	Except   string    // not the session with this id
	AliveAt  time.Time // not revoked, and ExpiresAt lies after this

	// Below these epochs: of the sessions that a new epoch has ended, and never
	// of one that began after.
	UserEpochBelow   int64
	ClientEpochBelow int64

	BrowserID  string // born in the browser session of this RootID
	LoginBound bool   // only those that end with their browser session
}

// Selects tells whether the session has everything that the filter asks for.
func (f SessionFilter) Selects(s Session) bool {
	switch {
	case f.UserID != "" && f.UserID != s.UserID, f.ClientID != "" && f.ClientID != s.ClientID, f.BrowserID != "" && f.BrowserID != s.BrowserID,
		f.Except != "" && f.Except == s.ID, f.LoginBound && !s.LoginBound,
		f.UserEpochBelow != 0 && s.UserEpoch >= f.UserEpochBelow, f.ClientEpochBelow != 0 && s.ClientEpoch >= f.ClientEpochBelow:
		return false
	}
	return f.AliveAt.IsZero() || s.RevokedAt.IsZero() && s.ExpiresAt.After(Time(f.AliveAt))
}

// Examined is how many sessions a backend reads for a page of that size, by the index of the owner.
func (f SessionFilter) Examined(size int) int {
	if f == f.Owner() {
		return size + 1
	}
	return size + MaxExamined
}

// Owner is the part of the filter that an index serves.
func (f SessionFilter) Owner() SessionFilter {
	return SessionFilter{UserID: f.UserID, ClientID: f.ClientID, BrowserID: f.BrowserID}
}

// SessionOwner is whose sessions are bounded: one user's at one client.
type SessionOwner struct{ UserID, ClientID string }

// Replay is the one conditional update by which an answer is given again.
type Replay struct {
	SessionID  string
	ClientID   string
	Generation int64     // the newest: the one after the generation presented
	At         time.Time // must lie before ExpiresAt
	Since      time.Time // RotatedAt must not lie before this
	Until      time.Time // RotatedAt must not lie after this: a clock was set back since
	IdleSince  time.Time // RotatedAt must lie after this
	Limit      int64     // Replays must lie below this
}

// Rotation is the one conditional update of a refresh.
type Rotation struct {
	SessionID string
	ClientID  string
	From      int64     // the generation presented; it becomes From+1
	At        time.Time // becomes RotatedAt; must lie before ExpiresAt
	IdleSince time.Time // RotatedAt must lie after this
}

// Redemption is the one conditional update by which an authorization code is redeemed.
type Redemption struct {
	SessionID   string
	ClientID    string
	At          time.Time // becomes CreatedAt and RotatedAt; must lie before ExpiresAt
	ExpiresAt   time.Time // of the session from now on
	StatusIndex int64     // its place in the status lists; it marks who redeemed
	Roles       []string  // that its first access token names
}

// Codes redeems authorization codes. CreateSession inserts the pending session.
type Codes interface {
	// SessionInEpoch returns the session, alive or not, its user and the epoch, all at
	// least as new as the beginning of the call: in one round trip where the backend can.
	// ErrNotFound where there is no such session, or no user of it any more.
	SessionInEpoch(ctx context.Context, id string) (Session, User, Epoch, error)

	// RedeemSession moves the session from PendingGeneration to 0 in one conditional
	// update: it exists, belongs to r.ClientID, is pending, is not revoked and r.At <
	// ExpiresAt. It clears Code and sets CreatedAt, RotatedAt, ExpiresAt, StatusIndex and
	// Roles; AuthTime stays. It returns the record as updated. ErrConflict where the
	// condition does not hold, whatever the reason.
	RedeemSession(ctx context.Context, r Redemption) (Session, error)

	// CountCodeFailure adds one to Code.Failures of a pending session, revoked or not, and
	// returns the record as updated. ErrConflict where it is not pending.
	CountCodeFailure(ctx context.Context, sessionID string) (Session, error)
}

// Sessions holds the logins.
type Sessions interface {
	SessionRecords
	SessionRefreshes
	SessionRevocations
}

// SessionRecords creates, reads and deletes sessions.
type SessionRecords interface {
	// CreateSession inserts s; *DuplicateError "id".
	CreateSession(ctx context.Context, s Session) error

	// Session returns the session, alive or not. ErrNotFound.
	Session(ctx context.Context, id string) (Session, error)

	// SessionState returns the state of the session, alive or not, at least as new as the
	// beginning of the call: in one round trip where the backend can. ErrNotFound where there
	// is no such session, or no user of it any more.
	SessionState(ctx context.Context, id string) (SessionState, error)

	// ListSessions returns one page, ordered by id.
	ListSessions(ctx context.Context, f SessionFilter, p Page) (SessionPage, error)

	// SweepSessions deletes up to limit sessions whose ExpiresAt lies before
	// the given time, and returns how many it deleted.
	SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error)
}

// SessionRefreshes moves sessions on.
type SessionRefreshes interface {
	// RotateSession moves the session from generation r.From to r.From+1 in one
	// conditional update: the session exists, belongs to r.ClientID, is at
	// r.From, is not revoked, r.At < ExpiresAt and RotatedAt > r.IdleSince.
	// It returns the record as updated, with its user and the epoch, which it reads after
	// the update or together with it. ErrConflict where the condition does not hold,
	// whatever the reason, also where there is no such session, and where r.From is
	// negative: a code is redeemed by RedeemSession only.
	RotateSession(ctx context.Context, r Rotation) (RotatedSession, error)

	// CountReplay adds one to Replays in one conditional update: the session
	// exists, belongs to r.ClientID, is at r.Generation, is not revoked,
	// r.At < ExpiresAt, r.Since <= RotatedAt <= r.Until, RotatedAt > r.IdleSince
	// and Replays < r.Limit. It returns the record as updated. ErrConflict where the
	// condition does not hold, whatever the reason. A rotation sets Replays to 0.
	CountReplay(ctx context.Context, r Replay) (Session, error)
}

// SessionRevocations ends sessions.
type SessionRevocations interface {
	// RevokeSession sets RevokedAt, Reason and StatusPending where the session is not
	// revoked yet; revoking it again changes nothing and is no error. ErrNotFound.
	RevokeSession(ctx context.Context, id string, at time.Time, reason string) error

	// RevokeAll revokes every session that f selects and that is not revoked
	// yet, one atomic step a session, and returns how many it revoked. A filter
	// with no field set revokes all.
	RevokeAll(ctx context.Context, f SessionFilter, at time.Time, reason string) (int64, error)

	// ExcessSessions returns the ids of the owner's sessions that are alive at
	// the time (not pending, not revoked, ExpiresAt after at, RotatedAt after idleSince) but
	// for the newest `keep` of them, by CreatedAt and then id: newest first, up
	// to limit.
	ExcessSessions(ctx context.Context, owner SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error)
}
