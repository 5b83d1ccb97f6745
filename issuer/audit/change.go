package audit

import (
	"context"

	"example.org/signet/storage"
)

// A Change is the audit event of a change. It is written before the change, so that every
// change that was made is in the log.
type Change struct {
	log   *Log
	Event storage.AuditEvent // until Before: what is about to change may be found out late
	id    string             // of the event, once it is written
}

// NewChange returns a change of which nothing is written yet.
func (l *Log) NewChange(e storage.AuditEvent) *Change { return &Change{log: l, Event: e} }

// Before writes the event, once however often it is called. Without it the change may not be
// made.
func (c *Change) Before(ctx context.Context) error {
	if c.id != "" {
		return nil
	}
	id, err := c.log.Append(ctx, c.Event)
	if err == nil {
		c.id = id
	}
	return err
}

// Failed writes that the change was certainly not made, if its event was written. Do not call
// it where the outcome is unknown.
func (c *Change) Failed(ctx context.Context) error {
	if c.id == "" {
		return nil
	}
	e := c.Event
	e.Type, e.Target, e.Detail = EventChangeFailed, c.id, c.Event.Type
	_, err := c.log.Append(ctx, e)
	return err
}
