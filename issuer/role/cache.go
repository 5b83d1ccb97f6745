package role

import (
	"context"
	"time"

	"example.org/signet/internal/ttlcache"
	"example.org/signet/storage"
)

// Cache holds the definitions of all roles, which are few and change seldom. Who holds which
// role is read with the user, never from here. It is safe for concurrent use.
type Cache struct {
	store storage.Roles
	now   func() time.Time
	set   *ttlcache.Cache[struct{}, *Set] // one entry: all roles
}

// NewCache returns a cache whose sets are at most ttl old; 0 reads the store every time.
func NewCache(store storage.Roles, ttl time.Duration, now func() time.Time) *Cache {
	return &Cache{store: store, now: now, set: ttlcache.New[struct{}, *Set](1, ttl, now)}
}

// Get returns a set that is at most ttl old.
func (c *Cache) Get(ctx context.Context) (*Set, error) {
	if s, ok := c.set.Get(struct{}{}); ok {
		return s, nil
	}
	return c.reload(ctx)
}

// reload reads the roles from the store.
func (c *Cache) reload(ctx context.Context) (*Set, error) {
	asOf := c.now()
	list, err := c.store.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	s := NewSet(list)
	c.set.PutAsOf(struct{}{}, s, asOf)
	return s, nil
}

// Invalidate makes the next Get read the store.
func (c *Cache) Invalidate() { c.set.Delete(struct{}{}) }
