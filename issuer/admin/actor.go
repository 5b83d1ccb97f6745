package admin

import (
	"slices"

	"example.org/signet/issuer"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// An actor decides what its holder may do. It gets the record before and after a change:
// before is zero for a new record, after for a deleted one.
type actor interface {
	mayChangeUser(before, after storage.User) error
	mayChangeRole(before, after storage.Role) error
	mayChangeClient(before, after storage.Client) error
	mayDoEverything() error     // what concerns the whole store: keys, everybody's sessions, exports
	mayLeaveNoSuperAdmin() bool // else a change that would is ErrLastSuperAdmin
}

var _, _, _, _ actor = operator{}, administrator{}, owner{}, linkHolder{}

// operator is the user of the command line, who has access to the store.
type operator struct{ allowNoSuperAdmin bool }

func (operator) mayChangeUser(_, _ storage.User) error     { return nil }
func (operator) mayChangeRole(_, _ storage.Role) error     { return nil }
func (operator) mayChangeClient(_, _ storage.Client) error { return nil }
func (operator) mayDoEverything() error                    { return nil }
func (o operator) mayLeaveNoSuperAdmin() bool              { return o.allowNoSuperAdmin }

// administrator is a user who changes others, under one rule: nobody may give, change or
// remove what they do not outrank.
//
// A rank is the highest of the roles that somebody holds. A super_admin outranks everybody,
// other super_admins too; anybody else only whom they stand above. Who is admitted at all is
// decided by holding the role admin or super_admin, never by a rank, so that a custom role of
// a high rank admits nobody.
type administrator struct {
	user       storage.User
	session    string // the one that asks
	roles      *role.Set
	rank       int64
	superAdmin bool
}

func refusal(code issuer.Code, description string) *issuer.Error {
	return &issuer.Error{Code: code, Description: description}
}

var (
	errNotOutranked       = refusal(issuer.AccessDenied, "you may not do this to somebody whom you do not outrank")
	errRoleAbove          = refusal(issuer.AccessDenied, "you may not give, change or take away a role that you do not outrank")
	errScopeAbove         = refusal(issuer.AccessDenied, "you may not give a scope that is restricted to roles which you do not outrank")
	errAdminClient        = refusal(issuer.AccessDenied, "a client with the scope "+issuer.ScopeAdmin+" is for super administrators to make and to change: it gets the power of every administrator who signs in to it")
	errClientAbove        = refusal(issuer.AccessDenied, "the client has a scope that is restricted to roles which you do not outrank")
	errAdminRequired      = refusal(issuer.InsufficientScope, "this needs the role "+role.Admin)
	errSuperAdminRequired = refusal(issuer.InsufficientScope, "this needs the role "+role.SuperAdmin)
)

func (a administrator) outranks(rank int64) bool { return a.superAdmin || a.rank > rank }

// mayChangeUser refuses a user who is not outranked, and so oneself, which is what self-service
// is for; and to give or take roles that are not outranked.
func (a administrator) mayChangeUser(before, after storage.User) error {
	if before.ID != "" && !a.outranks(a.roles.Rank(before.Roles...)) {
		return errNotOutranked
	}
	for _, name := range append(added(before.Roles, after.Roles), added(after.Roles, before.Roles)...) {
		if !a.outranks(a.roles.Rank(name)) {
			return errRoleAbove.Naming(name)
		}
	}
	return nil
}

// mayChangeRole refuses a role that is not outranked before or after, and scopes that are not
// the administrator's to give.
func (a administrator) mayChangeRole(before, after storage.Role) error {
	switch {
	case before.Name != "" && !a.outranks(before.Rank):
		return errRoleAbove.Naming(before.Name)
	case after.Name != "" && !a.outranks(after.Rank):
		return errRoleAbove.Naming(after.Name)
	case !a.mayGrantScopes(added(before.Scopes, after.Scopes)):
		return errScopeAbove
	}
	return nil
}

// mayChangeClient refuses a client with scopes that are not the administrator's to give: a
// client can use some of them on its own behalf, with no user's roles in the way, and whoever
// has its secret has its scopes. One with signet:admin is a super_admin's alone: an
// administrator of any rank who is signed in in a browser and follows a link to it hands their
// power over.
func (a administrator) mayChangeClient(before, after storage.Client) error {
	switch {
	case !a.superAdmin && (slices.Contains(before.Scopes, issuer.ScopeAdmin) || slices.Contains(after.Scopes, issuer.ScopeAdmin)):
		return errAdminClient
	case !a.mayGrantScopes(before.Scopes):
		return errClientAbove
	case !a.mayGrantScopes(after.Scopes):
		return errScopeAbove
	}
	return nil
}

func (a administrator) mayDoEverything() error {
	if !a.superAdmin {
		return errSuperAdminRequired
	}
	return nil
}

func (administrator) mayLeaveNoSuperAdmin() bool { return false }

// mayGrantScopes tells whether the scopes are the administrator's to give: each is open to
// everybody, or named by a role that they outrank, whose holder they could make anybody.
func (a administrator) mayGrantScopes(scopes []string) bool {
	for _, scope := range scopes {
		if lowest, restricted := a.roles.LowestRank(scope); restricted && !a.outranks(lowest) {
			return false
		}
	}
	return true
}

// added returns the members of after that are not in before.
func added(before, after []string) []string {
	var more []string
	for _, s := range after {
		if !slices.Contains(before, s) {
			more = append(more, s)
		}
	}
	return more
}
