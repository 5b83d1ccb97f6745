package sqlite

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

var _ storage.Sessions = (*Store)(nil)

const sessionColumns = query("id, user_id, client_id, scopes, audience, generation, rotated_at, created_at, expires_at," +
	" auth_time, user_epoch, client_epoch, status_index, revoked_at, reason, replays, device, network," +
	" grade, roles, withheld, status_due, retired_index")

func scanSession(row scanner) (s storage.Session, err error) {
	err = row.Scan(&s.ID, &s.UserID, &s.ClientID, listColumn{&s.Scopes}, listColumn{&s.Audience}, &s.Generation,
		timeColumn{&s.RotatedAt}, timeColumn{&s.CreatedAt}, timeColumn{&s.ExpiresAt}, timeColumn{&s.AuthTime},
		&s.UserEpoch, &s.ClientEpoch, &s.StatusIndex, timeColumn{&s.RevokedAt}, &s.Reason,
		&s.Replays, &s.Device, &s.Network,

		&s.RightsVersion, wordsColumn{&s.Roles}, wordsColumn{&s.DeniedScopes}, &s.StatusPending, &s.RetiredIndex)
	if s.AuthTime.Equal(sameAsCreated) {
		s.AuthTime = s.CreatedAt
	}
	return s, err
}

// sameAsCreated is kept for the time of a login that is when the session was
// created, as it nearly always is: the number 0 takes no place.
var sameAsCreated = fromMillis(0)

func encodeAuthTime(t, created time.Time) int64 {
	if millis(t) == millis(created) {
		return millis(sameAsCreated)
	}
	return millis(t)
}

// CreateSession implements [storage.Sessions].
func (s *Store) CreateSession(ctx context.Context, session storage.Session) error {
	_, err := write(ctx, s, "create session", func(t *tx) (none struct{}, err error) { return none, insertSession(t, session) })
	return err
}

func insertSession(t *tx, s storage.Session) error {
	inserted, err := t.exec("INSERT INTO sessions ("+sessionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		s.ID, s.UserID, s.ClientID, encodeList(s.Scopes), encodeList(s.Audience), s.Generation,
		millis(s.RotatedAt), millis(s.CreatedAt), millis(s.ExpiresAt), encodeAuthTime(s.AuthTime, s.CreatedAt),
		s.UserEpoch, s.ClientEpoch, s.StatusIndex, nullableMillis(s.RevokedAt), s.Reason,
		s.Replays, s.Device, s.Network,
		s.RightsVersion, encodeWords(s.Roles), encodeWords(s.DeniedScopes), s.StatusPending, s.RetiredIndex)
	if err == nil && inserted == 0 {
		err = duplicate("id")
	}
	return err
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	return readOne(ctx, s, "read session", "SELECT "+sessionColumns+" FROM sessions WHERE id = ?", scanSession, id)
}

// RotateSession implements [storage.Sessions].
func (s *Store) RotateSession(ctx context.Context, r storage.Rotation) (storage.Session, error) {
	return write(ctx, s, "rotate session", func(t *tx) (storage.Session, error) { return rotate(t, r) })
}

func rotate(t *tx, r storage.Rotation) (storage.Session, error) {
	rotated, err := queryOne(t, "UPDATE sessions SET generation = generation + 1, rotated_at = ?1, replays = 0"+
		" WHERE id = ?2 AND client_id = ?3 AND generation = ?4 AND revoked_at IS NULL"+
		" AND expires_at > ?1 AND rotated_at > ?5 RETURNING "+sessionColumns,
		scanSession, millis(r.At), r.SessionID, r.ClientID, r.From, millis(r.IdleSince))
	if errors.Is(err, storage.ErrNotFound) {
		err = storage.ErrConflict
	}
	return rotated, err
}

