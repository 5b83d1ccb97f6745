package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// The built-in roles.
const (
	RoleUser       = role.User
	RoleAdmin      = role.Admin
	RoleSuperAdmin = role.SuperAdmin
)

// Role is a role as administrators see it.
type Role struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Scopes      []string  `json:"scopes"`
	Rank        int64     `json:"rank"`
	BuiltIn     bool      `json:"built_in"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`

	Revision string `json:"-"` // names this state of the record, for a Precondition
}

// RoleList is all roles: there are few.
type RoleList struct {
	Items []Role `json:"items"`
}

// RoleChange changes the fields that are not nil.
type RoleChange struct {
	Description *string
	Scopes      *[]string
	Rank        *int64

	// ReleaseScopes allows a change after which a scope that was restricted is
	// named by no role, and so goes to every user.
	ReleaseScopes bool
}

func toRole(r storage.Role) Role {
	return Role{
		Name: r.Name, Description: r.Description, Scopes: append([]string{}, r.Scopes...), Rank: r.Rank,
		BuiltIn: r.BuiltIn, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		Revision: revision(r.CreatedAt, r.Version),
	}
}

// EnsureRoles makes the built-in roles where they are missing. It can be run
// any number of times, by any number of instances.
func (i *Issuer) EnsureRoles(ctx context.Context) error {
	now := i.now()
	for _, r := range []storage.Role{
		{Name: RoleUser, Description: "every user", Rank: role.RankUser},
		{Name: RoleAdmin, Description: "manages users, clients and sessions, and the roles below its own", Rank: role.RankAdmin},
		{Name: RoleSuperAdmin, Description: "manages admins and keys too", Rank: role.RankSuperAdmin},
	} {
		if _, err := i.store.Role(ctx, r.Name); err == nil {
			continue
		} else if !errors.Is(err, storage.ErrNotFound) {
			return storeError(err)
		}
		r.BuiltIn, r.CreatedAt, r.UpdatedAt = true, now, now
		if err := i.store.CreateRole(ctx, r); err != nil && !errors.Is(err, storage.ErrConflict) {
			return storeError(err)
		}
	}
	return nil
}

// CreateRole creates a role. Its scopes are restricted from then on.
func (i *Issuer) CreateRole(ctx context.Context, name string, c RoleChange, info RequestInfo) (Role, error) {
	return i.createRole(ctx, name, c, info, allowAnyRole)
}

// roleRule judges a change of a role: before is zero for a new one, after for
// one that goes.
type roleRule func(before, after storage.Role) error

func allowAnyRole(_, _ storage.Role) error { return nil }

func (i *Issuer) createRole(ctx context.Context, name string, c RoleChange, info RequestInfo, may roleRule) (Role, error) {
	if err := account.RoleName(name); err != nil {
		return Role{}, accountError("name", err)
	}
	now := i.now()
	r := storage.Role{Name: name, CreatedAt: now, UpdatedAt: now}
	if err := applyRole(&r, c); err != nil {
		return Role{}, err
	}
	if err := may(storage.Role{}, r); err != nil {
		return Role{}, err
	}
	if _, err := i.store.Role(ctx, name); err == nil {
		return Role{}, &storage.DuplicateError{Field: "name"}
	} else if !errors.Is(err, storage.ErrNotFound) {
		return Role{}, unavailable(err)
	}
	e := storage.AuditEvent{Type: audit.EventRoleCreated, Target: name, Detail: roleChanges(storage.Role{}, r)}
	err := i.runAudited(ctx, i.newAuditedChange(info, e), func() error { return storeError(i.store.CreateRole(ctx, r)) })
	if err != nil {
		return Role{}, err
	}
	r.Version = 1
	i.roles.Invalidate()
	return toRole(r), nil
}

func applyRole(r *storage.Role, c RoleChange) error {
	var err error
	if c.Description != nil {
		if r.Description, err = checkText("description", *c.Description, maxDescription); err != nil {
			return err
		}
	}
	if c.Rank != nil {
		if *c.Rank < role.RankUser || *c.Rank > role.RankSuperAdmin {
			return newFieldError("rank", fmt.Sprintf("must lie between %d and %d", role.RankUser, role.RankSuperAdmin))
		}
		if r.BuiltIn && *c.Rank != r.Rank {
			return newFieldError("rank", "of a built-in role stays as it is")
		}
		r.Rank = *c.Rank
	}
	if c.Scopes != nil {
		r.Scopes, err = checkScopes("scopes", *c.Scopes)
	}
	return err
}

// checkScopes checks and sorts the scopes of a role or client.
func checkScopes(name string, scopes []string) ([]string, error) {
	if len(scopes) > maxScopes {
		return nil, newFieldError(name, fmt.Sprintf("has more than %d scopes", maxScopes))
	}
	for _, s := range scopes {
		if err := account.Scope(s); err != nil {
			return nil, accountError(name, err)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(scopes))), nil
}

