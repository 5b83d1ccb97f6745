package issuer

import (
	"cmp"

	"example.org/signet/storage"
)

// Event returns the event with what the request says of itself: its id, its address and,
// where the event names nobody, its actor.
func (s RequestInfo) Event(e storage.AuditEvent) storage.AuditEvent {
	e.RequestID, e.Actor = s.RequestID, cmp.Or(e.Actor, s.Actor)
	if s.Address.IsValid() {
		e.Address = s.Address.String()
	}
	return e
}
