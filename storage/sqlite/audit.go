package sqlite

import (
	"context"

	"example.org/signet/storage"
)

var _ storage.Audit = (*Store)(nil)

const auditColumns = query("id, at, type, actor, target, client_id, address, request_id, detail")

func scanEvent(row scanner) (e storage.AuditEvent, err error) {
	err = row.Scan(&e.ID, timeColumn{&e.At}, &e.Type, &e.Actor, &e.Target, &e.ClientID, &e.Address, &e.RequestID, &e.Detail)
	return e, err
}

// AppendAudit implements [storage.Audit].
func (s *Store) AppendAudit(ctx context.Context, e storage.AuditEvent) error {
	return s.change(ctx, "append to the audit log", taken("id"),
		"INSERT INTO audit ("+auditColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		e.ID, millis(e.At), e.Type, e.Actor, e.Target, e.ClientID, e.Address, e.RequestID, e.Detail)
}

// ListAudit implements [storage.Audit].
func (s *Store) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (page storage.AuditPage, err error) {
	q := selection{"SELECT " + auditColumns + " FROM audit WHERE id > ?", []any{p.After}}
	if f.Type != "" {
		q.and("type = ?", f.Type)
	}
	if f.Target != "" {
		q.and("target = ?", f.Target)
	}
	if !f.Since.IsZero() {
		q.and("at >= ?", millis(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("at < ?", millis(f.Until))
	}
	q.page(p.Size())
	all, err := many(ctx, s, "list the audit log", q, scanEvent)
	page.Events, page.Next = trim(all, p.Size(), func(e storage.AuditEvent) string { return e.ID })
	return page, err
}
