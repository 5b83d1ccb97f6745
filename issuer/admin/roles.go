package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// Roles are the operations on roles, as far as the actor may.
type Roles struct{ admin *Admin }

// EnsureRoles makes the built-in roles where they are missing; in a new store it first
// begins the audit log. It can be run
// any number of times, by any number of instances.
func (s *Service) EnsureRoles(ctx context.Context) error {
	if _, err := s.store.Role(ctx, role.User); errors.Is(err, storage.ErrNotFound) {
		if err := s.log.Begin(ctx); err != nil {
			return issuer.StoreError(err)
		}
	} else if err != nil {
		return issuer.StoreError(err)
	}
	now := s.now()
	for _, r := range []storage.Role{
		{Name: role.User, Description: "every user", Rank: role.RankUser},
		{Name: role.Admin, Description: "manages users, clients and sessions, and the roles below its own", Rank: role.RankAdmin},
		{Name: role.SuperAdmin, Description: "manages admins and keys too", Rank: role.RankSuperAdmin},
	} {
		if _, err := s.store.Role(ctx, r.Name); err == nil {
			continue
		} else if !errors.Is(err, storage.ErrNotFound) {
			return issuer.StoreError(err)
		}
		r.BuiltIn, r.CreatedAt, r.UpdatedAt = true, now, now
		if err := s.store.CreateRole(ctx, r); err != nil && !errors.Is(err, storage.ErrConflict) {
			return issuer.StoreError(err)
		}
	}
	return nil
}

// List returns all roles, ordered by name.
func (r Roles) List(ctx context.Context) (RoleList, error) {
	roles, err := r.admin.service.store.ListRoles(ctx)
	if err != nil {
		return RoleList{}, issuer.StoreError(err)
	}
	list := RoleList{Items: make([]Role, len(roles))}
	for n, x := range roles {
		list.Items[n] = toRole(x)
	}
	return list, nil
}

// Show returns the role of that name.
func (r Roles) Show(ctx context.Context, name string) (Role, error) {
	x, err := r.admin.service.readRole(ctx, name)
	return toRole(x), err
}

func (s *Service) readRole(ctx context.Context, name string) (storage.Role, error) {
	r, err := s.store.Role(ctx, name)
	if err != nil {
		return storage.Role{}, issuer.StoreError(fmt.Errorf("role: %w", err))
	}
	return r, nil
}

// Create creates a role. Its scopes are restricted from then on.
func (r Roles) Create(ctx context.Context, name string, c RoleChange) (Role, error) {
	if err := account.RoleName(name); err != nil {
		return Role{}, accountError("name", err)
	}
	s := r.admin.service
	now := s.now()
	x := storage.Role{Name: name, CreatedAt: now, UpdatedAt: now}
	if err := applyRole(&x, c); err != nil {
		return Role{}, err
	}
	if err := r.admin.actor.mayChangeRole(storage.Role{}, x); err != nil {
		return Role{}, err
	}
	if err := checkIDFree(ctx, s.readRole, name, "name"); err != nil {
		return Role{}, err
	}
	pending := r.kind(false).pending(storage.Role{}, x)
	for _, p := range pending {
		p.Reason = audit.EventRoleCreated
		if err := s.recordPendingRevocation(ctx, p); err != nil {
			return Role{}, err
		}
	}
	e := storage.AuditEvent{Type: audit.EventRoleCreated, Target: name, Detail: roleChanges(storage.Role{}, x)}
	if err := r.admin.run(ctx, e, func() error { return issuer.StoreError(s.store.CreateRole(ctx, x)) }); err != nil {
		return Role{}, err
	}
	s.caches.InvalidateRoles()
	x.Version = 1
	return toRole(x), unavailableOrNil(s.reduceRights(ctx, pending))
}

// checkIDFree looks whether there is a record of that id, so that an attempt that cannot
// succeed writes no event. The store decides.
func checkIDFree[T any](ctx context.Context, read func(context.Context, string) (T, error), id, field string) error {
	_, err := read(ctx, id)
	switch {
	case err == nil:
		return &storage.DuplicateError{Field: field}
	case errors.Is(err, storage.ErrNotFound):
		return nil
	}
	return err
}

// Update changes a role. One that is being renamed is refused.
func (r Roles) Update(ctx context.Context, name string, c RoleChange) (Role, error) {
	if err := r.admin.service.checkNotRenamed(ctx, name); err != nil {
		return Role{}, err
	}
	x, _, err := apply(ctx, r.admin, r.kind(c.ReleaseScopes), step[storage.Role]{
		id: name, event: audit.EventRoleUpdated,
		change: func(x *storage.Role) error {
			x.Deleting = false // a deletion that is under way begins anew
			return applyRole(x, c)
		},
		write: func(ctx context.Context, _, after storage.Role) (storage.Role, error) {
			after.UpdatedAt = r.admin.service.now()
			return r.admin.service.store.UpdateRole(ctx, after)
		},
	})
	return toRole(x), err
}

// Delete removes a role that is neither built in nor held by anybody: a user would keep its
// name without effect, until a role of that name is created again. Release allows that its
// scopes go to every user.
func (r Roles) Delete(ctx context.Context, name string, release bool) error {
	if err := r.admin.service.checkNotRenamed(ctx, name); err != nil {
		return err
	}
	_, _, err := apply(ctx, r.admin, r.kind(release), step[storage.Role]{
		id: name, event: audit.EventRoleDeleted, change: remove[storage.Role],
		write: func(ctx context.Context, before, after storage.Role) (storage.Role, error) {
			return after, r.delete(ctx, before)
		},
	})
	return err
}

// kind is how roles are changed.
func (r Roles) kind(release bool) kind[storage.Role] {
	s := r.admin.service
	return kind[storage.Role]{
		read: s.readRole, may: r.admin.actor.mayChangeRole, diff: roleChanges,
		revision: func(x storage.Role) string { return revision(x.CreatedAt, x.Version) },
		check: func(ctx context.Context, before, after storage.Role) error {
			if after.Name == "" {
				if err := s.checkRoleUnused(ctx, before); err != nil {
					return err
				}
			}
			return s.keepRestricted(ctx, before.Name, before.Scopes, after.Scopes, release)
		},
		pending: func(before, after storage.Role) []storage.PendingRevocation {
			if slices.Equal(before.Scopes, after.Scopes) {
				return nil
			}
			// A scope less is taken from the holders, a scope more from everybody else where no
			// role has named it before.
			return []storage.PendingRevocation{{Kind: storage.PendingRights}}
		},
		finish: func(context.Context, storage.Role, storage.Role, string) (int64, error) {
			s.caches.InvalidateRoles()
			return 0, nil
		},
	}
}

// checkRoleUnused refuses to delete a role that is built in or held by somebody.
func (s *Service) checkRoleUnused(ctx context.Context, r storage.Role) error {
	if r.BuiltIn {
		return newFieldError("name", "is a built-in role")
	}
	holders, err := s.store.ListUsers(ctx, storage.UserFilter{Role: r.Name}, storage.Page{Limit: 1})
	if err != nil {
		return issuer.StoreError(err)
	}
	if len(holders.Users) > 0 {
		return newFieldError("name", "is held by users; take it from them first")
	}
	return nil
}
