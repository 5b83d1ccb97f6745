package issuer

import (
	"strings"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// UserClaims are what userinfo says about a user beside the subject (OpenID Connect Core
// §5.1).
type UserClaims struct {
	Name              string   `json:"name,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	UpdatedAt         int64    `json:"updated_at,omitempty"`
	Email             string   `json:"email,omitempty"`
	EmailVerified     *bool    `json:"email_verified,omitempty"` // always beside Email
	PhoneNumber       string   `json:"phone_number,omitempty"`
	Roles             []string `json:"roles,omitempty"`
}

// claimScopes are the claims that a scope gives, or that can be asked for by name, with that
// scope (OpenID Connect Core §5.4).
var claimScopes = map[string]string{
	"name": ScopeProfile, "preferred_username": ScopeProfile, "updated_at": ScopeProfile, "roles": ScopeProfile,
	"email": ScopeEmail, "email_verified": ScopeEmail, "phone_number": ScopePhone,
}

// userClaims returns the claims of the user that has says yes to.
func userClaims(u storage.User, has func(name string) bool) (c UserClaims) {
	if has("name") {
		c.Name = u.FullName
	}
	if has("preferred_username") {
		c.PreferredUsername = u.Username
	}
	if has("updated_at") {
		c.UpdatedAt = u.UpdatedAt.Unix()
	}
	if has("roles") {
		c.Roles = u.Roles
	}
	if u.Email != "" && (has("email") || has("email_verified")) {
		c.Email, c.EmailVerified = u.Email, &u.EmailVerified
	}
	if has("phone_number") {
		c.PhoneNumber = u.Phone
	}
	return c
}

// Claims that are asked for by name are kept with the member of the claims parameter that
// names them (OpenID Connect Core §5.5): "userinfo/name", "id_token/email".
const (
	claimsOfUserInfo = "userinfo/"
	claimsOfIDToken  = "id_token/"
)

// namedClaims returns what a claims parameter asks for.
func namedClaims(c authorization.Claims) (names []string) {
	for _, claim := range c.UserInfo {
		names = append(names, claimsOfUserInfo+claim.Name)
	}
	for _, claim := range c.IDToken {
		names = append(names, claimsOfIDToken+claim.Name)
	}
	return names
}

// scopeOfClaim returns the scope that holds the claim; "" for one that needs none or that is
// not known.
func scopeOfClaim(claim string) string {
	_, name, _ := strings.Cut(claim, "/")
	return claimScopes[name]
}

// claimsWithin keeps the claims that these scopes hold.
func claimsWithin(claims, scopes []string) []string {
	return keep(claims, func(c string) bool { return contains(scopes, scopeOfClaim(c)) })
}
