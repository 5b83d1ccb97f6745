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

// appendAll appends events by one write.
func (l eventLog) appendAll(ctx context.Context, info RequestInfo, events ...storage.AuditEvent) error {
	for n, e := range events {
		events[n] = info.Event(e)
	}
	_, err := l.log.AppendAll(ctx, events...)
	return unavailableOrNil(err)
}
