package role

import (
	"context"
	"sync/atomic"
	"time"

	"example.org/signet/storage"
)

// Cache holds the definitions of all roles, which are few and change seldom. Who holds which
// role is read with the user, never from here. It is safe for concurrent use.
type Cache struct {
	store storage.Roles
	ttl   time.Duration
	now   func() time.Time
	last  atomic.Pointer[Set]
}

// NewCache returns a cache whose sets are at most ttl old; 0 reads the store every time.
func NewCache(store storage.Roles, ttl time.Duration, now func() time.Time) *Cache {
	return &Cache{store: store, ttl: ttl, now: now}
}

// Get returns a set that is at most ttl old.
func (c *Cache) Get(ctx context.Context) (*Set, error) {
	now := c.now()
	if s := c.last.Load(); s != nil && now.Before(s.readAt.Add(c.ttl)) && !now.Before(s.readAt) {
		return s, nil
	}
	return c.Reload(ctx)
}

// Reload reads the roles from the store.
func (c *Cache) Reload(ctx context.Context) (*Set, error) {
	now := c.now()
	list, err := c.store.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	s := NewSet(list)
	s.readAt = now
	c.last.Store(s)
	return s, nil
}

// Invalidate makes the next Get read the store.
func (c *Cache) Invalidate() { c.last.Store(nil) }
