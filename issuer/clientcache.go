package issuer

import (
	"context"
	"sync"
	"time"

	"example.org/signet/storage"
)

// maxCachedClients bounds the cache's memory.
const maxCachedClients = 4096

// clientCache spares the store a read for clients that come back at once. An
// entry is at most `ttl` old. Never reject from a cached record: read it again
// first (reload).
type clientCache struct {
	store storage.Clients
	ttl   time.Duration
	now   func() time.Time

	mu      sync.Mutex
	entries map[string]cachedClient
}

type cachedClient struct {
	client storage.Client
	until  time.Time
}

func newClientCache(store storage.Clients, ttl time.Duration, now func() time.Time) *clientCache {
	return &clientCache{store: store, ttl: ttl, now: now, entries: map[string]cachedClient{}}
}

// get returns the client, and whether it came from memory.
func (c *clientCache) get(ctx context.Context, id string) (client storage.Client, cached bool, err error) {
	now := c.now()
	c.mu.Lock()
	e, ok := c.entries[id]
	c.mu.Unlock()
	// A clock that was set back makes an entry look too new: look again then.
	if ok && now.Before(e.until) && !now.Before(e.until.Add(-c.ttl)) {
		return e.client, true, nil
	}
	client, err = c.reload(ctx, id)
	return client, false, err
}

// reload reads the client from the store.
func (c *clientCache) reload(ctx context.Context, id string) (storage.Client, error) {
	client, err := c.store.Client(ctx, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.entries, id)
		return storage.Client{}, err
	}
	if c.ttl > 0 {
		c.evict()
		c.entries[id] = cachedClient{client: client, until: c.now().Add(c.ttl)}
	}
	return client, nil
}

func (c *clientCache) invalidate(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, id)
}

// evict drops arbitrary entries until one more fits.
func (c *clientCache) evict() {
	for id := range c.entries {
		if len(c.entries) < maxCachedClients {
			return
		}
		delete(c.entries, id)
	}
}
