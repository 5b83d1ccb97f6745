package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Sessions = (*Store)(nil)

var sessionTable = newTable("sessions",
	plain("id", func(s *storage.Session) *string { return &s.ID }),
	plain("user_id", func(s *storage.Session) *string { return &s.UserID }),
	plain("client_id", func(s *storage.Session) *string { return &s.ClientID }),
	madeColumn,
	plain("generation", func(s *storage.Session) *int64 { return &s.Generation }),
	timestamp("rotated_at", func(s *storage.Session) *time.Time { return &s.RotatedAt }),
	timestamp("created_at", func(s *storage.Session) *time.Time { return &s.CreatedAt }),
	timestamp("expires_at", func(s *storage.Session) *time.Time { return &s.ExpiresAt }),
	column[storage.Session]{name: "auth_time", bind: bindAuthTime, scan: func(s *storage.Session) any { return authTimeColumn{s} }}, // after created_at
	plain("user_epoch", func(s *storage.Session) *int64 { return &s.UserEpoch }),
	plain("client_epoch", func(s *storage.Session) *int64 { return &s.ClientEpoch }),
	plain("status_index", func(s *storage.Session) *int64 { return &s.StatusIndex }),
	nullableTimestamp("revoked_at", func(s *storage.Session) *time.Time { return &s.RevokedAt }),
	plain("reason", func(s *storage.Session) *string { return &s.Reason }),
	plain("replays", func(s *storage.Session) *int64 { return &s.Replays }),
	plain("network", func(s *storage.Session) *string { return &s.Network }),
	plain("grade", func(s *storage.Session) *int64 { return &s.RightsVersion }),
	words("roles", func(s *storage.Session) *[]string { return &s.Roles }),
	words("withheld", func(s *storage.Session) *[]string { return &s.DeniedScopes }),
	plain("status_due", func(s *storage.Session) *bool { return &s.StatusPending }),
	plain("retired_index", func(s *storage.Session) *int64 { return &s.RetiredIndex }),
	words("denied_audiences", func(s *storage.Session) *[]string { return &s.DeniedAudiences }),
	plain("status_retired", func(s *storage.Session) *bool { return &s.StatusRetired }),
	plain("browser_id", func(s *storage.Session) *string { return &s.BrowserID }),
	column[storage.Session]{name: "sign_in", bind: bindSignIn, scan: func(s *storage.Session) any { return signInColumn{s} }},
).before(keepSessionText)

// The conditional updates of a session, which return it as updated.
var (
	rotateSession = "UPDATE sessions SET generation = generation + 1, rotated_at = ?1, replays = 0" +
		" WHERE id = ?2 AND client_id = ?3 AND generation = ?4 AND generation >= 0 AND revoked_at IS NULL" +
		" AND expires_at > ?1 AND rotated_at > ?5 RETURNING " + sessionTable.list
	countReplay = "UPDATE sessions SET replays = replays + 1" +
		" WHERE id = ?1 AND client_id = ?2 AND generation = ?3 AND revoked_at IS NULL" +
		" AND expires_at > ?4 AND rotated_at >= ?5 AND rotated_at > ?6 AND replays < ?7 AND rotated_at <= ?8 RETURNING " + sessionTable.list
)

// inBrowserIndex lets sessions_by_browser serve a condition on browser_id.
const inBrowserIndex = query("browser_id <> '' AND substr(browser_id, 1, 11) = substr(?, 1, 11)")

// ofUser is a condition on user_id that sessions_by_user serves.
const ofUser = query("user_id = ? AND substr(user_id, 1, 18) = substr(?, 1, 18)")

// fromBeginning lets sessions_by_client serve a condition on id, and byBeginning is its order, which is
// that of the ids.
const (
	fromBeginning = query("substr(id, 1, 8) >= substr(?, 1, 8)")
	byBeginning   = query("substr(id, 1, 8), id")
)

// sameAsCreated is kept for the time of a login that is when the session was
// created, as it nearly always is: the number 0 takes no place.
var sameAsCreated = fromMillis(0)

func bindAuthTime(s *storage.Session) any {
	if millis(s.AuthTime) == millis(s.CreatedAt) {
		return millis(sameAsCreated)
	}
	return millis(s.AuthTime)
}

// authTimeColumn scans AuthTime where CreatedAt was scanned before.
type authTimeColumn struct{ of *storage.Session }

func (c authTimeColumn) Scan(src any) error {
	err := timeColumn{&c.of.AuthTime}.Scan(src)
	if err == nil {
		c.settle()
	}
	return err
}

func (c authTimeColumn) setMillis(ms int64) {
	c.of.AuthTime = fromMillis(ms)
	c.settle()
}

func (c authTimeColumn) settle() {
	if c.of.AuthTime.Equal(sameAsCreated) {
		c.of.AuthTime = c.of.CreatedAt
	}
}

// CreateSession implements [storage.Sessions].
func (s *Store) CreateSession(ctx context.Context, session storage.Session) error {
	_, err := write(ctx, s, "create session", func(t *tx) (none struct{}, err error) {
		return none, insertRecord(t, sessionTable, &session, duplicate("id"))
	})
	return err
}

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	return readOne(ctx, s, "read session", sessionTable.byKey, sessionTable.scan, id)
}

// RotateSession implements [storage.Sessions].
func (s *Store) RotateSession(ctx context.Context, r storage.Rotation) (storage.RotatedSession, error) {
	return write(ctx, s, "rotate session", func(t *tx) (storage.RotatedSession, error) { return rotate(t, r) })
}

