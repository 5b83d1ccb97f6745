package admin

import (
	"slices"
	"strings"

	"example.org/signet/storage"
)

// changes is the detail of an audit event: the names of changed fields, and the changed roles,
// scopes and grants. It never holds names or addresses of people, or secrets.
type changes []string

func (c *changes) field(name string, differs bool) {
	if differs {
		*c = append(*c, name)
	}
}

// values adds a list that differs, before and after.
func (c *changes) values(name string, before, after []string) {
	if !slices.Equal(before, after) {
		*c = append(*c, name+": "+joinOrNone(before)+" → "+joinOrNone(after))
	}
}

func (c changes) String() string { return strings.Join(c, ", ") }

func joinOrNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}

func userChanges(a, b storage.User) string {
	if b.ID == "" { // deleted
		return ""
	}
	var c changes
	c.values("roles", a.Roles, b.Roles)
	c.field("username", a.Username != b.Username)
	c.field("email", a.Email != b.Email)
	c.field("email_verified", a.EmailVerified != b.EmailVerified && b.EmailVerified)
	c.field("email_unverified", a.EmailVerified != b.EmailVerified && a.EmailVerified)
	c.field("full_name", a.FullName != b.FullName)
	c.field("phone", a.Phone != b.Phone)
	c.field("password", a.PasswordHash != b.PasswordHash)
	c.field("disabled", a.Disabled != b.Disabled && b.Disabled)
	c.field("enabled", a.Disabled != b.Disabled && a.Disabled)
	return c.String()
}

func roleChanges(a, b storage.Role) string {
	if b.Name == "" { // deleted
		return ""
	}
	var c changes
	c.values("scopes", a.Scopes, b.Scopes)
	c.field("rank", a.Rank != b.Rank)
	c.field("description", a.Description != b.Description)
	return c.String()
}

func clientChanges(a, b storage.Client) string {
	if b.ID == "" { // deleted
		return ""
	}
	var c changes
	c.values("grants", a.Grants, b.Grants)
	c.values("scopes", a.Scopes, b.Scopes)
	c.values("own scopes", a.OwnScopes, b.OwnScopes)
	c.field("audiences", !slices.Equal(a.Audiences, b.Audiences))
	c.field("resources", !slices.Equal(a.Resources, b.Resources))
	c.field("origins", !slices.Equal(a.Origins, b.Origins))
	c.field("name", a.Name != b.Name)
	c.field("credentials", a.SecretHash != b.SecretHash)
	c.field("id_token_on_refresh", a.IDTokenOnRefresh != b.IDTokenOnRefresh)
	c.field("trust_client_ip", a.TrustClientIP != b.TrustClientIP)
	c.field("disabled", a.Disabled != b.Disabled && b.Disabled)
	c.field("enabled", a.Disabled != b.Disabled && a.Disabled)
	return c.String()
}
