package storage

import (
	"context"
	"time"
)

// AuditEvent is one entry of the append-only audit log. It holds identifiers,
// never a secret.
type AuditEvent struct {
	ID        string // UUIDv7, so that the order of ids is the order of time
	At        time.Time
	Type      string // such as login.succeeded, refresh.reused, key.rotated
	Actor     string // user id, client id or "cli"
	Target    string // what it was done to: a user, client, session or key id
	ClientID  string
	Address   string
	RequestID string
	Detail    string // one short sentence or word, without user input
}

// AuditPage is one page of events, ordered by ID.
type AuditPage struct {
	Events []AuditEvent
	Next   string
}

// AuditFilter selects events. Zero fields select all.
type AuditFilter struct {
	Type   string
	Target string
	Since  time.Time // from this time on
	Until  time.Time // before this time
}

// Audit is the audit log.
type Audit interface {
	// AppendAudit inserts the event; *DuplicateError "id".
	AppendAudit(ctx context.Context, e AuditEvent) error

	// ListAudit returns one page, ordered by id.
	ListAudit(ctx context.Context, f AuditFilter, p Page) (AuditPage, error)
}