// rotate needs no savepoint: of its two statements only the first writes.
func rotate(t *tx, r storage.Rotation) (rotated storage.RotatedSession, err error) {
	rotated.Session, err = updateSession(t, rotateSession, millis(r.At), r.SessionID, r.ClientID, r.From, millis(r.IdleSince))
	if err != nil {
		return rotated, err
	}
	state, err := queryOne(t, userStateByID, scanUserState, rotated.UserID)
	if err != nil && !notFound(err) {
		return rotated, err
	}
	rotated.User, rotated.StoreEpoch = state.User, state.StoreEpoch
	return rotated, nil
}

// updateSession runs a conditional update, and returns ErrConflict where its
// condition does not hold.
func updateSession(t *tx, q query, args ...any) (storage.Session, error) {
	updated, err := queryOne(t, q, sessionTable.scan, args...)
	if notFound(err) {
		err = storage.ErrConflict
	}
	return updated, err
}

// CountReplay implements [storage.Sessions].
func (s *Store) CountReplay(ctx context.Context, r storage.Replay) (storage.Session, error) {
	return write(ctx, s, "count a replay", func(t *tx) (storage.Session, error) {
		return updateSession(t, countReplay,
			r.SessionID, r.ClientID, r.Generation, millis(r.At), millis(r.Since), millis(r.IdleSince), r.Limit, millis(r.Until))
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
		q.pageBy(sessionOrder(f), chunkSize)
		ids, err := readList(ctx, s, "find sessions to revoke", q, scanString)
		if err != nil {
			return total, err
		}
		ids, after = trimPage(ids, chunkSize, func(id string) string { return id })
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
	return writeMulti(ctx, s, "revoke sessions", func(t *tx) (int64, error) { return revokeSessions(t, ids, at, reason) })
}

func revokeSessions(t *tx, ids []string, at time.Time, reason string) (total int64, err error) {
	for _, id := range ids {
		revoked, err := t.exec("UPDATE sessions SET revoked_at = ?, reason = ?, status_due = 1 WHERE id = ? AND revoked_at IS NULL",
			millis(at), reason, id)
		if err != nil {
			return 0, err
		}
		total += revoked
	}
	return total, nil
}

// selectSessions selects columns of the sessions after a cursor.
func selectSessions(columns query, f storage.SessionFilter, after string) selection {
	q := selection{"SELECT " + columns + " FROM sessions WHERE id > ?", []any{after}}
	if f.UserID != "" {
		q.and(ofUser, f.UserID, f.UserID)
	}
	if f.ClientID != "" {
		q.and("client_id = ?", f.ClientID)
		if byClient(f) {
			q.and(fromBeginning, after)
		}
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
	if f.BrowserID != "" {
		q.and("browser_id = ? AND "+inBrowserIndex, f.BrowserID, f.BrowserID)
	}
	if f.LoginBound {
		q.and("json_extract(nullif(sign_in, ''), '$.b')")
	}
	return q
}

// byClient tells whether a listing goes through the sessions of a client, which are many. A user has few,
// and a browser too.
func byClient(f storage.SessionFilter) bool {
	return f.ClientID != "" && f.UserID == "" && f.BrowserID == ""
}

// sessionOrder is the order by id as an index gives it.
func sessionOrder(f storage.SessionFilter) query {
	if byClient(f) {
		return byBeginning
	}
	return "id"
}

// ExcessSessions implements [storage.Sessions].
func (s *Store) ExcessSessions(ctx context.Context, owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) ([]string, error) {
	return readMany(ctx, s, "find the oldest sessions", excessQuery(owner, at, idleSince, keep, limit), scanString)
}

// living is what sessions_by_user has of the living sessions of a user, among whom are no pending ones:
// these have a code in sign_in. Some of other users are among them, those whose ids begin alike.
const living = query("substr(user_id, 1, 18) = substr(?, 1, 18) AND revoked_at IS NULL AND (instr(sign_in, '\"c\":{') > 0) = 0")

// excessQuery counts in the index alone whether the user can have more than keep sessions, before it
// visits any. It adds 0 to the limit: SQLite would look at the value of a bare parameter when it prepares the
// statement, and so prepare it anew at each call.
func excessQuery(owner storage.SessionOwner, at, idleSince time.Time, keep, limit int) selection {
	return selection{"SELECT id FROM sessions WHERE " + living + " AND user_id = ? AND client_id = ? AND expires_at > ? AND rotated_at > ? AND generation >= 0" +
		" ORDER BY created_at DESC, id DESC" +
		" LIMIT iif(EXISTS (SELECT 1 FROM sessions WHERE " + living + " LIMIT 1 OFFSET ?), ? + 0, 0) OFFSET ?",
		[]any{owner.UserID, owner.UserID, owner.ClientID, millis(at), millis(idleSince), owner.UserID, int64(keep), int64(limit), int64(keep)}}
}

// ListSessions implements [storage.Sessions].
func (s *Store) ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (page storage.SessionPage, err error) {
	found, err := readList(ctx, s, "list sessions", sessionQuery(f, p), sessionTable.scan)
	page.Sessions, page.Next = storage.ExaminedPage(found, p.Size(), f.Examined(p.Size()), f.Selects, func(s storage.Session) string { return s.ID })
	return page, err
}

// sessionQuery selects by what an index serves, so that what it examines is bounded.
func sessionQuery(f storage.SessionFilter, p storage.Page) selection {
	owner := f.Owner()
	q := selectSessions(sessionTable.list, owner, p.After)
	q.pageBy(sessionOrder(owner), f.Examined(p.Size())-1)
	return q
}

// SweepSessions implements [storage.Sessions].
func (s *Store) SweepSessions(ctx context.Context, before time.Time, limit int) (int64, error) {
	swept, err := s.sweep(ctx, "sweep sessions",
		"DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ? + 0)",
		millis(before), limit)
	if err == nil && swept < int64(limit) {
		err = s.sweepSessionTexts(ctx, limit)
	}
	return swept, err
}
