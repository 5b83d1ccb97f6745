package issuer

import (
	"context"
	"sync"
	"time"

	"example.org/signet/storage"
)

// maxCachedClients bounds the cache's memory.
const maxCachedClients = 4096

// clientCache spares the store a read for clients that come back at once. What
// it says is at most `keep` old; whoever refuses something because of it looks
// again first (fresh), so that a "no" is never said from memory.
type clientCache struct {
	store storage.Clients
	keep  time.Duration
	now   func() time.Time

	mu      sync.Mutex
	entries map[string]cachedClient
}

type cachedClient struct {
	client storage.Client
	until  time.Time
}

func newClientCache(store storage.Clients, keep time.Duration, now func() time.Time) *clientCache {
	return &clientCache{store: store, keep: keep, now: now, entries: map[string]cachedClient{}}
}

// get returns the client, and whether it came from memory.
func (c *clientCache) get(ctx context.Context, id string) (client storage.Client, cached bool, err error) {
	now := c.now()
	c.mu.Lock()
	e, ok := c.entries[id]
	c.mu.Unlock()
	// A clock that was set back makes an entry look too new: look again then.
	if ok && now.Before(e.until) && !now.Before(e.until.Add(-c.keep)) {
		return e.client, true, nil
	}
	client, err = c.fresh(ctx, id)
	return client, false, err
}

// fresh reads the client from the store.
func (c *clientCache) fresh(ctx context.Context, id string) (storage.Client, error) {
	client, err := c.store.Client(ctx, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.entries, id)
		return storage.Client{}, err
	}
	if c.keep > 0 {
		c.makeRoom()
		c.entries[id] = cachedClient{client: client, until: c.now().Add(c.keep)}
	}
	return client, nil
}

func (c *clientCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, id)
}

// makeRoom drops arbitrary entries: they are at most seconds from their end.
func (c *clientCache) makeRoom() {
	for id := range c.entries {
		if len(c.entries) < maxCachedClients {
			return
		}
		delete(c.entries, id)
	}
}
