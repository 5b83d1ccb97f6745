package issuer

import (
	"context"

	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// An Administrator is a user who acts on others, with the roles that the store
// gives them at this moment. Its methods are those of the Issuer, each held to
// the one rule: nobody gives, edits or takes away what they do not outrank.
//
// A rank is the highest of the roles that somebody holds. A super_admin outranks
// everybody, other super_admins too; anybody else only whom they stand above.
// Access to the admin API is decided by holding the role admin or super_admin,
// never by a rank, so that a custom role of a high rank gives none.
type Administrator struct {
	issuer     *Issuer
	user       storage.User
	roles      *role.Set
	rank       int64
	superAdmin bool // a super_admin
	info       RequestInfo
}

// Administer lets in a user who holds the role, or a higher built-in one:
// RoleAdmin or RoleSuperAdmin. The roles are read from the store.
func (i *Issuer) Administer(ctx context.Context, p *Principal, needed string, info RequestInfo) (*Administrator, error) {
	roles, err := i.roles.Reload(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	info.Actor = p.user.ID
	a := &Administrator{issuer: i, user: p.user, roles: roles, rank: roles.Rank(p.user.Roles...), superAdmin: contains(p.user.Roles, RoleSuperAdmin), info: info}
	if !a.superAdmin && (needed != RoleAdmin || !contains(p.user.Roles, RoleAdmin)) {
		return nil, newError(InsufficientScope, "this needs the role "+needed)
	}
	return a, nil
}

var (
	errNotOutranked       = newError(AccessDenied, "you may not do this to somebody whom you do not outrank")
	errRoleAbove          = newError(AccessDenied, "you may not give, change or take away a role that you do not outrank")
	errScopeAbove         = newError(AccessDenied, "you may not give a scope that is restricted to roles which you do not outrank")
	errClientAbove        = newError(AccessDenied, "the client has a scope that is restricted to roles which you do not outrank")
	errSuperAdminRequired = newError(InsufficientScope, "this needs the role "+RoleSuperAdmin)
)

func (a *Administrator) outranks(rank int64) bool { return a.superAdmin || a.rank > rank }

// mayManageUser refuses to act on a user who is not outranked, and so on oneself: that
// is what self-service is for.
func (a *Administrator) mayManageUser(u storage.User) error {
	if !a.outranks(a.roles.Rank(u.Roles...)) {
		return errNotOutranked
	}
	return nil
}

// mayChangeRoles judges the difference between two sets of roles.
func (a *Administrator) mayChangeRoles(before, after []string) error {
	for _, name := range before {
		if !contains(after, name) && !a.outranks(a.roles.Rank(name)) {
			return errRoleAbove
		}
	}
	for _, name := range after {
		if !contains(before, name) && !a.outranks(a.roles.Rank(name)) {
			return errRoleAbove
		}
	}
	return nil
}

// mayGrantScopes tells whether the scopes are the administrator's to give: each is open
// to everybody, or named by a role that they outrank, whose holder they could
// make anybody.
func (a *Administrator) mayGrantScopes(scopes []string) bool {
	for _, s := range scopes {
		if lowest, restricted := a.roles.LowestRank(s); restricted && !a.outranks(lowest) {
			return false
		}
	}
	return true
}

// added are the members of after that are not in before.
func added(before, after []string) []string {
	var more []string
	for _, s := range after {
		if !contains(before, s) {
			more = append(more, s)
		}
	}
	return more
}
