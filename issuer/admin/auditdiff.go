package admin

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.org/signet/issuer/attribute"
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

// toggle adds a setting that was turned on or off.
func (c *changes) toggle(name string, before, after bool) {
	switch {
	case after && !before:
		*c = append(*c, name+" on")
	case before && !after:
		*c = append(*c, name+" off")
	}
}

// maxAuditedURIs bounds how many URIs of a list an event names, added and removed.
const maxAuditedURIs = 5

// uris adds the entries that a list of URIs gained and lost.
func (c *changes) uris(name string, before, after []string) {
	var parts []string
	for _, side := range []struct {
		sign string
		list []string
	}{{"+", added(before, after)}, {"-", added(after, before)}} {
		for n, uri := range side.list {
			if n == maxAuditedURIs {
				parts = append(parts, side.sign+"("+strconv.Itoa(len(side.list)-n)+" more)")
				break
			}
			parts = append(parts, side.sign+uri)
		}
	}
	if len(parts) > 0 {
		*c = append(*c, name+": "+strings.Join(parts, " "))
	}
}

// value adds a text or number that differs, before and after.
func (c *changes) value(name, before, after string) {
	if before != after {
		*c = append(*c, name+": "+cmp.Or(before, "none")+" → "+cmp.Or(after, "none"))
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
	if a.Attributes != b.Attributes {
		c.field("attributes: "+strings.Join(attribute.Names(a.Attributes, b.Attributes), " "), true)
	}
	c.field("password", a.PasswordHash != b.PasswordHash)
	c.toggle("must_change_password", a.MustChangePassword, b.MustChangePassword)
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
	c.value("require_authentication", a.Authentication, b.Authentication)
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
	c.signIn(a, b)
	c.display(a, b)
	c.field("disabled", a.Disabled != b.Disabled && b.Disabled)
	c.field("enabled", a.Disabled != b.Disabled && a.Disabled)
	return c.String()
}

// signIn adds what differs of the settings of sign-in in a browser.
func (c *changes) signIn(a, b storage.Client) {
	c.uris("redirect_uris", a.RedirectURIs, b.RedirectURIs)
	c.uris("post_logout_redirect_uris", a.PostLogoutRedirectURIs, b.PostLogoutRedirectURIs)
	c.value("backchannel_logout_uri", a.BackchannelLogoutURI, b.BackchannelLogoutURI)
	c.toggle("backchannel_logout_session_required", a.BackchannelSession, b.BackchannelSession)
	c.value("initiate_login_uri", a.InitiateLoginURI, b.InitiateLoginURI)
	c.toggle("require_pkce", !a.PKCEOptional, !b.PKCEOptional)
	c.value("consent", a.Consent, b.Consent)
	c.value("token_endpoint_auth_method", a.AuthMethod, b.AuthMethod)
	c.value("default_max_age", formatMaxAge(a.DefaultMaxAge), formatMaxAge(b.DefaultMaxAge))
	c.toggle("allow_localhost", a.LocalhostPorts, b.LocalhostPorts)
	c.toggle("require_auth_time", a.RequireAuthTime, b.RequireAuthTime)
	c.value("require_authentication", a.Authentication, b.Authentication)
	c.toggle("password_grant_without_mfa", a.PasswordGrantWithoutMFA, b.PasswordGrantWithoutMFA)
}

func formatMaxAge(seconds *int64) string {
	if seconds == nil {
		return ""
	}
	return strconv.FormatInt(*seconds, 10)
}

// display adds what differs of what people are shown. Contacts are people's addresses.
func (c *changes) display(a, b storage.Client) {
	c.value("client_uri", a.HomeURI, b.HomeURI)
	c.value("logo_uri", a.LogoURI, b.LogoURI)
	c.value("policy_uri", a.PolicyURI, b.PolicyURI)
	c.value("tos_uri", a.TermsURI, b.TermsURI)
	c.field("contacts", !slices.Equal(a.Contacts, b.Contacts))
}
