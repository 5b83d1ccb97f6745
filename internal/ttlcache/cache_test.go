package ttlcache_test

import (
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/ttlcache"
)

const ttl = time.Minute

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestGet_ReturnsEntriesYoungerThanTTL(t *testing.T) {
	for name, tt := range map[string]struct {
		after time.Duration
		want  bool
	}{
		"at once":                 {0, true},
		"just before the ttl":     {ttl - 1, true},
		"at the ttl":              {ttl, false},
		"after the ttl":           {time.Hour, false},
		"with the clock set back": {-1, false},
	} {
		t.Run(name, func(t *testing.T) {
			now := start
			c := ttlcache.New[string, int](2, ttl, func() time.Time { return now })
			c.Put("key", 7)
			now = start.Add(tt.after)
			if v, ok := c.Get("key"); ok != tt.want || ok && v != 7 {
				t.Errorf("Get = %d, %t; want %t", v, ok, tt.want)
			}
		})
	}
}

func TestPutAsOf_CountsAgeFromTheGivenTime(t *testing.T) {
	c := ttlcache.New[string, int](2, ttl, func() time.Time { return start })
	c.PutAsOf("old", 1, start.Add(-ttl))
	c.PutAsOf("young", 1, start.Add(1-ttl))
	if _, ok := c.Get("old"); ok {
		t.Error("an entry that was as old as the ttl when it was put is returned")
	}
	if _, ok := c.Get("young"); !ok {
		t.Error("an entry younger than the ttl is not returned")
	}
}

func TestGet_WithoutTTL_ReturnsNothing(t *testing.T) {
	c := ttlcache.New[string, int](2, 0, func() time.Time { return start })
	c.Put("key", 7)
	if _, ok := c.Get("key"); ok {
		t.Error("Get returns an entry with a ttl of 0")
	}
}

func TestForever_NeedsNoClock(t *testing.T) {
	c := ttlcache.New[string, int](2, ttlcache.Forever, nil)
	c.Put("key", 7)
	if v, ok := c.Get("key"); !ok || v != 7 {
		t.Errorf("Get = %d, %t", v, ok)
	}
	c.PutAsOf("key", 8, start)
	if v, ok := c.Get("key"); !ok || v != 8 {
		t.Errorf("Get = %d, %t after PutAsOf", v, ok)
	}
	c.Delete("key")
	if _, ok := c.Get("key"); ok {
		t.Error("a deleted entry is returned")
	}
}

func TestPut_AtTheLimit_DropsAnOlderEntry(t *testing.T) {
	const limit = 4 // fewer than are compared: the oldest of all goes
	now := start
	c := ttlcache.New[int, int](limit, time.Hour, func() time.Time { return now })
	for n := range 100 {
		now = start.Add(time.Duration(n) * time.Second)
		c.Put(n, n)
		c.Put(n, n) // replacing needs no room
		if c.Len() != min(n+1, limit) {
			t.Fatalf("%d entries after %d puts", c.Len(), n+1)
		}
		for kept := max(0, n+1-limit); kept <= n; kept++ {
			if v, ok := c.Get(kept); !ok || v != kept {
				t.Fatalf("entry %d is gone after put %d", kept, n)
			}
		}
	}
}

// Run with -race: no value is ever another key's, and the bound holds.
func TestCache_ConcurrentUse(t *testing.T) {
	const limit, keys = 32, 64
	c := ttlcache.New[int, int](limit, time.Hour, time.Now)
	var wg sync.WaitGroup
	for worker := range 64 {
		wg.Go(func() {
			for n := range 500 {
				key := (worker*7 + n) % keys
				switch n % 4 {
				case 0, 1:
					c.Put(key, key)
				case 2:
					if v, ok := c.Get(key); ok && v != key {
						t.Errorf("Get(%d) = %d", key, v)
					}
				default:
					c.Delete(key)
				}
				if l := c.Len(); l > limit {
					t.Errorf("%d entries, limit %d", l, limit)
				}
			}
		})
	}
	wg.Wait()
}
