package issuer

import (
	"context"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/issuer/status"
)

// DefaultStatusTTL is how old a status list may get in the hands of a verifier.
const DefaultStatusTTL = time.Minute

// PathStatus is where the status lists are, below the issuer's URL: each under
// its number, and a list of them all.
const PathStatus = "/oauth2/status"

func newStatusLists(cfg Config, store Store, keyring Keyring, ends endNotifier) *status.Lists {
	ttl := cfg.StatusTTL
	if ttl == 0 {
		ttl = DefaultStatusTTL
	}
	return status.New(status.Config{
		Prefix: cfg.Issuer + PathStatus + "/", Issuer: cfg.Issuer, TTL: ttl, TokenTTL: cfg.AccessTokenTTL,
		MaxSessionTTL: max(cfg.SessionTTL, cfg.AccessTokenTTL), Now: cfg.Now,
		Reduce: NewRightsReducer(store, cfg.Issuer, cfg.Now).Reduce, Ended: ends.sessionsEnded,
	}, store, keyring)
}

// RefreshStatus sets the bits of sessions that have ended, wherever they were
// ended, enqueues their back-channel logouts, and reads the status lists anew. Call it before the first request and
// then every StatusInterval.
func (i *Issuer) RefreshStatus(ctx context.Context) error {
	return StoreError(i.statusLists.Refresh(ctx))
}

// StatusList returns the status list of that number, from memory. It is signed at
// most once in a quarter of the lists' time to live. storage.ErrNotFound where there
// is none.
func (i *Issuer) StatusList(ctx context.Context, id int64) (document.Document, error) {
	d, err := i.statusLists.List(ctx, id)
	return d, StoreError(err)
}

// StatusLists are the addresses of all status lists.
func (i *Issuer) StatusLists() []string { return i.statusLists.URIs() }

// StatusAge is how long ago the status lists were last known to be complete.
func (i *Issuer) StatusAge() time.Duration { return i.statusLists.Age() }
