package issuer

import (
	"context"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// Session is a login as administrators see it.
type Session struct {
	ID          string     `json:"sid"`
	UserID      string     `json:"user_id"`
	ClientID    string     `json:"client_id"`
	Scope       string     `json:"scope"`
	Audience    []string   `json:"audience"`
	Active      bool       `json:"active"`
	CreatedAt   time.Time  `json:"created_at"`
	RefreshedAt time.Time  `json:"refreshed_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
	Reason      string     `json:"reason,omitempty"`
}

// SessionList is one page of sessions.
type SessionList struct {
	Items []Session `json:"items"`
	Next  string    `json:"next,omitempty"`
}

func sessionView(s storage.Session, now time.Time) Session {
	v := Session{
		ID: s.ID, UserID: s.UserID, ClientID: s.ClientID, Scope: joinScope(s.Scopes), Audience: s.Audience,
		Active: s.RevokedAt.IsZero() && now.Before(s.ExpiresAt), CreatedAt: s.CreatedAt,
		RefreshedAt: s.RotatedAt, ExpiresAt: s.ExpiresAt, Reason: s.Reason,
	}
	if !s.RevokedAt.IsZero() {
		v.RevokedAt = &s.RevokedAt
	}
	return v
}

// ListSessions returns one page of sessions; user is an id, username or
// e-mail, empty for everybody's.
func (i *Issuer) ListSessions(ctx context.Context, user string, p storage.Page) (SessionList, error) {
	var f storage.SessionFilter
	if user != "" {
		u, err := i.findUser(ctx, user)
		if err != nil {
			return SessionList{}, err
		}
		f.UserID = u.ID
	}
	page, err := i.store.ListSessions(ctx, f, p)
	if err != nil {
		return SessionList{}, adminError(err)
	}
	now := i.now()
	list := SessionList{Items: make([]Session, len(page.Sessions)), Next: page.Next}
	for n, s := range page.Sessions {
		list.Items[n] = sessionView(s, now)
	}
	return list, nil
}

// reasonAdmin is why an administrator's command ended a session.
const reasonAdmin = "revoked by an administrator"

// EndSession revokes one session.
func (i *Issuer) EndSession(ctx context.Context, sid string, src Source) error {
	if err := i.store.RevokeSession(ctx, sid, i.now(), reasonAdmin); err != nil {
		return adminError(fmt.Errorf("session: %w", err))
	}
	return i.audit(ctx, src, storage.AuditEvent{Type: EventSessionRevoked, Target: sid, Detail: reasonAdmin})
}

// EndUserSessions ends every session of a user, by one step on the user's
// record, and returns how many were marked.
func (i *Issuer) EndUserSessions(ctx context.Context, ref string, src Source) (int64, error) {
	_, ended, err := i.changeUser(ctx, ref, src, EventSessionRevoked, func(u *storage.User) error {
		u.Epoch++
		return nil
	})
	return ended, err
}

// EndAllSessions ends every session of everybody and returns how many.
func (i *Issuer) EndAllSessions(ctx context.Context, src Source) (int64, error) {
	n, err := i.store.RevokeAll(ctx, storage.SessionFilter{}, i.now(), reasonAdmin)
	if err != nil {
		return 0, adminError(err)
	}
	return n, i.audit(ctx, src, storage.AuditEvent{Type: EventSessionRevoked, Target: "all", Detail: reasonAdmin})
}
