package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Users hold a role by its name, and no step writes more than one record. So a role gets another
// name in steps, between which the rights of nobody change:
//
//	make the new role, with the same scopes and rank, as one that replaces the old
//	in each holder, put the new name in the place of the old
//	delete the old role, as one that nobody holds (see assignment.go)
//	take the mark that it replaces another from the new role
//
// Until the old role is gone neither of them can be changed, and whoever is given the old one is
// moved too. What a crash leaves, the next step goes on from.

// A step of a renaming moves so many users at most, and begins with none after so long.
const (
	maxRenameMoves = 200
	renameStepTime = 3 * time.Second
)

// RoleRename is how far a renaming has come.
type RoleRename struct {
	Role  Role // of the new name; it has Replaces while users still hold the old one
	Moved int  // users that this step moved
}

// Rename does one step of giving the role another name, and is called again until the role that it
// returns replaces none. *storage.DuplicateError "name" where the new name is another role's;
// *issuer.FieldError "name" for a built-in role, and for one that is being renamed otherwise. The
// access tokens that name the old role are refused, as after every role that is taken away.
func (r Roles) Rename(ctx context.Context, old, name string) (RoleRename, error) {
	s := r.admin.service
	before, after, err := r.beginRename(ctx, old, name)
	if err != nil {
		return RoleRename{}, err
	}
	started, moved := s.now(), 0
	for more := true; more; {
		holders, err := s.store.ListUsers(ctx, storage.UserFilter{Role: old}, storage.Page{Limit: maxRenameMoves})
		if err != nil {
			return RoleRename{}, issuer.OutcomeUnknown(err)
		}
		for _, u := range holders.Users {
			if moved == maxRenameMoves || s.now().Sub(started) > renameStepTime {
				return RoleRename{toRole(after), moved}, nil
			}
			if err := r.moveHolder(ctx, u.ID, old, name); err != nil {
				return RoleRename{}, err
			}
			moved++
		}
		more = len(holders.Users) > 0
	}
	if err := r.deleteRenamed(ctx, before); err != nil {
		return RoleRename{toRole(after), moved}, err
	}
	after, err = r.endRename(ctx, name)
	return RoleRename{toRole(after), moved}, err
}

// beginRename returns the old role and the new one, which it makes where it is missing.
func (r Roles) beginRename(ctx context.Context, old, name string) (before, after storage.Role, err error) {
	s := r.admin.service
	if err := account.RoleName(name); err != nil {
		return before, after, accountError("name", err)
	}
	if before, err = s.readRole(ctx, old); err != nil {
		return before, after, err
	}
	wanted := before
	wanted.Name, wanted.Replaces, wanted.Deleting = name, old, false
	if err := r.mayRename(before, wanted); err != nil {
		return before, after, err
	}
	all, err := s.store.ListRoles(ctx)
	if err != nil {
		return before, after, issuer.StoreError(err)
	}
	for _, x := range all {
		switch {
		case x.Name == name && x.Replaces == old && !x.CreatedAt.Before(before.CreatedAt):
			after, err = s.followRole(ctx, x, before)
			return before, after, err
		case x.Name == name:
			return before, after, &storage.DuplicateError{Field: "name"}
		case isRenaming(x, all) && (x.Name == old || x.Replaces == old):
			return before, after, newFieldError("name", "is being changed: finish to rename "+x.Replaces+" to "+x.Name)
		}
	}
	after, err = r.createRenamed(ctx, wanted)
	return before, after, err
}

// mayRename refuses an actor who may not change the role, a built-in role, and a role that is not
// as the actor has seen it.
func (r Roles) mayRename(before, after storage.Role) error {
	if err := r.admin.actor.mayChangeRole(before, before); err != nil {
		return err
	}
	if err := r.admin.actor.mayChangeRole(storage.Role{}, after); err != nil {
		return err
	}
	if before.BuiltIn {
		return newFieldError("name", "of a built-in role stays as it is")
	}
	return r.admin.checkIfMatch(revision(before.CreatedAt, before.Version))
}

// isRenaming tells whether the role replaces one that is still there.
func isRenaming(r storage.Role, all []storage.Role) bool {
	return r.Replaces != "" && slices.ContainsFunc(all, func(x storage.Role) bool { return x.Name == r.Replaces && !r.CreatedAt.Before(x.CreatedAt) })
}

