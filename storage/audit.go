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

	// What chains events, made and judged by package issuer/audit. All of it is
	// empty in an event of a version that had no chains.
	Writer string // the chain: one run of one program
	Seq    int64  // the place in the chain, from 1
	Prev   string // id and hash of the event before it in the chain
	Seen   string // ids and hashes of events of other chains
	KeyID  string // which key the MAC was made with
	MAC    string
}

// AuditPage is one page of events, in the order that the filter asks for. Where the filter asks for
// more than an index serves a page may hold fewer than asked for, even none, and still have a next
// one: see [ExaminedPage].
type AuditPage struct {
	Events []AuditEvent
	Next   string
}

// AuditFilter selects events. Zero fields select all.
type AuditFilter struct {
	Type     string
	Actor    string
	Target   string
	ClientID string
	Since    time.Time // from this time on
	Until    time.Time // before this time
	Newest   bool      // by falling id, so that a cursor leads to older ones

	// FromID and BeforeID bound the ids: from the one on, and below the other. They save looking
	// at events which Since and Until leave out anyway.
	FromID   string
	BeforeID string
}

// Selects tells whether the event has everything that the filter asks for, but for the ids.
func (f AuditFilter) Selects(e AuditEvent) bool {
	for _, c := range []struct{ want, have string }{{f.Type, e.Type}, {f.Actor, e.Actor}, {f.Target, e.Target}, {f.ClientID, e.ClientID}} {
		if c.want != "" && c.want != c.have {
			return false
		}
	}
	return !e.At.Before(Time(f.Since)) && (f.Until.IsZero() || e.At.Before(Time(f.Until)))
}

// Examined is how many events a backend reads for a page of that size, by the index of Target,
// Actor, ClientID or Type, the first that is set.
func (f AuditFilter) Examined(size int) int {
	set := 0
	for _, value := range []string{f.Target, f.Actor, f.ClientID, f.Type} {
		if value != "" {
			set++
		}
	}
	if set > 1 || !f.Since.IsZero() || !f.Until.IsZero() {
		return size + MaxExamined
	}
	return size + 1
}

// Audit is the audit log.
type Audit interface {
	// AppendAudit inserts the events in their order: after any error a first part
	// of them may be in, never one without those before it. *DuplicateError "id".
	AppendAudit(ctx context.Context, events ...AuditEvent) error

	// ListAudit returns one page, ordered by id.
	ListAudit(ctx context.Context, f AuditFilter, p Page) (AuditPage, error)

	// SweepAudit deletes up to limit events whose id is less than before, the
	// least first, and returns how many.
	SweepAudit(ctx context.Context, before string, limit int) (int64, error)
}
