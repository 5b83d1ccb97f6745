// Package ttlcache is a map with a bound on its size and on the age of its
// entries. Its clock is injected, so that tests decide what is old; the usual
// libraries (jellydator/ttlcache, hashicorp/golang-lru) read the wall clock.
package ttlcache

import (
	"math"
	"sync"
	"time"
)

// Forever is the ttl of entries that leave only to make room or by Delete.
const Forever time.Duration = math.MaxInt64

// evictionSample is how many entries an eviction compares: it drops the oldest
// of them, in constant time.
const evictionSample = 8

// Cache is safe for concurrent use.
type Cache[K comparable, V any] struct {
	limit int
	ttl   time.Duration
	now   func() time.Time

	mu      sync.RWMutex
	entries map[K]entry[V]
}

type entry[V any] struct {
	value V
	asOf  time.Time
}

// New returns a cache of at most limit entries, each returned by Get while it
// is younger than ttl: with a ttl of 0, never. The limit must be positive.
// With Forever the clock is not read, and may be nil.
func New[K comparable, V any](limit int, ttl time.Duration, now func() time.Time) *Cache[K, V] {
	if ttl == Forever {
		now = func() time.Time { return time.Time{} }
	}
	return &Cache[K, V]{limit: limit, ttl: ttl, now: now, entries: map[K]entry[V]{}}
}

// Get returns the value of key if it is younger than the ttl. An entry of the
// future, left by a clock that was set back, is not returned.
func (c *Cache[K, V]) Get(key K) (value V, ok bool) {
	now := c.now()
	c.mu.RLock()
	e, ok := c.entries[key]
	c.mu.RUnlock()
	if !ok || !c.fresh(e.asOf, now) {
		return value, false
	}
	return e.value, true
}

func (c *Cache[K, V]) fresh(asOf, now time.Time) bool {
	return c.ttl == Forever || !now.Before(asOf) && now.Sub(asOf) < c.ttl
}

// Put sets the value of key as of now.
func (c *Cache[K, V]) Put(key K, value V) { c.PutAsOf(key, value, c.now()) }

// PutAsOf sets the value of key, whose age counts from asOf: the moment before
// the value was read from where it comes from.
func (c *Cache[K, V]) PutAsOf(key K, value V, asOf time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, replaces := c.entries[key]; !replaces && len(c.entries) >= c.limit {
		c.evict()
	}
	c.entries[key] = entry[V]{value: value, asOf: asOf}
}

// evict drops the oldest of a few arbitrary entries.
func (c *Cache[K, V]) evict() {
	var oldest K
	var asOf time.Time
	seen := 0
	for key, e := range c.entries {
		if seen == 0 || e.asOf.Before(asOf) {
			oldest, asOf = key, e.asOf
		}
		if seen++; seen == evictionSample || c.ttl == Forever { // none is older than another
			break
		}
	}
	delete(c.entries, oldest)
}

// Delete removes the value of key.
func (c *Cache[K, V]) Delete(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// Len returns how many entries are kept, old ones included.
func (c *Cache[K, V]) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.entries)
}