// FindRole returns the role of that name.
func (i *Issuer) FindRole(ctx context.Context, name string) (Role, error) {
	r, err := i.store.Role(ctx, name)
	if err != nil {
		return Role{}, storeError(fmt.Errorf("role: %w", err))
	}
	return toRole(r), nil
}

// ListRoles returns all roles, ordered by name.
func (i *Issuer) ListRoles(ctx context.Context) (RoleList, error) {
	roles, err := i.store.ListRoles(ctx)
	if err != nil {
		return RoleList{}, storeError(err)
	}
	list := RoleList{Items: make([]Role, len(roles))}
	for n, r := range roles {
		list.Items[n] = toRole(r)
	}
	return list, nil
}

// UpdateRole changes a role.
func (i *Issuer) UpdateRole(ctx context.Context, name string, c RoleChange, info RequestInfo) (Role, error) {
	return i.updateRole(ctx, name, c, info, allowAnyRole)
}

func (i *Issuer) updateRole(ctx context.Context, name string, c RoleChange, info RequestInfo, may roleRule) (Role, error) {
	audited := i.newAuditedChange(info, storage.AuditEvent{Type: audit.EventRoleUpdated, Target: name})
	r, err := i.compareAndSwapRole(ctx, name, c, audited, may)
	return r, i.auditFailed(ctx, audited, err)
}

func (i *Issuer) compareAndSwapRole(ctx context.Context, name string, c RoleChange, audited *audit.Change, may roleRule) (Role, error) {
	for range maxUpdateAttempts {
		r, err := i.store.Role(ctx, name)
		if err != nil {
			return Role{}, storeError(fmt.Errorf("role: %w", err))
		}
		before := r
		if err := applyRole(&r, c); err != nil {
			return Role{}, err
		}
		if err := may(before, r); err != nil {
			return Role{}, err
		}
		if err := i.keepRestricted(ctx, name, before.Scopes, r.Scopes, c.ReleaseScopes); err != nil {
			return Role{}, err
		}
		audited.Event.Detail = roleChanges(before, r)
		if err := audited.Before(ctx); err != nil {
			return Role{}, unavailable(err)
		}
		r.UpdatedAt = i.now()
		r, err = i.store.UpdateRole(ctx, r)
		if isVersionConflict(err) {
			continue
		}
		if err != nil {
			return Role{}, storeError(err)
		}
		i.roles.Invalidate()
		return toRole(r), nil
	}
	return Role{}, ErrConcurrentUpdate
}

// keepRestricted refuses a change of the named role after which a scope would be
// named by no role: such a scope goes to every user.
func (i *Issuer) keepRestricted(ctx context.Context, name string, before, after []string, release bool) error {
	if release {
		return nil
	}
	roles, err := i.store.ListRoles(ctx)
	if err != nil {
		return storeError(err)
	}
	others := slices.DeleteFunc(roles, func(r storage.Role) bool { return r.Name == name })
	set := role.NewSet(others)
	for _, s := range before {
		if !set.Restricted(s) && !contains(after, s) {
			return newFieldError("scopes", "scope "+s+" would be restricted by no role and so go to every user; --release-scopes allows it")
		}
	}
	return nil
}

// DeleteRole removes a role that is not built in. Users keep the name in their
// record without effect, unless a role of that name is created again; so a
// role that somebody holds is refused.
func (i *Issuer) DeleteRole(ctx context.Context, name string, release bool, info RequestInfo) error {
	return i.deleteRole(ctx, name, release, info, allowAnyRole)
}

func (i *Issuer) deleteRole(ctx context.Context, name string, release bool, info RequestInfo, may roleRule) error {
	r, err := i.store.Role(ctx, name)
	if err != nil {
		return storeError(fmt.Errorf("role: %w", err))
	}
	if err := may(r, storage.Role{}); err != nil {
		return err
	}
	if r.BuiltIn {
		return newFieldError("name", "is a built-in role")
	}
	holders, err := i.store.ListUsers(ctx, storage.UserFilter{Role: name}, storage.Page{Limit: 1})
	if err != nil {
		return storeError(err)
	}
	if len(holders.Users) > 0 {
		return newFieldError("name", "is held by users; take it from them first")
	}
	if err := i.keepRestricted(ctx, name, r.Scopes, nil, release); err != nil {
		return err
	}
	err = i.runAudited(ctx, i.newAuditedChange(info, storage.AuditEvent{Type: audit.EventRoleDeleted, Target: name}), func() error {
		return storeError(i.store.DeleteRole(ctx, name))
	})
	if err == nil {
		i.roles.Invalidate()
	}
	return err
}
