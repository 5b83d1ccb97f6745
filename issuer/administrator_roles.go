package issuer

import (
	"context"

	"example.org/signet/storage"
)

// Roles returns all roles.
func (a *Administrator) Roles(ctx context.Context) (RoleList, error) { return a.issuer.ListRoles(ctx) }

// Role returns the role of that name.
func (a *Administrator) Role(ctx context.Context, name string) (Role, error) {
	return a.issuer.FindRole(ctx, name)
}

// CreateRole creates a role below the administrator's own.
func (a *Administrator) CreateRole(ctx context.Context, name string, c RoleChange) (Role, error) {
	return a.issuer.createRole(ctx, name, c, a.info, a.mayEditRole)
}

// UpdateRole changes a role that is outranked before and after.
func (a *Administrator) UpdateRole(ctx context.Context, name string, c RoleChange, when Precondition) (Role, error) {
	return a.issuer.updateRole(ctx, name, c, a.info, func(before, after storage.Role) error {
		if err := a.mayEditRole(before, after); err != nil {
			return err
		}
		return when.check(revision(before.CreatedAt, before.Version))
	})
}

// DeleteRole removes a role that is outranked.
func (a *Administrator) DeleteRole(ctx context.Context, name string, release bool) error {
	return a.issuer.deleteRole(ctx, name, release, a.info, a.mayEditRole)
}

// mayEditRole judges a change of a role; before is zero for a new one, after
// for one that goes.
func (a *Administrator) mayEditRole(before, after storage.Role) error {
	switch {
	case before.Name != "" && !a.outranks(before.Rank), after.Name != "" && !a.outranks(after.Rank):
		return errRoleAbove
	case !a.mayGrantScopes(added(before.Scopes, after.Scopes)):
		return errScopeAbove
	}
	return nil
}
