package issuer

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/issuer/status"
	"example.org/signet/storage"
)

// DefaultStatusTTL is how old a status list may get in the hands of a verifier.
const DefaultStatusTTL = time.Minute

// PathStatus is where the status lists are, below the issuer's URL: each under
// its number, and a list of them all.
const PathStatus = "/oauth2/status"

func newStatusLists(cfg Config, store Store, keyring Keyring) *status.Lists {
	ttl := cfg.StatusTTL
	if ttl == 0 {
		ttl = DefaultStatusTTL
	}
	return status.New(status.Config{
		Prefix: cfg.Issuer + PathStatus + "/", Issuer: cfg.Issuer, TTL: ttl, TokenTTL: cfg.AccessTokenTTL,
		MaxSessionTTL: max(cfg.SessionTTL, cfg.AccessTokenTTL), Now: cfg.Now,
	}, store, keyring)
}

// RefreshStatus sets the bits of sessions that have ended, wherever they were
// ended, and reads the status lists anew. Call it before the first request and
// then every StatusInterval.
func (i *Issuer) RefreshStatus(ctx context.Context) error {
	return storeError(i.statusLists.Refresh(ctx))
}

// StatusList is the status list of that number, from memory: signed at most
// once in a quarter of the lists' time to live. storage.ErrNotFound where there
// is none.
func (i *Issuer) StatusList(ctx context.Context, id int64) (document.Document, error) {
	d, err := i.statusLists.List(ctx, id)
	return d, storeError(err)
}

// StatusLists are the addresses of all status lists.
func (i *Issuer) StatusLists() []string { return i.statusLists.URIs() }

// StatusAge is how long ago the status lists were last known to be complete.
func (i *Issuer) StatusAge() time.Duration { return i.statusLists.Age() }

// updateRights records what the session's tokens may say from now on, if that is not
// what the newest one says. Where something was taken away, the session moves
// to a new place in the status lists and the old one is set, so that verifiers
// refuse the tokens that still say it. Before the signature, so that a crash
// leaves no token that nobody knows of.
func (i *Issuer) updateRights(ctx context.Context, s storage.Session, roles, denied []string) (storage.Session, error) {
	for range maxUpdateAttempts {
		reduced := len(without(s.Roles, roles)) > 0 || len(without(denied, s.DeniedScopes)) > 0
		if !reduced && s.StatusIndex > 0 && slices.Equal(roles, s.Roles) && slices.Equal(denied, s.DeniedScopes) {
			return s, nil
		}
		r, err := i.nextRights(ctx, s, reduced)
		if err != nil {
			return storage.Session{}, unavailable(err)
		}
		r.Roles, r.DeniedScopes = roles, denied
		updated, err := i.store.UpdateRights(ctx, r)
		if err == nil {
			return updated, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return storage.Session{}, unavailable(err)
		}
		if s, err = i.reloadSession(ctx, s.ID); err != nil {
			return storage.Session{}, err
		}
	}
	return storage.Session{}, errSessionChanged
}

// nextRights is the session's next place, which is the same one unless rights
// were taken away. A record has room for one place that is still to be set; an
// earlier one is set here and now.
func (i *Issuer) nextRights(ctx context.Context, s storage.Session, reduced bool) (storage.RightsUpdate, error) {
	r := storage.RightsUpdate{SessionID: s.ID, From: s.RightsVersion, StatusIndex: s.StatusIndex, RetiredIndex: s.RetiredIndex}
	if !reduced && s.StatusIndex > 0 {
		return r, nil
	}
	if s.RetiredIndex > 0 {
		if err := i.statusLists.Publish(ctx, s.RetiredIndex); err != nil {
			return r, err
		}
	}
	var err error
	r.RetiredIndex = s.StatusIndex
	r.StatusIndex, err = i.statusLists.Next(ctx)
	return r, err
}

// reloadSession reads a session that changed between two steps of a refresh.
func (i *Issuer) reloadSession(ctx context.Context, id string) (storage.Session, error) {
	s, err := i.store.Session(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return s, errInvalidRefreshToken
	case err != nil:
		return s, unavailable(err)
	case !s.RevokedAt.IsZero():
		return s, errInvalidRefreshToken
	}
	return s, nil
}

// recordPendingRevocation writes down that sessions are about to end by an epoch, before they
// do, so that a crash after it leaves none unmarked.
func (i *Issuer) recordPendingRevocation(ctx context.Context, e storage.PendingRevocation, ending bool) error {
	if !ending {
		return nil
	}
	id, err := newID(i.now(), i.cfg.Rand)
	if err != nil {
		return unavailable(err)
	}
	e.ID = id
	return storeError(i.store.AddPendingRevocation(ctx, e))
}
