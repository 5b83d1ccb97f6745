package issuer

import (
	"context"
	"errors"
	"fmt"

	"example.org/signet/storage"
)

// Sessions returns one page of sessions; the user, where one is named, by id.
func (a *Administrator) Sessions(ctx context.Context, q SessionQuery, p storage.Page) (SessionList, error) {
	if q.User != "" {
		if _, err := a.findUser(ctx, q.User); err != nil {
			return SessionList{}, err
		}
	}
	return a.issuer.ListSessions(ctx, q, p)
}

// Session returns one session.
func (a *Administrator) Session(ctx context.Context, sid string) (Session, error) {
	s, err := a.issuer.store.Session(ctx, sid)
	if err != nil {
		return Session{}, storeError(fmt.Errorf("session: %w", err))
	}
	return a.issuer.toSession(s, a.issuer.now()), nil
}

// EndSession ends one session of somebody who is outranked. One whose user is
// gone is anybody's to end.
func (a *Administrator) EndSession(ctx context.Context, sid string) error {
	s, err := a.issuer.store.Session(ctx, sid)
	if err != nil {
		return storeError(fmt.Errorf("session: %w", err))
	}
	u, err := a.issuer.store.User(ctx, s.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return storeError(err)
	case u.ID == a.user.ID: // one's own
	default:
		if err := a.mayManageUser(u); err != nil {
			return err
		}
	}
	return a.issuer.EndSession(ctx, sid, a.info)
}

// EndAllSessions ends everybody's sessions. Only who outranks everybody may.
func (a *Administrator) EndAllSessions(ctx context.Context) error {
	if !a.superAdmin {
		return errSuperAdminRequired
	}
	_, err := a.issuer.EndAllSessions(ctx, a.info)
	return err
}
