package keys

import "time"

// An EventKind says what happened to the keys.
type EventKind string

// What an instance reports. Changes are reported by the instance that made
// them, and by no other.
const (
	Created       EventKind = "key.created" // a key was stored: the first one, a standby
	Rotated       EventKind = "key.rotated" // a rotation was stored: KID signs from At on
	Revoked       EventKind = "key.revoked"
	Deleted       EventKind = "key.deleted" // the record of a key long gone was removed
	RefreshFailed EventKind = "keys.refresh_failed"
	Refreshed     EventKind = "keys.refreshed" // the first success after a failure
)

// An Event is one change or fault, for the log and the audit.
type Event struct {
	Kind EventKind
	KID  string    // the key it is about; empty for the refreshes
	At   time.Time // when it takes effect
	Err  error     // of RefreshFailed
}
