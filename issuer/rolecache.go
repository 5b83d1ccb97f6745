package issuer

import (
	"context"
	"sync/atomic"
	"time"

	"example.org/signet/storage"
)

// roleCache holds the definitions of all roles, which are few and change
// seldom; who holds which role is read afresh with the user, never from here.
type roleCache struct {
	store storage.Roles
	ttl   time.Duration
	now   func() time.Time
	last  atomic.Pointer[roleSet]
}

// roleSet is what the roles say at one moment.
type roleSet struct {
	readAt     time.Time
	byName     map[string]storage.Role
	restricted map[string]struct{} // every scope that some role names
}

func newRoleCache(store storage.Roles, ttl time.Duration, now func() time.Time) *roleCache {
	return &roleCache{store: store, ttl: ttl, now: now}
}

func (c *roleCache) get(ctx context.Context) (*roleSet, error) {
	now := c.now()
	if v := c.last.Load(); v != nil && now.Before(v.readAt.Add(c.ttl)) && !now.Before(v.readAt) {
		return v, nil
	}
	return c.reload(ctx, now)
}

func (c *roleCache) reload(ctx context.Context, now time.Time) (*roleSet, error) {
	list, err := c.store.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	v := newRoleSet(list)
	v.readAt = now
	c.last.Store(v)
	return v, nil
}

func (c *roleCache) invalidate() { c.last.Store(nil) }

func newRoleSet(list []storage.Role) *roleSet {
	v := &roleSet{byName: make(map[string]storage.Role, len(list)), restricted: map[string]struct{}{}}
	for _, r := range list {
		v.byName[r.Name] = r
		for _, s := range r.Scopes {
			v.restricted[s] = struct{}{}
		}
	}
	return v
}

// allows tells whether a user with these roles may have the scope: one that no
// role names is open to every user, a restricted one to the holders of a role
// that names it.
func (v *roleSet) allows(held []string, scope string) bool {
	if _, restricted := v.restricted[scope]; !restricted {
		return true
	}
	for _, name := range held {
		if contains(v.byName[name].Scopes, scope) {
			return true
		}
	}
	return false
}
