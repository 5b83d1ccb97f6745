package sqlite

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

var _ storage.StatusLists = (*Store)(nil)

func scanStatusHead(row scanner) (l storage.StatusList, err error) {
	err = row.Scan(&l.ID, &l.Leased, timeColumn{&l.Until}, &l.Version)
	return l, err
}

func scanStatusList(row scanner) (l storage.StatusList, err error) {
	err = row.Scan(&l.ID, &l.Leased, timeColumn{&l.Until}, &l.Version, bytesColumn{&l.Bits})
	return l, err
}

// LeaseStatus implements [storage.StatusLists].
func (s *Store) LeaseStatus(ctx context.Context, size int64, until time.Time) (int64, error) {
	return writeSeveral(ctx, s, "lease status indexes", func(t *tx) (int64, error) {
		l, err := lease(t, size, until)
		if errors.Is(err, storage.ErrNotFound) {
			_, err = t.exec("INSERT INTO status_lists (id, leased, until, version) SELECT coalesce(max(id), 0) + 1, 0, NULL, 0 FROM status_lists")
			if err == nil {
				l, err = lease(t, size, until)
			}
		}
		return l.ID*storage.StatusListSize + l.Leased - size, err
	})
}

func lease(t *tx, size int64, until time.Time) (storage.StatusList, error) {
	return only(t, "UPDATE status_lists SET leased = leased + ?1, until = max(coalesce(until, ?2), ?2)"+
		" WHERE id = (SELECT min(id) FROM status_lists WHERE leased <= ?3 - ?1) RETURNING id, leased, until, version",
		scanStatusHead, size, millis(until), int64(storage.StatusListSize))
}

// AddStatusList implements [storage.StatusLists].
func (s *Store) AddStatusList(ctx context.Context, id int64) error {
	return s.change(ctx, "add status list", taken("id"),
		"INSERT INTO status_lists (id, leased, until, version) VALUES (?, 0, NULL, 0) ON CONFLICT DO NOTHING", id)
}

// StatusLists implements [storage.StatusLists].
func (s *Store) StatusLists(ctx context.Context) ([]storage.StatusList, error) {
	return many(ctx, s, "list status lists", selection{query: "SELECT id, leased, until, version FROM status_lists ORDER BY id"}, scanStatusHead)
}

// StatusList implements [storage.StatusLists].
func (s *Store) StatusList(ctx context.Context, id int64) (storage.StatusList, error) {
	return one(ctx, s, "read status list", "SELECT id, leased, until, version, bits FROM status_lists WHERE id = ?", scanStatusList, id)
}

// SetStatus implements [storage.StatusLists].
func (s *Store) SetStatus(ctx context.Context, id, version int64, bits []byte) error {
	return s.change(ctx, "set status", storage.ErrConflict,
		"UPDATE status_lists SET bits = ?, version = version + 1 WHERE id = ? AND version = ?", bits, id, version)
}

// SweepStatusLists implements [storage.StatusLists].
func (s *Store) SweepStatusLists(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep status lists", "DELETE FROM status_lists WHERE id IN (SELECT id FROM status_lists"+
		" WHERE until < ?1 AND id < (SELECT max(id) FROM status_lists) ORDER BY id LIMIT ?2)", millis(before), limit)
}

var _ storage.SessionStatus = (*Store)(nil)

// RegradeSession implements [storage.SessionStatus].
func (s *Store) RegradeSession(ctx context.Context, r storage.Regrade) (storage.Session, error) {
	return write(ctx, s, "regrade session", func(t *tx) (storage.Session, error) {
		regraded, err := only(t, "UPDATE sessions SET grade = grade + 1, status_index = ?1, retired_index = ?2,"+
			" status_due = iif(?2 = 0, status_due, 1), roles = ?3, withheld = ?4"+
			" WHERE id = ?5 AND grade = ?6 AND revoked_at IS NULL RETURNING "+sessionColumns,
			scanSession, r.StatusIndex, r.RetiredIndex, encodeWords(r.Roles), encodeWords(r.Withheld), r.SessionID, r.From)
		if errors.Is(err, storage.ErrNotFound) {
			err = storage.ErrConflict
		}
		return regraded, err
	})
}

// DueSessions implements [storage.SessionStatus].
func (s *Store) DueSessions(ctx context.Context, limit int) ([]storage.Session, error) {
	q := selection{"SELECT " + sessionColumns + " FROM sessions WHERE status_due = 1 ORDER BY id LIMIT ?", []any{int64(max(limit, 0))}}
	return many(ctx, s, "find sessions whose status is due", q, scanSession)
}

// SettleSessions implements [storage.SessionStatus], in steps.
func (s *Store) SettleSessions(ctx context.Context, settled []storage.Session) error {
	for len(settled) > 0 {
		some := settled[:min(len(settled), sweepSize)]
		settled = settled[len(some):]
		if _, err := writeSeveral(ctx, s, "settle sessions", func(t *tx) (bool, error) { return true, settleAll(t, some) }); err != nil {
			return err
		}
	}
	return nil
}

func settleAll(t *tx, sessions []storage.Session) error {
	for _, session := range sessions {
		if _, err := t.exec("UPDATE sessions SET status_due = 0, retired_index = 0 WHERE id = ? AND grade = ? AND (revoked_at IS NOT NULL) = ?",
			session.ID, session.Grade, !session.RevokedAt.IsZero()); err != nil {
			return err
		}
	}
	return nil
}

var _ storage.Endings = (*Store)(nil)

func scanEnding(row scanner) (e storage.Ending, err error) {
	err = row.Scan(&e.ID, &e.UserID, &e.ClientID, &e.Reason)
	return e, err
}

// AddEnding implements [storage.Endings].
func (s *Store) AddEnding(ctx context.Context, e storage.Ending) error {
	return s.change(ctx, "add ending", taken("id"),
		"INSERT INTO endings (id, user_id, client_id, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", e.ID, e.UserID, e.ClientID, e.Reason)
}

// Endings implements [storage.Endings].
func (s *Store) Endings(ctx context.Context, limit int) ([]storage.Ending, error) {
	q := selection{"SELECT id, user_id, client_id, reason FROM endings ORDER BY id LIMIT ?", []any{int64(max(limit, 0))}}
	return many(ctx, s, "list endings", q, scanEnding)
}

// RemoveEnding implements [storage.Endings].
func (s *Store) RemoveEnding(ctx context.Context, id string) error {
	return s.change(ctx, "remove ending", nil, "DELETE FROM endings WHERE id = ?", id)
}
