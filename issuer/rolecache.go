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
	keep  time.Duration
	now   func() time.Time
	last  atomic.Pointer[roleBook]
}

// roleBook is what the roles say at one moment.
type roleBook struct {
	readAt  time.Time
	roles   map[string]storage.Role
	guarded map[string]struct{} // every scope that some role names
}

func newRoleCache(store storage.Roles, keep time.Duration, now func() time.Time) *roleCache {
	return &roleCache{store: store, keep: keep, now: now}
}

func (c *roleCache) view(ctx context.Context) (*roleBook, error) {
	now := c.now()
	if v := c.last.Load(); v != nil && now.Before(v.readAt.Add(c.keep)) && !now.Before(v.readAt) {
		return v, nil
	}
	return c.reload(ctx, now)
}

func (c *roleCache) reload(ctx context.Context, now time.Time) (*roleBook, error) {
	list, err := c.store.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	v := newRoleBook(list)
	v.readAt = now
	c.last.Store(v)
	return v, nil
}

func (c *roleCache) forget() { c.last.Store(nil) }

func newRoleBook(list []storage.Role) *roleBook {
	v := &roleBook{roles: make(map[string]storage.Role, len(list)), guarded: map[string]struct{}{}}
	for _, r := range list {
		v.roles[r.Name] = r
		for _, s := range r.Scopes {
			v.guarded[s] = struct{}{}
		}
	}
	return v
}

// allows tells whether a user with these roles may have the scope: one that no
// role names is open to every user, a guarded one to the holders of a role
// that names it.
func (v *roleBook) allows(held []string, scope string) bool {
	if _, guarded := v.guarded[scope]; !guarded {
		return true
	}
	for _, name := range held {
		if contains(v.roles[name].Scopes, scope) {
			return true
		}
	}
	return false
}
