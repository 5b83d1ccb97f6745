package storage

import (
	"context"
	"time"
)

// StatusListSize is how many indexes a status list has.
const StatusListSize = 1 << 17

// StatusLeaseSize is how many indexes are leased at a time.
const StatusLeaseSize = 1024

// StatusList is one list of bits, one bit a session, that tells verifiers which
// sessions have ended. Index i of list n is the number n*StatusListSize + i; 0 is
// never given out.
type StatusList struct {
	ID      int64     // from 1, in the order of use
	Leased  int64     // indexes given out, from the first on
	Until   time.Time // no token that names the list lives longer; zero while none is leased
	Version int64     // counts the changes of Bits, from 0
	Bits    []byte    // StatusListSize bits, index 0 the lowest of the first byte; nil while none is set
}

// StatusLists holds the lists. No index is ever given out twice.
type StatusLists interface {
	StatusLeases
	StatusBits
}

// StatusLeases gives out the indexes.
type StatusLeases interface {
	// LeaseStatus gives out size indexes in a row, from the one it returns, in
	// one conditional update of the first list that has room, and moves that
	// list's Until to the given time if it is earlier. Where no list has room it
	// adds the next. Size is 1 to StatusListSize, the same in all calls.
	LeaseStatus(ctx context.Context, size int64, until time.Time) (first int64, err error)

	// AddStatusList inserts an empty list; *DuplicateError "id".
	AddStatusList(ctx context.Context, id int64) error
}

// StatusBits reads, sets and deletes the lists.
type StatusBits interface {
	// StatusLists returns all lists by rising id, without their Bits.
	StatusLists(ctx context.Context) ([]StatusList, error)

	// StatusList returns one list. ErrNotFound.
	StatusList(ctx context.Context, id int64) (StatusList, error)

	// SetStatus stores the bits where the list's version still is the given
	// one, and raises it by one. ErrConflict where it is not, also where there
	// is no such list.
	SetStatus(ctx context.Context, id, version int64, bits []byte) error

	// SweepStatusLists deletes up to limit lists whose Until lies before the
	// given time, never the newest list and never one that is still unused, and
	// returns how many it deleted.
	SweepStatusLists(ctx context.Context, before time.Time, limit int) (int64, error)
}

// RightsUpdate is the one conditional update when a session's rights have changed
// since its newest access token.
type RightsUpdate struct {
	SessionID    string
	From         int64 // the RightsVersion that was read; it becomes From+1
	StatusIndex  int64
	RetiredIndex int64 // 0 for none; otherwise StatusPending is set with it
	Roles        []string
	DeniedScopes []string

	DeniedAudiences []string
	StatusRetired   bool // StatusPending is set with it
}

// SessionStatus is how the ends of sessions reach the status lists. The session
// record itself remembers that a bit is pending, from the very write that ends the
// session until the bit is in its list, so that no crash can lose one.
type SessionStatus interface {
	// UpdateRights makes one conditional update: the session exists, is at
	// RightsVersion r.From and is not revoked. It returns the record as updated.
	// ErrConflict where the condition does not hold, whatever the reason.
	UpdateRights(ctx context.Context, r RightsUpdate) (Session, error)

	// PendingStatus returns up to limit sessions with StatusPending, in any order.
	PendingStatus(ctx context.Context, limit int) ([]Session, error)

	// ClearPendingStatus clears StatusPending and RetiredIndex of each session that
	// still has the same RightsVersion and still is, or is not, revoked as in the record
	// given. One atomic step a session; others are left alone.
	ClearPendingStatus(ctx context.Context, settled []Session) error
}

// PendingRevocation records that all sessions of a user, of a client or of everybody are
// about to end or to lose rights. It is written before the change is, and removed long after,
// so that sessions which were not marked because of a crash, or because a login was under way,
// are found.
type PendingRevocation struct {
	ID       string // UUIDv7
	UserID   string // or else
	ClientID string // or else everybody
	Reason   string
	Kind     PendingKind
}

// PendingKind is what a PendingRevocation is about.
type PendingKind string

// The kinds.
const (
	PendingEnd        PendingKind = ""           // an epoch ends the sessions
	PendingRights     PendingKind = "rights"     // the sessions' newest tokens may say more than they may now
	PendingAssignment PendingKind = "assignment" // the user UserID is about to get the role that Reason names
)

// PendingRevocations holds these records.
type PendingRevocations interface {
	// AddPendingRevocation inserts e; *DuplicateError "id".
	AddPendingRevocation(ctx context.Context, e PendingRevocation) error

	// PendingRevocations returns up to limit records, ordered by id.
	PendingRevocations(ctx context.Context, limit int) ([]PendingRevocation, error)

	// RemovePendingRevocation deletes it. That it is not there is no error.
	RemovePendingRevocation(ctx context.Context, id string) error
}
