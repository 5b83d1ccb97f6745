package issuer

import (
	"context"
	"time"

	"example.org/signet/internal/ttlcache"
	"example.org/signet/storage"
)

// maxCachedClients bounds the cache's memory.
const maxCachedClients = 4096

// clientCache spares the store a read for clients that come back within its
// ttl. Never reject from a cached record: read it again first (reload).
type clientCache struct {
	store   storage.Clients
	now     func() time.Time
	clients *ttlcache.Cache[string, storage.Client]
}

func newClientCache(store storage.Clients, ttl time.Duration, now func() time.Time) *clientCache {
	return &clientCache{store: store, now: now, clients: ttlcache.New[string, storage.Client](maxCachedClients, ttl, now)}
}

// get returns the client, and whether it came from memory.
func (c *clientCache) get(ctx context.Context, id string) (client storage.Client, cached bool, err error) {
	if client, cached = c.clients.Get(id); cached {
		return client, true, nil
	}
	client, err = c.reload(ctx, id)
	return client, false, err
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

func (c *clientCache) invalidate(id string) { c.clients.Delete(id) }
