package storage

import (
	"context"
	"time"
)

// DeviceRequest is one device authorization request (RFC 8628 §3.1). It lives for minutes, and
// holds neither of its codes.
//
//	pending at t:  DecidedAt is zero, t < ExpiresAt
//	approved:      Approved; the session of SessionID begins, or has begun
//	denied:        DecidedAt is set, Approved is not
type DeviceRequest struct {
	ID          string // a MAC of the user code
	SessionID   string // of the session that an approval begins: a hash of the device code
	ClientID    string
	ClientEpoch int64
	Scopes      []string // asked for, as far as the client may have them; nil where none was named
	Resource    string   // RFC 8707; "" for none
	CreatedAt   time.Time
	ExpiresAt   time.Time
	Device      string // what asked, in a few words; "" where unknown
	Network     string // from where: a prefix such as 192.0.2.0/24; "" where unknown

	DecidedAt time.Time
	Approved  bool
	UserID    string // who decided
}

// DeviceDecision is the one conditional update by which a person decides about a request.
type DeviceDecision struct {
	ID       string
	At       time.Time // becomes DecidedAt; must lie before ExpiresAt
	Approved bool
	UserID   string
}

// DeviceRequests holds the device authorization requests. Polls of devices only read.
type DeviceRequests interface {
	// CreateDeviceRequest inserts r; *DuplicateError "id".
	CreateDeviceRequest(ctx context.Context, r DeviceRequest) error

	// DeviceRequest returns the request, whatever became of it. ErrNotFound.
	DeviceRequest(ctx context.Context, id string) (DeviceRequest, error)

	// DecideDeviceRequest sets DecidedAt, Approved and UserID of a pending request in one
	// conditional update, and returns the record as updated. ErrConflict where it is not
	// pending, and where there is none.
	DecideDeviceRequest(ctx context.Context, d DeviceDecision) (DeviceRequest, error)

	// SweepDeviceRequests deletes up to limit requests whose ExpiresAt lies before the given
	// time, and returns how many it deleted.
	SweepDeviceRequests(ctx context.Context, before time.Time, limit int) (int64, error)
}
