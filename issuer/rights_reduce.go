package issuer

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// RightsReducer marks the sessions whose newest access tokens say more than they may now,
// after a user, a client or a role was changed: the bits of their places in the status lists
// are due from then on, and their next refresh takes another place. The sessions live on.
type RightsReducer struct {
	store  reducerStore
	issuer string
	now    func() time.Time
}

// reducerStore is what decides about rights, and the sessions.
type reducerStore interface {
	User(ctx context.Context, id string) (storage.User, error)
	Client(ctx context.Context, id string) (storage.Client, error)
	ListRoles(ctx context.Context) ([]storage.Role, error)
	Session(ctx context.Context, id string) (storage.Session, error)
	ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error)
	UpdateRights(ctx context.Context, u storage.RightsUpdate) (storage.Session, error)
}

// NewRightsReducer returns a RightsReducer for the issuer of that URL.
func NewRightsReducer(store reducerStore, issuer string, now func() time.Time) *RightsReducer {
	return &RightsReducer{store: store, issuer: issuer, now: now}
}

// reducerPages bounds the pages of sessions that one call looks at.
const reducerPages = 10

// Reduce looks at the sessions that p names, from the cursor on, and returns where the next
// call goes on; "" at the end. Whatever was done before is skipped, so it can be repeated.
func (rr *RightsReducer) Reduce(ctx context.Context, p storage.PendingRevocation, after string) (next string, err error) {
	allowed, err := rr.allowed(ctx, p)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil // the sessions of whoever is gone end altogether
	}
	if err != nil {
		return after, err
	}
	f := storage.SessionFilter{UserID: p.UserID, ClientID: p.ClientID, AliveAt: storage.Time(rr.now())}
	for range reducerPages {
		page, err := rr.store.ListSessions(ctx, f, storage.Page{After: after, Limit: storage.MaxPage})
		if err != nil {
			return after, err
		}
		for _, s := range page.Sessions {
			if err := rr.reduce(ctx, s, allowed); err != nil {
				return after, err
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	return after, nil
}

// allowedRights bounds what tokens may say. A field that is nil is no bound.
type allowedRights struct {
	roles  *role.Set
	user   *storage.User
	client *bounds
}

// allowed reads the records that the change was made on. Each of the others has a pending
// record of its own when it changes.
func (rr *RightsReducer) allowed(ctx context.Context, p storage.PendingRevocation) (a allowedRights, err error) {
	list, err := rr.store.ListRoles(ctx)
	if err != nil {
		return a, err
	}
	a.roles = role.NewSet(list)
	if p.UserID != "" {
		user, err := rr.store.User(ctx, p.UserID)
		if err != nil {
			return a, err
		}
		a.user = &user
	}
	if p.ClientID != "" {
		client, err := rr.store.Client(ctx, p.ClientID)
		if err != nil {
			return a, err
		}
		b := clientBounds(client, rr.issuer)
		a.client = &b
	}
	return a, nil
}

// apply returns the update after which the session's record says what is left, and whether
// anything was taken away.
func (a allowedRights) apply(s storage.Session) (u storage.RightsUpdate, reduced bool) {
	roles, scopes, audiences := s.Roles, without(s.Scopes, s.DeniedScopes), without(s.Audience, s.DeniedAudiences)
	before := len(roles) + len(scopes) + len(audiences)
	if a.user != nil {
		roles = intersect(roles, a.user.Roles)
	}
	scopes = a.roles.ScopesFor(roles, scopes)
	if a.client != nil {
		scopes, audiences = intersect(scopes, a.client.scopes), intersect(audiences, a.client.audiences)
	}
	u = storage.RightsUpdate{
		SessionID: s.ID, From: s.RightsVersion, StatusIndex: s.StatusIndex, RetiredIndex: s.RetiredIndex, StatusRetired: true,
		Roles: roles, DeniedScopes: without(s.Scopes, scopes), DeniedAudiences: without(s.Audience, audiences),
	}
	return u, len(roles)+len(scopes)+len(audiences) < before
}

// reduce marks the session if it has to be.
func (rr *RightsReducer) reduce(ctx context.Context, s storage.Session, allowed allowedRights) error {
	for range maxUpdateAttempts {
		u, reduced := allowed.apply(s)
		if !reduced || s.StatusIndex == 0 || !s.RevokedAt.IsZero() {
			return nil
		}
		_, err := rr.store.UpdateRights(ctx, u)
		if !errors.Is(err, storage.ErrConflict) {
			return err
		}
		s, err = rr.store.Session(ctx, s.ID)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return storage.Unavailable("reduce rights", errSessionChanged)
}

// union returns the members of a, and those of b that a lacks.
func union(a, b []string) []string { return append(slices.Clone(a), without(b, a)...) }
