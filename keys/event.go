package keys

import "time"

// An EventKind says what happened to the keys.
type EventKind string

// What an instance reports. Changes are reported by the instance that made
// them, and by no other.
const (
	EventCreated       EventKind = "key.created"     // a key was stored: the first one, a standby
	EventRotated       EventKind = "key.rotated"     // a rotation was stored: KID signs from At on
	EventRolledBack    EventKind = "key.rolled_back" // a rollback was stored: KID signs again
	EventRevoked       EventKind = "key.revoked"
	EventResealed      EventKind = "key.resealed" // the private key lies under the present master key
	EventImported      EventKind = "key.imported"
	EventDeleted       EventKind = "key.deleted" // the record of a key long gone was removed
	EventRefreshFailed EventKind = "keys.refresh_failed"
	EventRefreshed     EventKind = "keys.refreshed"         // the first success after a failure
	EventRefusal       EventKind = "key.refused_by_openssl" // Go signs with the key
)

// AuditedKinds returns the kinds that change keys. The others change nothing.
func AuditedKinds() []EventKind {
	return []EventKind{EventCreated, EventRotated, EventRolledBack, EventRevoked, EventResealed, EventImported, EventDeleted}
}

// An Event is one change or failure, for the log and the audit.
type Event struct {
	Kind EventKind
	KID  string    // the key it is about; empty for the refreshes
	At   time.Time // when it takes effect
	By   string    // who asked for it ([Change]); empty for the instance itself
	Err  error     // of EventRefreshFailed and EventRefusal
}
