package issuer

import (
	"context"

	"example.org/signet/storage"
)

// An Administrator is a user who acts on others, with the roles that the store
// gives them at this moment. Its methods are those of the Issuer, each held to
// the one rule: nobody gives, edits or takes away what they do not outrank.
//
// A rank is the highest of the roles that somebody holds. A super_admin outranks
// everybody, other super_admins too; anybody else only whom they stand above.
// Which door somebody may enter is decided by holding the role admin or
// super_admin, never by a rank, so that an own role of a high rank opens none.
type Administrator struct {
	issuer *Issuer
	user   storage.User
	book   *roleBook
	rank   int64
	top    bool // a super_admin
	src    Source
}

// Administer lets in a user who holds the role, or one above it on the ladder:
// RoleAdmin or RoleSuperAdmin. The roles are read from the store.
func (i *Issuer) Administer(ctx context.Context, p *Principal, role string, src Source) (*Administrator, error) {
	book, err := i.roles.reload(ctx, i.now())
	if err != nil {
		return nil, unknown(err)
	}
	src.Actor = p.user.ID
	a := &Administrator{issuer: i, user: p.user, book: book, rank: book.rank(p.user.Roles), top: contains(p.user.Roles, RoleSuperAdmin), src: src}
	if !a.top && (role != RoleAdmin || !contains(p.user.Roles, RoleAdmin)) {
		return nil, refuse(InsufficientScope, "this needs the role "+role)
	}
	return a, nil
}

// rank is the highest of the roles; one that does not exist has none.
func (v *roleBook) rank(roles []string) int64 {
	var highest int64
	for _, name := range roles {
		highest = max(highest, v.roles[name].Rank)
	}
	return highest
}

var (
	errNotOutranked  = refuse(AccessDenied, "you may not do this to somebody whom you do not outrank")
	errRoleAbove     = refuse(AccessDenied, "you may not give, change or take away a role that you do not outrank")
	errScopeAbove    = refuse(AccessDenied, "you may not give a scope that only roles guard which you do not outrank")
	errClientAbove   = refuse(AccessDenied, "the client has a scope that only roles guard which you do not outrank")
	errOnlySuperHere = refuse(InsufficientScope, "this needs the role "+RoleSuperAdmin)
)

func (a *Administrator) outranks(rank int64) bool { return a.top || a.rank > rank }

// over refuses to act on a user who is not outranked, and so on oneself: that
// is what self-service is for.
func (a *Administrator) over(u storage.User) error {
	if !a.outranks(a.book.rank(u.Roles)) {
		return errNotOutranked
	}
	return nil
}

// mayMove judges the difference between two sets of roles.
func (a *Administrator) mayMove(before, after []string) error {
	for _, name := range before {
		if !contains(after, name) && !a.outranks(a.book.roles[name].Rank) {
			return errRoleAbove
		}
	}
	for _, name := range after {
		if !contains(before, name) && !a.outranks(a.book.roles[name].Rank) {
			return errRoleAbove
		}
	}
	return nil
}

// mayGive tells whether the scopes are the administrator's to give: each is open
// to everybody, or named by a role that they outrank, whose holder they could
// make anybody.
func (a *Administrator) mayGive(scopes []string) bool {
	for _, s := range scopes {
		if _, guarded := a.book.guarded[s]; guarded && !a.guards(s) {
			return false
		}
	}
	return true
}

func (a *Administrator) guards(scope string) bool {
	for _, r := range a.book.roles {
		if contains(r.Scopes, scope) && a.outranks(r.Rank) {
			return true
		}
	}
	return false
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
