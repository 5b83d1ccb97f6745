package issuer

import (
	"cmp"
	"context"

	"example.org/signet/storage"
)

// audit appends an event. Its failure leaves the outcome unknown, like any store failure.
func (i *Issuer) audit(ctx context.Context, info RequestInfo, e storage.AuditEvent) error {
	return eventLog{i.auditLog}.append(ctx, info, e)
}

// Event returns the event with what the request says of itself: its id, its address and,
// where the event names nobody, its actor.
func (s RequestInfo) Event(e storage.AuditEvent) storage.AuditEvent {
	e.RequestID, e.Actor = s.RequestID, cmp.Or(e.Actor, s.Actor)
	if s.Address.IsValid() {
		e.Address = s.Address.String()
	}
	return e
}
