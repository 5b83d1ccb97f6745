package admin

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// keepRestricted refuses a change of the named role after which a scope would be named by no
// role: such a scope goes to every user. A role that is being deleted does not count.
//
// Of two roles that name a scope, two administrators may each drop it from one at the same
// time. So whoever relies on another role raises its version, after their own role was read:
// a change of it that is under way then fails and is judged anew. Of changes that rely on each
// other at most one is made.
func (s *Service) keepRestricted(ctx context.Context, name string, before, after []string, release bool) error {
	dropped := added(after, before)
	if release || len(dropped) == 0 {
		return nil
	}
	for range maxUpdateAttempts {
		roles, err := s.store.ListRoles(ctx)
		if err != nil {
			return issuer.StoreError(err)
		}
		others := slices.DeleteFunc(roles, func(r storage.Role) bool { return r.Name == name || r.Deleting })
		set := role.NewSet(others)
		for _, scope := range dropped {
			if !set.Restricted(scope) {
				return newFieldError("scopes", "scope "+scope+" would be restricted by no role and so go to every user; --release-scopes allows it")
			}
		}
		if err := s.raiseRoles(ctx, rolesNaming(others, dropped)); !isRoleGone(err) {
			return issuer.StoreError(err)
		}
	}
	return ErrConcurrentUpdate
}

// rolesNaming returns roles that together name all of the scopes.
func rolesNaming(roles []storage.Role, scopes []string) []storage.Role {
	var naming []storage.Role
	for _, r := range roles {
		if left := added(r.Scopes, scopes); len(left) < len(scopes) {
			naming, scopes = append(naming, r), left
		}
	}
	return naming
}

// raiseRoles writes the roles as they are, which raises their versions.
func (s *Service) raiseRoles(ctx context.Context, roles []storage.Role) error {
	for _, r := range roles {
		if _, err := s.store.UpdateRole(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// isRoleGone tells whether a role was changed or deleted since it was read.
func isRoleGone(err error) bool {
	return errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrNotFound)
}
