package attribute

import (
	"context"
	"time"

	"example.org/signet/internal/ttlcache"
	"example.org/signet/storage"
)

// Cache holds the schema, which is small and changes seldom. It is safe for concurrent use.
type Cache struct {
	store  storage.AttributeSchemas
	now    func() time.Time
	schema *ttlcache.Cache[struct{}, *Schema] // one entry
}

// NewCache returns a cache whose schemas are at most ttl old; 0 reads the store every time.
func NewCache(store storage.AttributeSchemas, ttl time.Duration, now func() time.Time) *Cache {
	return &Cache{store: store, now: now, schema: ttlcache.New[struct{}, *Schema](1, ttl, now)}
}

// Get returns a schema that is at most ttl old.
func (c *Cache) Get(ctx context.Context) (*Schema, error) {
	if s, ok := c.schema.Get(struct{}{}); ok {
		return s, nil
	}
	asOf := c.now()
	record, err := c.store.AttributeSchema(ctx)
	if err != nil {
		return nil, err
	}
	s := NewSchema(record)
	c.schema.PutAsOf(struct{}{}, s, asOf)
	return s, nil
}

// Invalidate makes the next Get read the store.
func (c *Cache) Invalidate() { c.schema.Delete(struct{}{}) }
