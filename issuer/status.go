package issuer

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer/status"
	"example.org/signet/storage"
)

// DefaultStatusTTL is how old a status list may get in the hands of a verifier.
const DefaultStatusTTL = time.Minute

// PathStatus is where the status lists are, below the issuer's URL: each under
// its number, and a list of them all.
const PathStatus = "/oauth2/status"

func newBoard(cfg Config, store Store, keyring Keyring) *status.Board {
	ttl := cfg.StatusTTL
	if ttl == 0 {
		ttl = DefaultStatusTTL
	}
	return status.New(status.Config{
		Prefix: cfg.Issuer + PathStatus + "/", Issuer: cfg.Issuer, TTL: ttl, TokenTTL: cfg.AccessTokenTTL,
		Longest: max(cfg.SessionTTL, cfg.AccessTokenTTL), Now: cfg.Now, SessionEpoch: sessionEpoch,
	}, store, keyring)
}

// RefreshStatus sets the bits of sessions that have ended, wherever they were
// ended, and reads the status lists anew. Call it before the first request and
// then every StatusInterval.
func (i *Issuer) RefreshStatus(ctx context.Context) error { return adminError(i.status.Refresh(ctx)) }

// StatusList is the status list of that number, from memory: signed at most
// once in a quarter of the lists' time to live. storage.ErrNotFound where there
// is none.
func (i *Issuer) StatusList(ctx context.Context, id int64) (status.Document, error) {
	d, err := i.status.List(ctx, id)
	return d, adminError(err)
}

// StatusLists are the addresses of all status lists.
func (i *Issuer) StatusLists() []string { return i.status.URIs() }

// StatusAge is how long ago the status lists were last known to be complete.
func (i *Issuer) StatusAge() time.Duration { return i.status.Age() }

// regrade notes what the session's tokens may say from now on, if that is not
// what the newest one says. Where something was taken away, the session moves
// to a new place in the status lists and the old one is set, so that verifiers
// refuse the tokens that still say it. Before the signature, so that a crash
// leaves no token that nobody knows of.
func (i *Issuer) regrade(ctx context.Context, s storage.Session, roles, withheld []string) (storage.Session, error) {
	for range updateTries {
		shrunk := len(without(s.Roles, roles)) > 0 || len(without(withheld, s.Withheld)) > 0
		if !shrunk && s.StatusIndex > 0 && slices.Equal(roles, s.Roles) && slices.Equal(withheld, s.Withheld) {
			return s, nil
		}
		r, err := i.nextGrade(ctx, s, shrunk)
		if err != nil {
			return storage.Session{}, unknown(err)
		}
		r.Roles, r.Withheld = roles, withheld
		regraded, err := i.store.RegradeSession(ctx, r)
		if err == nil {
			return regraded, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return storage.Session{}, unknown(err)
		}
		if s, err = i.moved(ctx, s.ID); err != nil {
			return storage.Session{}, err
		}
	}
	return storage.Session{}, errUndecided
}

// nextGrade is the session's next place, which is the same one unless rights
// were taken away. A record has room for one place that is still to be set; an
// earlier one is set here and now.
func (i *Issuer) nextGrade(ctx context.Context, s storage.Session, shrunk bool) (storage.Regrade, error) {
	r := storage.Regrade{SessionID: s.ID, From: s.Grade, StatusIndex: s.StatusIndex, RetiredIndex: s.RetiredIndex}
	if !shrunk && s.StatusIndex > 0 {
		return r, nil
	}
	if s.RetiredIndex > 0 {
		if err := i.status.Publish(ctx, s.RetiredIndex); err != nil {
			return r, err
		}
	}
	var err error
	r.RetiredIndex = s.StatusIndex
	r.StatusIndex, err = i.status.Next(ctx)
	return r, err
}

// moved reads a session that changed between two steps of a refresh.
func (i *Issuer) moved(ctx context.Context, id string) (storage.Session, error) {
	s, err := i.store.Session(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return s, errRefresh
	case err != nil:
		return s, unknown(err)
	case !s.RevokedAt.IsZero():
		return s, errRefresh
	}
	return s, nil
}

// announce writes down that sessions are about to end by an epoch, before they
// do, so that a crash after it leaves none unmarked.
func (i *Issuer) announce(ctx context.Context, e storage.Ending, ending bool) error {
	if !ending {
		return nil
	}
	id, err := newID(i.now(), i.cfg.Rand)
	if err != nil {
		return unknown(err)
	}
	e.ID = id
	return adminError(i.store.AddEnding(ctx, e))
}
