package storage

import (
	"context"
	"slices"
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
	Type      string
	Types     []string // any of these, each once; at most [MaxAuditTypes]
	Actor     string
	Target    string
	Person    string // who did it, or to whom it was done: Actor or Target
	ClientID  string
	RequestID string
	Since     time.Time // from this time on
	Until     time.Time // before this time
	Newest    bool      // by falling id, so that a cursor leads to older ones

	// FromID and BeforeID bound the ids: from the one on, and below the other. They save looking
	// at events which Since and Until leave out anyway.
	FromID   string
	BeforeID string
}

// MaxAuditTypes bounds AuditFilter.Types.
const MaxAuditTypes = 100

// Selects tells whether the event has everything that the filter asks for, but for the ids.
func (f AuditFilter) Selects(e AuditEvent) bool {
	for _, c := range []struct{ want, have string }{
		{f.Type, e.Type}, {f.Actor, e.Actor}, {f.Target, e.Target}, {f.ClientID, e.ClientID}, {f.RequestID, e.RequestID},
	} {
		if c.want != "" && c.want != c.have {
			return false
		}
	}
	switch {
	case f.Types != nil && !slices.Contains(f.Types, e.Type), f.Person != "" && f.Person != e.Actor && f.Person != e.Target:
		return false
	}
	return !e.At.Before(Time(f.Since)) && (f.Until.IsZero() || e.At.Before(Time(f.Until)))
}

// Examined is how many events a backend reads for a page of that size, by the index of RequestID,
// Target, Actor, ClientID or Type, or by both of Person, or by that of each of Types: the first
// that is set. See [AuditFilter.IndexRanges].
func (f AuditFilter) Examined(size int) int {
	set := 0
	for _, given := range []bool{f.RequestID != "", f.Person != "", f.Target != "", f.Actor != "", f.ClientID != "", f.Type != "", f.Types != nil} {
		if given {
			set++
		}
	}
	if set > 1 || !f.Since.IsZero() || !f.Until.IsZero() {
		return size + MaxExamined
	}
	return size + 1
}

// AuditField is a field of events that has an index.
type AuditField int

// The fields that have an index.
const (
	AuditRequestID AuditField = iota
	AuditTarget
	AuditActor
	AuditClientID
	AuditType
)

// AuditRange is the events with one value in a field, without those that have a target.
type AuditRange struct {
	Field     AuditField
	Value     string
	NotTarget string // "" for none
}

// IndexRanges are the ranges of indexes that a page is read from, merged by id. No event is in
// two of them, and all that the filter selects are in one. Without any the whole log is read, and
// with Types that are empty nothing.
func (f AuditFilter) IndexRanges() []AuditRange {
	switch {
	case f.RequestID != "":
		return []AuditRange{{Field: AuditRequestID, Value: f.RequestID}}
	case f.Target != "":
		return []AuditRange{{Field: AuditTarget, Value: f.Target}}
	case f.Actor != "":
		return []AuditRange{{Field: AuditActor, Value: f.Actor}}
	case f.Person != "":
		return []AuditRange{{Field: AuditTarget, Value: f.Person}, {Field: AuditActor, Value: f.Person, NotTarget: f.Person}}
	case f.ClientID != "":
		return []AuditRange{{Field: AuditClientID, Value: f.ClientID}}
	case f.Type != "":
		return []AuditRange{{Field: AuditType, Value: f.Type}}
	}
	ranges := make([]AuditRange, len(f.Types))
	for n, t := range f.Types {
		ranges[n] = AuditRange{Field: AuditType, Value: t}
	}
	return ranges
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