// checkNotRenamed refuses to change a role that is being renamed, under the old name and the new.
func (s *Service) checkNotRenamed(ctx context.Context, name string) error {
	all, err := s.store.ListRoles(ctx)
	if err != nil {
		return issuer.StoreError(err)
	}
	for _, x := range all {
		if (x.Name == name || x.Replaces == name) && isRenaming(x, all) {
			return newFieldError("name", "is being changed: finish to rename "+x.Replaces+" to "+x.Name)
		}
	}
	return nil
}

// createRenamed makes the new role.
func (r Roles) createRenamed(ctx context.Context, after storage.Role) (storage.Role, error) {
	s := r.admin.service
	made := s.now()
	if made.Before(after.CreatedAt) { // by a clock that was set back, it would not pass for the newer one
		made = after.CreatedAt
	}
	after.Version, after.CreatedAt, after.UpdatedAt = 1, made, made
	renamed := storage.AuditEvent{Type: audit.EventRoleRenamed, Target: after.Replaces, Detail: "name: " + after.Replaces + " → " + after.Name}
	created := storage.AuditEvent{Type: audit.EventRoleCreated, Target: after.Name, Detail: roleChanges(storage.Role{}, after)}
	err := r.admin.run(ctx, renamed, func() error {
		return r.admin.run(ctx, created, func() error { return issuer.StoreError(s.store.CreateRole(ctx, after)) })
	})
	s.caches.InvalidateRoles()
	return after, err
}

// followRole makes the new role what the old one is, which may have been changed while the new one
// was made.
func (s *Service) followRole(ctx context.Context, after, before storage.Role) (storage.Role, error) {
	if slices.Equal(after.Scopes, before.Scopes) && after.Rank == before.Rank && after.Authentication == before.Authentication {
		return after, nil
	}
	after.Scopes, after.Rank, after.Authentication, after.UpdatedAt = before.Scopes, before.Rank, before.Authentication, s.now()
	after, err := s.store.UpdateRole(ctx, after)
	s.caches.InvalidateRoles()
	if errors.Is(err, storage.ErrConflict) {
		return after, ErrConcurrentUpdate
	}
	return after, issuer.StoreError(err)
}

// moveHolder puts the new name in the place of the old one in a user, whoever they are: their rights
// stay what they were. A user who is gone, or does not hold the old role any more, stays so.
func (r Roles) moveHolder(ctx context.Context, id, old, name string) error {
	unconditional := *r.admin
	unconditional.info.IfMatch = nil // that of the role
	users := Users{&unconditional}
	k := users.kind()
	k.may = func(_, _ storage.User) error { return nil }
	_, _, err := users.swapAs(ctx, k, id, audit.EventUserUpdated, func(x *storage.User) error {
		if n := slices.Index(x.Roles, old); n >= 0 {
			x.Roles = slices.Delete(slices.Clone(x.Roles), n, n+1)
			if !slices.Contains(x.Roles, name) {
				x.Roles = append(x.Roles, name)
				slices.Sort(x.Roles)
			}
		}
		return nil
	})
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

// deleteRenamed deletes the old role, which was read as before.
func (r Roles) deleteRenamed(ctx context.Context, before storage.Role) error {
	unconditional := *r.admin
	unconditional.info.IfMatch = nil // checked when the step began
	roles := Roles{&unconditional}
	_, _, err := apply(ctx, &unconditional, roles.kind(false), step[storage.Role]{
		id: before.Name, event: audit.EventRoleDeleted, change: remove[storage.Role],
		write: func(ctx context.Context, now, after storage.Role) (storage.Role, error) {
			if now.Version != before.Version {
				return after, ErrConcurrentUpdate // the new one is what it was: the next step brings it up
			}
			return after, roles.delete(ctx, now)
		},
	})
	return err
}

// endRename takes the mark from the new role.
func (r Roles) endRename(ctx context.Context, name string) (storage.Role, error) {
	s := r.admin.service
	for range maxUpdateAttempts {
		after, err := s.store.Role(ctx, name)
		if err == nil && after.Replaces != "" {
			after.Replaces, after.UpdatedAt = "", s.now()
			after, err = s.store.UpdateRole(ctx, after)
		}
		if !errors.Is(err, storage.ErrConflict) {
			s.caches.InvalidateRoles()
			return after, unavailableOrNil(err)
		}
	}
	return storage.Role{}, ErrConcurrentUpdate
}
