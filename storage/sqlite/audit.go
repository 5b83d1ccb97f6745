package sqlite

import (
	"context"

	"example.org/signet/storage"
)

var _ storage.Audit = (*Store)(nil)

const auditColumns = query("id, at, type, actor, target, client_id, address, request_id, detail, writer, seq, prev, seen, key_id, mac")

func scanEvent(row scanner) (e storage.AuditEvent, err error) {
	err = row.Scan(&e.ID, timeColumn{&e.At}, &e.Type, &e.Actor, &e.Target, &e.ClientID, &e.Address, &e.RequestID, &e.Detail,
		&e.Writer, &e.Seq, &e.Prev, &e.Seen, &e.KeyID, &e.MAC)
	return e, err
}

// AppendAudit implements [storage.Audit]: all events or none.
func (s *Store) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
	submit := write[struct{}]
	if len(events) > 1 {
		submit = writeMulti[struct{}]
	}
	_, err := submit(ctx, s, "append to the audit log", func(t *tx) (none struct{}, err error) {
		for _, e := range events {
			if err := insertEvent(t, e); err != nil {
				return none, err
			}
		}
		return none, nil
	})
	return err
}

func insertEvent(t *tx, e storage.AuditEvent) error {
	inserted, err := t.exec("INSERT INTO audit ("+auditColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		e.ID, millis(e.At), e.Type, e.Actor, e.Target, e.ClientID, e.Address, e.RequestID, e.Detail,
		e.Writer, e.Seq, e.Prev, e.Seen, e.KeyID, e.MAC)
	if err == nil && inserted == 0 {
		err = duplicate("id")
	}
	return err
}

// ListAudit implements [storage.Audit].
func (s *Store) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (page storage.AuditPage, err error) {
	q := selection{query: "SELECT " + auditColumns + " FROM audit WHERE TRUE"}
	switch {
	case f.Newest && p.After != "":
		q.and("id < ?", p.After)
	case !f.Newest:
		q.and("id > ?", p.After)
	}
	for _, c := range []struct {
		equal query
		value string
	}{{"type = ?", f.Type}, {"actor = ?", f.Actor}, {"target = ?", f.Target}, {"client_id = ?", f.ClientID}} {
		if c.value != "" {
			q.and(c.equal, c.value)
		}
	}
	if !f.Since.IsZero() {
		q.and("at >= ?", millis(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("at < ?", millis(f.Until))
	}
	if f.Newest {
		q.pageDown(p.Size())
	} else {
		q.page(p.Size())
	}
	all, err := readMany(ctx, s, "list the audit log", q, scanEvent)
	page.Events, page.Next = trimPage(all, p.Size(), func(e storage.AuditEvent) string { return e.ID })
	return page, err
}

// SweepAudit implements [storage.Audit].
func (s *Store) SweepAudit(ctx context.Context, before string, limit int) (int64, error) {
	return s.sweep(ctx, "sweep the audit log",
		"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ? ORDER BY id LIMIT ?)", before, limit)
}
