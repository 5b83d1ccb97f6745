package sqlite

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

var _ storage.StatusLists = (*Store)(nil)

var statusListTable = newTable("status_lists",
	plain("id", func(l *storage.StatusList) *int64 { return &l.ID }),
	plain("leased", func(l *storage.StatusList) *int64 { return &l.Leased }),
	nullableTimestamp("until", func(l *storage.StatusList) *time.Time { return &l.Until }),
	plain(versionColumn, func(l *storage.StatusList) *int64 { return &l.Version }),
	blob("bits", func(l *storage.StatusList) *[]byte { return &l.Bits }),
)

func scanStatusListWithoutBits(row scanner) (l storage.StatusList, err error) {
	err = row.Scan(statusListTable.targets(&l)[:4]...) // bits are last
	return l, err
}

// LeaseStatus implements [storage.StatusLists].
func (s *Store) LeaseStatus(ctx context.Context, size int64, until time.Time) (int64, error) {
	return writeMulti(ctx, s, "lease status indexes", func(t *tx) (int64, error) {
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
	return queryOne(t, "UPDATE status_lists SET leased = leased + ?1, until = max(coalesce(until, ?2), ?2)"+
		" WHERE id = (SELECT min(id) FROM status_lists WHERE leased <= ?3 - ?1) RETURNING id, leased, until, version",
		scanStatusListWithoutBits, size, millis(until), int64(storage.StatusListSize))
}

// AddStatusList implements [storage.StatusLists].
func (s *Store) AddStatusList(ctx context.Context, id int64) error {
	return s.exec(ctx, "add status list", duplicate("id"),
		"INSERT INTO status_lists (id, leased, until, version) VALUES (?, 0, NULL, 0) ON CONFLICT DO NOTHING", id)
}

// StatusLists implements [storage.StatusLists].
func (s *Store) StatusLists(ctx context.Context) ([]storage.StatusList, error) {
	return readMany(ctx, s, "list status lists", selection{query: "SELECT id, leased, until, version FROM status_lists ORDER BY id"}, scanStatusListWithoutBits)
}

// StatusList implements [storage.StatusLists].
func (s *Store) StatusList(ctx context.Context, id int64) (storage.StatusList, error) {
	return readOne(ctx, s, "read status list", statusListTable.byKey, statusListTable.scan, id)
}

// SetStatus implements [storage.StatusLists].
func (s *Store) SetStatus(ctx context.Context, id, version int64, bits []byte) error {
	return s.exec(ctx, "set status", storage.ErrConflict,
		"UPDATE status_lists SET bits = ?, version = version + 1 WHERE id = ? AND version = ?", bits, id, version)
}

// SweepStatusLists implements [storage.StatusLists].
func (s *Store) SweepStatusLists(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep status lists", "DELETE FROM status_lists WHERE id IN (SELECT id FROM status_lists"+
		" WHERE until < ?1 AND id < (SELECT max(id) FROM status_lists) ORDER BY id LIMIT ?2 + 0)", millis(before), limit)
}

var _ storage.SessionStatus = (*Store)(nil)

var (
	updateRights = "UPDATE sessions SET grade = grade + 1, status_index = ?1, retired_index = ?2," +
		" status_due = iif(?2 = 0 AND NOT ?8, status_due, 1), roles = ?3, withheld = ?4, denied_audiences = ?7, status_retired = ?8" +
		" WHERE id = ?5 AND grade = ?6 AND revoked_at IS NULL RETURNING " + sessionTable.list
	pendingSessions = sessionTable.read + " WHERE status_due = 1 ORDER BY id LIMIT ? + 0"
)

// UpdateRights implements [storage.SessionStatus].
func (s *Store) UpdateRights(ctx context.Context, r storage.RightsUpdate) (storage.Session, error) {
	return write(ctx, s, "update rights", func(t *tx) (storage.Session, error) {
		return updateSession(t, updateRights,
			r.StatusIndex, r.RetiredIndex, encodeWords(r.Roles), encodeWords(r.DeniedScopes), r.SessionID, r.From,
			encodeWords(r.DeniedAudiences), r.StatusRetired)
	})
}

// PendingStatus implements [storage.SessionStatus].
func (s *Store) PendingStatus(ctx context.Context, limit int) ([]storage.Session, error) {
	q := selection{pendingSessions, []any{int64(max(limit, 0))}}
	return readList(ctx, s, "find sessions with pending status", q, sessionTable.scan)
}

// ClearPendingStatus implements [storage.SessionStatus], in steps.
func (s *Store) ClearPendingStatus(ctx context.Context, settled []storage.Session) error {
	for len(settled) > 0 {
		some := settled[:min(len(settled), chunkSize)]
		settled = settled[len(some):]
		if _, err := writeMulti(ctx, s, "clear pending status", func(t *tx) (bool, error) { return true, clearPending(t, some) }); err != nil {
			return err
		}
	}
	return nil
}

func clearPending(t *tx, sessions []storage.Session) error {
	for _, session := range sessions {
		if _, err := t.exec("UPDATE sessions SET status_due = 0, retired_index = 0 WHERE id = ? AND grade = ? AND (revoked_at IS NOT NULL) = ?",
			session.ID, session.RightsVersion, !session.RevokedAt.IsZero()); err != nil {
			return err
		}
	}
	return nil
}

var _ storage.PendingRevocations = (*Store)(nil)

var pendingRevocationTable = newTable("endings",
	plain("id", func(e *storage.PendingRevocation) *string { return &e.ID }),
	plain("user_id", func(e *storage.PendingRevocation) *string { return &e.UserID }),
	plain("client_id", func(e *storage.PendingRevocation) *string { return &e.ClientID }),
	plain("reason", func(e *storage.PendingRevocation) *string { return &e.Reason }),
	plain("kind", func(e *storage.PendingRevocation) *string { return (*string)(&e.Kind) }),
)

var listPendingRevocations = pendingRevocationTable.read + " ORDER BY id LIMIT ? + 0"

// AddPendingRevocation implements [storage.PendingRevocations].
func (s *Store) AddPendingRevocation(ctx context.Context, e storage.PendingRevocation) error {
	return s.exec(ctx, "add pending revocation", duplicate("id"), pendingRevocationTable.insert, pendingRevocationTable.insertValues(&e)...)
}

// PendingRevocations implements [storage.PendingRevocations].
func (s *Store) PendingRevocations(ctx context.Context, limit int) ([]storage.PendingRevocation, error) {
	q := selection{listPendingRevocations, []any{int64(max(limit, 0))}}
	return readList(ctx, s, "list pending revocations", q, pendingRevocationTable.scan)
}

// RemovePendingRevocation implements [storage.PendingRevocations].
func (s *Store) RemovePendingRevocation(ctx context.Context, id string) error {
	return s.exec(ctx, "remove pending revocation", nil, "DELETE FROM endings WHERE id = ?", id)
}
