package issuer

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"example.org/signet/internal/ttlcache"
	"example.org/signet/storage"
)

// maxCachedClients bounds the cache's memory.
const maxCachedClients = 4096

// clientCache caches clients for its ttl. Every decision about a client goes through
// check.
type clientCache struct {
	store   storage.Clients
	now     func() time.Time
	clients *ttlcache.Cache[string, storage.Client]
	changes atomic.Uint64 // of clients, by this instance
}

func newClientCache(store storage.Clients, ttl time.Duration, now func() time.Time) *clientCache {
	return &clientCache{store: store, now: now, clients: ttlcache.New[string, storage.Client](maxCachedClients, ttl, now)}
}

// check judges the client and returns judge's answer. It never rejects from a
// cached record: it reads it again first, and judges it anew if it has changed.
// storage.ErrNotFound if there is no such client; a store that fails is *Error
// with Unavailable.
func (c *clientCache) check(ctx context.Context, id string, judge func(storage.Client) error) error {
	client, cached := c.clients.Get(id)
	var rejection error
	if cached {
		if rejection = judge(client); !isRejection(rejection) {
			return rejection
		}
	}
	fresh, err := c.reload(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return err
	case err != nil:
		return unavailable(err)
	case cached && sameVersion(fresh, client):
		return rejection
	}
	return judge(fresh)
}

// isRejection tells whether err is a definitive no, as opposed to a failure or a
// throttle, which a newer record of the client would not change.
func isRejection(err error) bool {
	if err == nil {
		return false
	}
	var e *Error
	return !errors.As(err, &e) || e.Code != Unavailable && e.Code != TooManyAttempts
}

// sameVersion tells whether nothing has changed. A client that was deleted and
// created again begins with the same version.
func sameVersion(a, b storage.Client) bool {
	return a.Version == b.Version && a.CreatedAt.Equal(b.CreatedAt)
}

// reload reads the client from the store.
func (c *clientCache) reload(ctx context.Context, id string) (storage.Client, error) {
	asOf := c.now()
	client, err := c.store.Client(ctx, id)
	if err != nil {
		c.clients.Delete(id)
		return storage.Client{}, err
	}
	c.clients.PutAsOf(id, client, asOf)
	return client, nil
}

// invalidate forgets a client that this instance has changed.
func (c *clientCache) invalidate(id string) {
	c.clients.Delete(id)
	c.changes.Add(1)
}
