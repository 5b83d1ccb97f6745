package upstream

import (
	"slices"
	"strings"

	"example.org/signet/issuer/account"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// Admits tells whether the connector lets somebody with the identity sign in at all. Where it
// names domains, a verified address of one of them is needed.
func Admits(conn storage.Connector, i Identity) bool {
	if len(conn.Domains) == 0 {
		return true
	}
	return i.EmailVerified && slices.Contains(conn.Domains, domainOf(i.Email))
}

// LinksByEmail tells whether an account is linked to the user by the address alone: the provider
// says that it is verified and decides who owns addresses of the domain, and the user's address is
// verified here. Otherwise whoever gets hold of an address somewhere would take over the user.
func LinksByEmail(conn storage.Connector, i Identity, u storage.User) bool {
	address, err := account.Email(i.Email)
	if err != nil || !i.EmailVerified || !u.EmailVerified || u.Email == "" || u.Email != address {
		return false
	}
	return slices.Contains(conn.AuthoritativeDomains, domainOf(address))
}

// ProvesAddress tells whether a new user's address counts as verified: by the same rule.
func ProvesAddress(conn storage.Connector, i Identity) bool {
	address, err := account.Email(i.Email)
	return err == nil && i.EmailVerified && slices.Contains(conn.AuthoritativeDomains, domainOf(address))
}

// domainOf returns the part of an address after the last @, in lower case.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndex(address, "@")+1:])
}

// RolesGiven returns the roles that the rules of the connector give, sorted. A role that is gone
// or has risen to the connector's bound is not given: the rules never give more than whoever
// made them could.
func RolesGiven(conn storage.Connector, i Identity, roles *role.Set) (given []string) {
	for _, r := range conn.RoleRules {
		if !slices.Contains(list(i.Claims, r.Claim), r.Value) || !roles.Has(r.Role) || roles.Rank(r.Role) >= conn.MaxRank {
			continue
		}
		if !slices.Contains(given, r.Role) {
			given = append(given, r.Role)
		}
	}
	slices.Sort(given)
	return given
}

// RoleChange is what a sign-in makes of the roles of a user.
type RoleChange struct {
	Roles []string // that the user has then, sorted
	Owned []string // of those, the ones that the link has given and that go with it; sorted
}

// ChangeRoles recomputes the roles of a user. has are those of the user, owned those that this
// link has given before, others those that other links have given, and given those that the rules
// give now. A role that the user has by nobody's rules stays, and is never owned: it is local.
func ChangeRoles(has, owned, others, given []string) RoleChange {
	var c RoleChange
	for _, r := range has {
		if slices.Contains(owned, r) && !slices.Contains(given, r) && !slices.Contains(others, r) {
			continue
		}
		c.Roles = append(c.Roles, r)
	}
	for _, r := range given {
		local := slices.Contains(has, r) && !slices.Contains(owned, r) && !slices.Contains(others, r)
		if !slices.Contains(c.Roles, r) {
			c.Roles = append(c.Roles, r)
		}
		if !local && !slices.Contains(c.Owned, r) {
			c.Owned = append(c.Owned, r)
		}
	}
	slices.Sort(c.Roles)
	slices.Sort(c.Owned)
	return c
}
