package issuer

import (
	"context"
	"fmt"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// Session is a login as administrators see it, and its user.
type Session struct {
	ID          string     `json:"sid"`
	UserID      string     `json:"user_id"`
	ClientID    string     `json:"client_id"`
	Scope       string     `json:"scope"`
	Audience    []string   `json:"audience"`
	Device      string     `json:"device,omitempty"`  // what logged in, by its own word
	Network     string     `json:"network,omitempty"` // from where: a prefix of the address
	Active      bool       `json:"active"`
	Current     bool       `json:"current,omitempty"` // the one that asks
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

func (i *Issuer) toSession(s storage.Session, now time.Time) Session {
	v := Session{
		ID: s.ID, UserID: s.UserID, ClientID: s.ClientID, Scope: joinScope(s.Scopes), Audience: s.Audience,
		Device: s.Device, Network: s.Network,
		Active:    s.RevokedAt.IsZero() && now.Before(s.ExpiresAt) && now.Before(s.RotatedAt.Add(i.cfg.RefreshTokenTTL)),
		CreatedAt: s.CreatedAt, RefreshedAt: s.RotatedAt, ExpiresAt: s.ExpiresAt, Reason: s.Reason,
	}
	if !s.RevokedAt.IsZero() {
		v.RevokedAt = &s.RevokedAt
	}
	return v
}

// SessionQuery selects sessions. Zero fields select all.
type SessionQuery struct {
	User   string // an id, username or e-mail
	Client string
	Active bool // only active ones
}

// ListSessions returns one page of sessions, as administrators see them.
func (i *Issuer) ListSessions(ctx context.Context, q SessionQuery, p storage.Page) (SessionList, error) {
	f := storage.SessionFilter{ClientID: q.Client}
	if q.User != "" {
		u, err := i.findUser(ctx, q.User)
		if err != nil {
			return SessionList{}, err
		}
		f.UserID = u.ID
	}
	return i.listSessions(ctx, f, q.Active, p)
}

// UserSessions returns one page of the user's living sessions, as the user sees
// them: the one with the id `current` is marked.
func (i *Issuer) UserSessions(ctx context.Context, userID, current string, p storage.Page) (SessionList, error) {
	list, err := i.listSessions(ctx, storage.SessionFilter{UserID: userID}, true, p)
	for n := range list.Items {
		list.Items[n].Current = list.Items[n].ID == current
	}
	return list, err
}

// listSessions leaves ended sessions out if active is set, so a page may be shorter
// than its limit and still have a next one.
func (i *Issuer) listSessions(ctx context.Context, f storage.SessionFilter, active bool, p storage.Page) (SessionList, error) {
	now := i.now()
	if active {
		f.AliveAt = now
	}
	page, err := i.store.ListSessions(ctx, f, p)
	if err != nil {
		return SessionList{}, storeError(err)
	}
	list := SessionList{Items: make([]Session, 0, len(page.Sessions)), Next: page.Next}
	for _, s := range page.Sessions {
		if v := i.toSession(s, now); v.Active || !active {
			list.Items = append(list.Items, v)
		}
	}
	return list, nil
}

// Why sessions end, as the store keeps it.
const (
	reasonAdmin  = "revoked by an administrator"
	reasonLogout = "ended by the user"
)

// EndSession revokes one session, for an administrator.
func (i *Issuer) EndSession(ctx context.Context, sid string, info RequestInfo) error {
	return i.endSession(ctx, sid, reasonAdmin, info)
}

// EndOwnSession revokes one session of the user; storage.ErrNotFound where the
// user has none of that id.
func (i *Issuer) EndOwnSession(ctx context.Context, userID, sid string, info RequestInfo) error {
	s, err := i.store.Session(ctx, sid)
	if err == nil && s.UserID != userID {
		err = storage.ErrNotFound
	}
	if err != nil {
		return storeError(fmt.Errorf("session: %w", err))
	}
	info.Actor = userID
	return i.endSession(ctx, sid, reasonLogout, info)
}

func (i *Issuer) endSession(ctx context.Context, sid, reason string, info RequestInfo) error {
	if _, err := i.store.Session(ctx, sid); err != nil {
		return storeError(fmt.Errorf("session: %w", err))
	}
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Target: sid, Detail: reason}
	return i.runAudited(ctx, i.newAuditedChange(info, e), func() error { return storeError(i.store.RevokeSession(ctx, sid, i.now(), reason)) })
}

// EndUserSessions ends every session of a user, by one step on the user's
// record, and returns how many were marked.
func (i *Issuer) EndUserSessions(ctx context.Context, ref string, info RequestInfo) (int64, error) {
	_, ended, err := i.changeUser(ctx, ref, info, audit.EventSessionRevoked, func(u *storage.User) error {
		epoch.EndSessions(u)
		return nil
	})
	return ended, err
}

// EndOtherSessions ends every session of the user but one, which goes on
// throughout, by one step on the user's record, and returns how many were
// marked. storage.ErrNotFound where the one is not a living session of theirs.
func (i *Issuer) EndOtherSessions(ctx context.Context, userID, keep string, info RequestInfo) (int64, error) {
	info.Actor = userID
	_, ended, err := i.changeUser(ctx, userID, info, audit.EventSessionRevoked, func(u *storage.User) error {
		return i.endOtherSessions(ctx, u, keep)
	})
	return ended, err
}

// endOtherSessions is the change that ends every session of a user but one,
// which must be active by what u says now: u's own compare-and-swap then makes
// sure that it was when the others ended.
func (i *Issuer) endOtherSessions(ctx context.Context, u *storage.User, keep string) error {
	e, err := i.store.Epoch(ctx)
	if err != nil {
		return storeError(err)
	}
	s, err := i.store.Session(ctx, keep)
	if err == nil && (!s.RevokedAt.IsZero() || s.UserID != u.ID || !epoch.ValidForUser(*u, e, s)) {
		err = storage.ErrNotFound
	}
	if err != nil {
		return storeError(fmt.Errorf("session: %w", err))
	}
	epoch.EndOtherSessions(u, keep, e)
	return nil
}
