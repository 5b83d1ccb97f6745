package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Audit = (*Store)(nil)

var auditTable = newTable("audit",
	plain("id", func(e *storage.AuditEvent) *string { return &e.ID }),
	timestamp("at", func(e *storage.AuditEvent) *time.Time { return &e.At }),
	plain("type", func(e *storage.AuditEvent) *string { return &e.Type }),
	plain("actor", func(e *storage.AuditEvent) *string { return &e.Actor }),
	plain("target", func(e *storage.AuditEvent) *string { return &e.Target }),
	plain("client_id", func(e *storage.AuditEvent) *string { return &e.ClientID }),
	plain("address", func(e *storage.AuditEvent) *string { return &e.Address }),
	plain("request_id", func(e *storage.AuditEvent) *string { return &e.RequestID }),
	plain("detail", func(e *storage.AuditEvent) *string { return &e.Detail }),
	plain("writer", func(e *storage.AuditEvent) *string { return &e.Writer }),
	plain("seq", func(e *storage.AuditEvent) *int64 { return &e.Seq }),
	plain("prev", func(e *storage.AuditEvent) *string { return &e.Prev }),
	plain("seen", func(e *storage.AuditEvent) *string { return &e.Seen }),
	plain("key_id", func(e *storage.AuditEvent) *string { return &e.KeyID }),
	plain("mac", func(e *storage.AuditEvent) *string { return &e.MAC }),
)

// AppendAudit implements [storage.Audit]: all events or none.
func (s *Store) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
	submit := write[struct{}]
	if len(events) > 1 {
		submit = writeMulti[struct{}]
	}
	_, err := submit(ctx, s, "append to the audit log", func(t *tx) (none struct{}, err error) {
		for _, e := range events {
			if err := insertRecord(t, auditTable, &e, duplicate("id")); err != nil {
				return none, err
			}
		}
		return none, nil
	})
	return err
}

// ListAudit implements [storage.Audit].
func (s *Store) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (page storage.AuditPage, err error) {
	if f.Types != nil && len(f.Types) == 0 {
		return page, nil
	}
	found, err := readList(ctx, s, "list the audit log", auditQuery(f, p), auditTable.scan)
	page.Events, page.Next = storage.ExaminedPage(found, p.Size(), f.Examined(p.Size()), f.Selects, func(e storage.AuditEvent) string { return e.ID })
	return page, err
}

// auditQuery goes by indexes in their order, so that what it examines is bounded: several ranges
// are merged as they are read.
func auditQuery(f storage.AuditFilter, p storage.Page) selection {
	ranges := f.IndexRanges()
	if len(ranges) == 0 {
		ranges = []storage.AuditRange{{}}
	}
	read := auditTable.read
	if len(ranges) > 1 {
		read = "SELECT " + auditTable.names + " FROM audit" // the order of a union is by one of its columns
	}
	q := selection{}
	for n, r := range ranges {
		if n > 0 {
			q.query += " UNION ALL "
		}
		q.query += read + " WHERE TRUE"
		auditRange(&q, r)
		auditBounds(&q, f, p)
	}
	if f.Newest {
		q.pageDown(f.Examined(p.Size()) - 1)
	} else {
		q.page(f.Examined(p.Size()) - 1)
	}
	return q
}

// auditRange selects what is in the range.
func auditRange(q *selection, r storage.AuditRange) {
	switch {
	case r.Value == "":
	case r.Field == storage.AuditRequestID:
		q.and("request_id <> '' AND substr(request_id, 1, 12) = substr(?, 1, 12) AND request_id = ?", r.Value, r.Value)
	case r.Field == storage.AuditTarget:
		q.and("target = ?", r.Value)
	case r.Field == storage.AuditActor:
		q.and("actor = ?", r.Value)
	case r.Field == storage.AuditClientID:
		q.and("client_id = ?", r.Value)
	case r.Field == storage.AuditType:
		q.and("type = ?", r.Value)
	}
	if r.NotTarget != "" {
		q.and("target <> ?", r.NotTarget)
	}
}

// auditBounds selects the ids after the cursor, within the bounds of the filter.
func auditBounds(q *selection, f storage.AuditFilter, p storage.Page) {
	from, before := f.FromID, f.BeforeID
	if p.After != "" && f.Newest && (before == "" || p.After < before) {
		before = p.After
	}
	if p.After != "" && !f.Newest && p.After >= from {
		q.and("id > ?", p.After)
	} else {
		q.and("id >= ?", from)
	}
	if before != "" {
		q.and("id < ?", before)
	}
}

// SweepAudit implements [storage.Audit].
func (s *Store) SweepAudit(ctx context.Context, before string, limit int) (int64, error) {
	return s.sweep(ctx, "sweep the audit log",
		"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ? ORDER BY id LIMIT ? + 0)", before, limit)
}