// CountReplay implements [storage.Sessions].
func (s *Store) CountReplay(ctx context.Context, r storage.Replay) (storage.Session, error) {
	return write(ctx, s, "count a replay", func(t *tx) (storage.Session, error) {
		counted, err := queryOne(t, "UPDATE sessions SET replays = replays + 1"+
			" WHERE id = ?1 AND client_id = ?2 AND generation = ?3 AND revoked_at IS NULL"+
			" AND expires_at > ?4 AND rotated_at >= ?5 AND rotated_at > ?6 AND replays < ?7 RETURNING "+sessionColumns,
			scanSession, r.SessionID, r.ClientID, r.Generation, millis(r.At), millis(r.Since), millis(r.IdleSince), r.Limit)
		if errors.Is(err, storage.ErrNotFound) {
			err = storage.ErrConflict
		}
		return counted, err
	})
}

// RevokeSession implements [storage.Sessions].
func (s *Store) RevokeSession(ctx context.Context, id string, at time.Time, reason string) error {
	return s.exec(ctx, "revoke session", storage.ErrNotFound,
		"UPDATE sessions SET reason = iif(revoked_at IS NULL, ?2, reason), status_due = iif(revoked_at IS NULL, 1, status_due), revoked_at = coalesce(revoked_at, ?1) WHERE id = ?3",
		millis(at), reason, id)
}

// RevokeAll implements [storage.Sessions]. It finds the sessions as a reader, so
// that the writer has no more to do than to revoke those there are.
func (s *Store) RevokeAll(ctx context.Context, f storage.SessionFilter, at time.Time, reason string) (total int64, err error) {
	for after := ""; ; {
		q := selectSessions("id", f, after)
		q.and("revoked_at IS NULL")
		q.page(sweepSize)
		ids, err := readMany(ctx, s, "find sessions to revoke", q, scanString)
		if err != nil {
			return total, err
		}
		ids, after = trimPage(ids, sweepSize, func(id string) string { return id })
		revoked, err := s.revoke(ctx, ids, at, reason)
		total += revoked
		if err != nil || after == "" {
			return total, err
		}
	}
}

func (s *Store) revoke(ctx context.Context, ids []string, at time.Time, reason string) (int64, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	return writeMulti(ctx, s, "revoke sessions", func(t *tx) (total int64, err error) {
		for _, id := range ids {
			revoked, err := t.exec("UPDATE sessions SET revoked_at = ?, reason = ?, status_due = 1 WHERE id = ? AND revoked_at IS NULL",
				millis(at), reason, id)
			if err != nil {
				return 0, err
			}
			total += revoked
		}
		return total, nil
	})
}

// selectSessions selects columns of the sessions after a cursor.
func selectSessions(columns query, f storage.SessionFilter, after string) selection {
	q := selection{"SELECT " + columns + " FROM sessions WHERE id > ?", []any{after}}
	if f.UserID != "" {
		q.and("user_id = ?", f.UserID)
	}
	if f.ClientID != "" {
		q.and("client_id = ?", f.ClientID)
	}
	if f.Except != "" {
		q.and("id <> ?", f.Except)
	}
	if !f.AliveAt.IsZero() {
		q.and("revoked_at IS NULL AND expires_at > ?", millis(f.AliveAt))
	}
	if f.UserEpochBelow != 0 {
		q.and("user_epoch < ?", f.UserEpochBelow)
	}
	if f.ClientEpochBelow != 0 {
		q.and("client_epoch < ?", f.ClientEpochBelow)
	}
	return q
}

// ExcessSessions implements [storage.Sessions].
func (s *Store) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error) {
	return readMany(ctx, s, "find the oldest sessions", excessQuery(owner, at, idleSince, keep, limit), scanString)
}

func excessQuery(owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) selection {
	return selection{"SELECT id FROM sessions WHERE user_id = ? AND client_id = ? AND revoked_at IS NULL AND expires_at > ? AND rotated_at > ?" +
		" ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
		[]any{owner.UserID, owner.ClientID, millis(at), millis(idleSince), limit, keep}}
}

// ListSessions implements [storage.Sessions].
func (s *Store) ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (page storage.SessionPage, err error) {
	q := selectSessions(sessionColumns, f, p.After)
	q.page(p.Size())
	all, err := readMany(ctx, s, "list sessions", q, scanSession)
	page.Sessions, page.Next = trimPage(all, p.Size(), func(s storage.Session) string { return s.ID })
	return page, err
}

// SweepSessions implements [storage.Sessions].
func (s *Store) SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep sessions",
		"DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
		millis(before), limit)
}
