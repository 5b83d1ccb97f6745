package issuer

import (
	"context"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// eventLog appends events to the audit log, with what the request says of itself.
type eventLog struct{ log *audit.Log }

// append fails with Unavailable: an event that was not written leaves the outcome
// unknown, like any store failure.
func (l eventLog) append(ctx context.Context, info RequestInfo, e storage.AuditEvent) error {
	_, err := l.log.Append(ctx, info.Event(e))
	return unavailableOrNil(err)
}

// record writes a login without a password of its own, with the events of its outcome.
func (l eventLog) record(ctx context.Context, info RequestInfo, r storage.LoginRecord, events func(storage.LoginOutcome) []storage.AuditEvent) (storage.LoginOutcome, error) {
	o, err := l.log.Record(ctx, r, func(o storage.LoginOutcome) []storage.AuditEvent {
		all := events(o)
		for n, e := range all {
			all[n] = info.Event(e)
		}
		return all
	})
	return o, unavailableOrNil(err)
}
