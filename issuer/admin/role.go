package admin

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// Role is a role as administrators see it.
type Role struct {
	Name           string    `json:"name"`
	Description    string    `json:"description,omitempty"`
	Scopes         []string  `json:"scopes"`
	Rank           int64     `json:"rank"`
	BuiltIn        bool      `json:"built_in"`
	Replaces       string    `json:"replaces,omitempty"`     // the name that it had, while users still hold that
	Authentication string    `json:"require_authentication"` // none, mfa or phishing_resistant
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`

	Revision string `json:"-"` // names this state of the record, for a Precondition
}

// RoleList holds all roles.
type RoleList struct {
	Items []Role `json:"items"`
}

// RoleChange changes the fields that are not nil.
type RoleChange struct {
	Description    *string
	Scopes         *[]string
	Rank           *int64
	Authentication *string

	// ReleaseScopes allows a change after which a scope that was restricted is
	// named by no role, and so goes to every user.
	ReleaseScopes bool
}

func toRole(r storage.Role) Role {
	return Role{
		Name: r.Name, Description: r.Description, Scopes: append([]string{}, r.Scopes...), Rank: r.Rank,
		Authentication: cmp.Or(r.Authentication, AuthenticationNone),
		BuiltIn:        r.BuiltIn, Replaces: r.Replaces, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		Revision: revision(r.CreatedAt, r.Version),
	}
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
	if c.Authentication != nil {
		if r.Authentication, err = checkAuthentication(*c.Authentication); err != nil {
			return err
		}
	}
	if c.Scopes != nil {
		if n := slices.IndexFunc(*c.Scopes, issuer.ReservedScope); n >= 0 {
			return newFieldError("scopes", (*c.Scopes)[n]+" is for clients: the role "+role.Admin+" says who may administer")
		}
		if n := slices.IndexFunc(*c.Scopes, issuer.StandardScope); n >= 0 {
			return newFieldError("scopes", (*c.Scopes)[n]+" is a scope of OpenID Connect: restricted to a role, it would be taken from everybody else")
		}
		r.Scopes, err = checkScopes("scopes", *c.Scopes)
	}
	return err
}

// maxScopes bounds the scopes of a role or client.
const maxScopes = 100

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
