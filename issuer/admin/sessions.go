package admin

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/epoch"
	"example.org/signet/storage"
)

// Sessions are the operations on sessions, as far as the actor may.
type Sessions struct{ admin *Admin }

// SessionQuery selects sessions. Zero fields select all.
type SessionQuery struct {
	UserID   string
	ClientID string
	Active   bool // only active ones
}

// List returns one page of sessions. storage.ErrNotFound where the user does not exist.
func (s Sessions) List(ctx context.Context, q SessionQuery, p storage.Page) (SessionList, error) {
	if q.UserID != "" {
		if _, err := s.admin.service.readUser(ctx, q.UserID); err != nil {
			return SessionList{}, err
		}
	}
	return s.admin.service.listSessions(ctx, storage.SessionFilter{UserID: q.UserID, ClientID: q.ClientID}, q.Active, p)
}

// listSessions leaves out those whose code was not redeemed, and ended ones if active is set,
// so a page may be shorter than its limit and still have a next one.
func (s *Service) listSessions(ctx context.Context, f storage.SessionFilter, active bool, p storage.Page) (SessionList, error) {
	l := newListing("sessions", f.UserID, f.ClientID, flagText(&active))
	p, err := l.page(p)
	if err != nil {
		return SessionList{}, err
	}
	now := s.now()
	if active {
		f.AliveAt = now
	}
	page, err := s.store.ListSessions(ctx, f, p)
	if err != nil {
		return SessionList{}, issuer.StoreError(err)
	}
	list := SessionList{Items: make([]Session, 0, len(page.Sessions)), Next: l.cursor(page.Next)}
	for _, x := range page.Sessions {
		if x.Generation == storage.PendingGeneration {
			continue
		}
		if v := s.toSession(x, now); v.Active || !active {
			list.Items = append(list.Items, v)
		}
	}
	return list, nil
}

// Show returns one session.
func (s Sessions) Show(ctx context.Context, sid string) (Session, error) {
	x, err := s.admin.service.readSession(ctx, sid)
	if err != nil {
		return Session{}, err
	}
	return s.admin.service.toSession(x, s.admin.service.now()), nil
}

func (s *Service) readSession(ctx context.Context, sid string) (storage.Session, error) {
	x, err := s.store.Session(ctx, sid)
	if err == nil && x.Generation == storage.PendingGeneration {
		err = storage.ErrNotFound
	}
	if err != nil {
		return storage.Session{}, issuer.StoreError(fmt.Errorf("session: %w", err))
	}
	return x, nil
}

// Why sessions end, as the store keeps it.
const (
	reasonAdmin  = "revoked by an administrator"
	reasonLogout = "ended by the user"
)

// End revokes one session. It is judged as a change of its user; one's own and one whose user is
// gone are anybody's to end.
func (s Sessions) End(ctx context.Context, sid string) error {
	x, err := s.admin.service.readSession(ctx, sid)
	if err != nil {
		return err
	}
	u, err := s.admin.service.store.User(ctx, x.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return issuer.StoreError(err)
	case u.ID == s.admin.info.Actor: // one's own
	default:
		if err := s.admin.actor.mayChangeUser(u, u); err != nil {
			return err
		}
	}
	return s.end(ctx, x, reasonAdmin)
}

// end revokes a session. One that was revoked before stays as it is, and no event is written.
func (s Sessions) end(ctx context.Context, x storage.Session, reason string) error {
	if !x.RevokedAt.IsZero() {
		return nil
	}
	sid := x.ID
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Target: sid, Detail: reason}
	return s.admin.run(ctx, e, func() error {
		return issuer.StoreError(s.admin.service.store.RevokeSession(ctx, sid, s.admin.service.now(), reason))
	})
}

// EndAll ends every session of everybody, and the tokens that clients got for themselves, by
// one step on the epoch of the store: every instance knows at its next request. It returns how
// many sessions were marked; the marks only make it visible.
func (s Sessions) EndAll(ctx context.Context) (int64, error) {
	if err := s.admin.actor.mayDoEverything(); err != nil {
		return 0, err
	}
	service := s.admin.service
	if err := service.recordPendingRevocation(ctx, storage.PendingRevocation{Reason: reasonAdmin}); err != nil {
		return 0, err
	}
	var raised storage.Epoch
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Target: "all", Detail: reasonAdmin}
	err := s.admin.run(ctx, e, func() (err error) {
		raised, err = service.store.RaiseEpoch(ctx, storage.EpochRaise{At: service.now()})
		return issuer.StoreError(err)
	})
	if err != nil {
		return 0, err
	}
	n, err := service.store.RevokeAll(ctx, epoch.EndedByStore(raised), raised.Since, reasonAdmin)
	return n, unavailableOrNil(err)
}
