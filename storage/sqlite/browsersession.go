package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.BrowserSessions = (*Store)(nil)

var browserSessionTable = newTable("browser_sessions",
	plain("id", func(b *storage.BrowserSession) *string { return &b.ID }),
	plain("root_id", func(b *storage.BrowserSession) *string { return &b.RootID }),
	plain("user_id", func(b *storage.BrowserSession) *string { return &b.UserID }),
	timestamp("created_at", func(b *storage.BrowserSession) *time.Time { return &b.CreatedAt }),
	timestamp("auth_time", func(b *storage.BrowserSession) *time.Time { return &b.AuthTime }),
	words("amr", func(b *storage.BrowserSession) *[]string { return &b.AMR }),
	timestamp("last_seen", func(b *storage.BrowserSession) *time.Time { return &b.LastSeen }),
	timestamp("idle_at", func(b *storage.BrowserSession) *time.Time { return &b.IdleAt }),
	timestamp("expires_at", func(b *storage.BrowserSession) *time.Time { return &b.ExpiresAt }),
	plain("remembered", func(b *storage.BrowserSession) *bool { return &b.Remembered }),
	plain("user_epoch", func(b *storage.BrowserSession) *int64 { return &b.UserEpoch }),
	plain("device", func(b *storage.BrowserSession) *string { return &b.Device }),
	plain("network", func(b *storage.BrowserSession) *string { return &b.Network }),
	nullableTimestamp("revoked_at", func(b *storage.BrowserSession) *time.Time { return &b.RevokedAt }),
	plain("reason", func(b *storage.BrowserSession) *string { return &b.Reason }),
)

const revokeBrowserSession query = "UPDATE browser_sessions SET reason = iif(revoked_at IS NULL, ?2, reason), revoked_at = coalesce(revoked_at, ?1) WHERE id = ?3"

var (
	browserSessionInEpoch = "SELECT " + browserSessionTable.qualified("b") + ", " + userTable.qualified("u") + ", " + epochTable.list +
		" FROM browser_sessions AS b JOIN users AS u ON u.id = b.user_id, epoch WHERE b.id = ?"
	endedBrowserSessions = browserSessionTable.read +
		" WHERE iif(revoked_at IS NULL, min(idle_at, expires_at), -9223372036854775808) <= ? ORDER BY iif(revoked_at IS NULL, min(idle_at, expires_at), -9223372036854775808) LIMIT ? + 0"
)

// CreateBrowserSession implements [storage.BrowserSessions].
func (s *Store) CreateBrowserSession(ctx context.Context, b storage.BrowserSession) error {
	return s.exec(ctx, "create browser session", duplicate("id"), browserSessionTable.insert, browserSessionTable.insertValues(&b)...)
}

// BrowserSession implements [storage.BrowserSessions].
func (s *Store) BrowserSession(ctx context.Context, id string) (storage.BrowserSession, error) {
	return readOne(ctx, s, "read browser session", browserSessionTable.byKey, browserSessionTable.scan, id)
}

type browserUser struct {
	session storage.BrowserSession
	user    storage.User
	epoch   storage.Epoch
}

func scanBrowserUser(row scanner) (v browserUser, err error) {
	targets := append(browserSessionTable.targets(&v.session), userTable.targets(&v.user)...)
	err = row.Scan(append(targets, epochTable.targets(&v.epoch)...)...)
	return v, err
}

// BrowserSessionInEpoch implements [storage.BrowserSessions].
func (s *Store) BrowserSessionInEpoch(ctx context.Context, id string) (storage.BrowserSession, storage.User, storage.Epoch, error) {
	v, err := readOne(ctx, s, "read browser session and user", browserSessionInEpoch, scanBrowserUser, id)
	return v.session, v.user, v.epoch, err
}

// TouchBrowserSession implements [storage.BrowserSessions].
func (s *Store) TouchBrowserSession(ctx context.Context, id string, seen, idleAt time.Time) error {
	return s.exec(ctx, "touch browser session", nil,
		"UPDATE browser_sessions SET last_seen = ?1, idle_at = ?2 WHERE id = ?3 AND revoked_at IS NULL AND last_seen < ?1 AND idle_at < ?2",
		millis(seen), millis(idleAt), id)
}

// RevokeBrowserSession implements [storage.BrowserSessions].
func (s *Store) RevokeBrowserSession(ctx context.Context, id string, at time.Time, reason string) error {
	return s.exec(ctx, "revoke browser session", storage.ErrNotFound, revokeBrowserSession, millis(at), reason, id)
}

// ListBrowserSessions implements [storage.BrowserSessions].
func (s *Store) ListBrowserSessions(ctx context.Context, f storage.BrowserSessionFilter, p storage.Page) (page storage.BrowserSessionPage, err error) {
	all, err := readList(ctx, s, "list browser sessions", browserSessionQuery(f, p), browserSessionTable.scan)
	page.Sessions, page.Next = trimPage(all, p.Size(), func(b storage.BrowserSession) string { return b.ID })
	return page, err
}

func browserSessionQuery(f storage.BrowserSessionFilter, p storage.Page) selection {
	q := selection{browserSessionTable.read + " WHERE id > ?", []any{p.After}}
	if f.UserID != "" {
		q.and("user_id = ?", f.UserID)
	}
	if f.RootID != "" {
		q.and("root_id = ?", f.RootID)
	}
	if !f.AliveAt.IsZero() {
		q.and("revoked_at IS NULL AND idle_at > ? AND expires_at > ?", millis(f.AliveAt), millis(f.AliveAt))
	}
	q.page(p.Size())
	return q
}

// EndedBrowserSessions implements [storage.BrowserSessions].
func (s *Store) EndedBrowserSessions(ctx context.Context, by time.Time, limit int) ([]storage.BrowserSession, error) {
	q := selection{endedBrowserSessions, []any{millis(by), int64(max(limit, 0))}}
	return readList(ctx, s, "find ended browser sessions", q, browserSessionTable.scan)
}

// DeleteBrowserSessions implements [storage.BrowserSessions] in steps of the background.
func (s *Store) DeleteBrowserSessions(ctx context.Context, ids ...string) error {
	_, _, err := inSteps(ctx, s, "delete browser sessions", len(ids), func(t *tx, done, size int) ([]struct{}, int64, error) {
		for _, id := range ids[done : done+size] {
			if _, err := t.exec("DELETE FROM browser_sessions WHERE id = ? AND revoked_at IS NOT NULL", id); err != nil {
				return nil, 0, err
			}
		}
		return nil, int64(size), nil
	})
	return err
}
