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
	found, err := readList(ctx, s, "list the audit log", auditQuery(f, p), auditTable.scan)
	page.Events, page.Next = storage.ExaminedPage(found, p.Size(), f.Examined(p.Size()), f.Selects, func(e storage.AuditEvent) string { return e.ID })
	return page, err
}

// auditQuery goes by one index, in its order, so that what it examines is bounded.
func auditQuery(f storage.AuditFilter, p storage.Page) selection {
	from, before := f.FromID, f.BeforeID
	if p.After != "" && f.Newest && (before == "" || p.After < before) {
		before = p.After
	}
	q := selection{query: auditTable.read + " WHERE TRUE"}
	switch {
	case f.Target != "":
		q.and("target = ?", f.Target)
	case f.Actor != "":
		q.and("actor = ?", f.Actor)
	case f.ClientID != "":
		q.and("client_id = ?", f.ClientID)
	case f.Type != "":
		q.and("type = ?", f.Type)
	}
	if p.After != "" && !f.Newest && p.After >= from {
		q.and("id > ?", p.After)
	} else {
		q.and("id >= ?", from)
	}
	if before != "" {
		q.and("id < ?", before)
	}
	if f.Newest {
		q.pageDown(f.Examined(p.Size()) - 1)
	} else {
		q.page(f.Examined(p.Size()) - 1)
	}
	return q
}

// SweepAudit implements [storage.Audit].
func (s *Store) SweepAudit(ctx context.Context, before string, limit int) (int64, error) {
	return s.sweep(ctx, "sweep the audit log",
		"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ? ORDER BY id LIMIT ? + 0)", before, limit)
}
