package issuer

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"example.org/signet/issuer/attribute"
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
// not known. The schema is nil where no claim of an attribute is asked for.
func scopeOfClaim(claim string, schema *attribute.Schema) string {
	_, name, _ := strings.Cut(claim, "/")
	if scope := claimScopes[name]; scope != "" {
		return scope
	}
	return schema.ScopeOf(name)
}

// claimsWithin keeps the claims that these scopes hold.
func claimsWithin(claims, scopes []string, schema *attribute.Schema) []string {
	return keep(claims, func(c string) bool { return contains(scopes, scopeOfClaim(c, schema)) })
}

// isAttributeClaim tells whether only the schema knows whether there is such a claim.
func isAttributeClaim(claim string) bool {
	_, name, _ := strings.Cut(claim, "/")
	return claimScopes[name] == "" && name != "acr" && name != "auth_time" && name != "sub"
}

// schemaOf returns the schema that claims asked for by name need; nil where all are the usual
// ones. Nearly always it is cached.
func schemaOf(ctx context.Context, cache *attribute.Cache, claims []string) (*attribute.Schema, error) {
	if !slices.ContainsFunc(claims, isAttributeClaim) {
		return nil, nil
	}
	schema, err := cache.Get(ctx)
	return schema, unavailableOrNil(err)
}

// maxAttributeClaims bounds what the claims of attributes take of an ID token, in bytes: its
// readers, such as the logout endpoint, take no more than keys.MaxToken.
const maxAttributeClaims = 3 << 10

// attributeClaims returns the claims of the user's attributes that go with the scopes, or that
// are asked for by name in a member of the claims parameter. For most users it reads nothing.
func attributeClaims(ctx context.Context, cache *attribute.Cache, u storage.User, scopes, named []string, member string) (map[string]any, error) {
	if u.Attributes == "" {
		return nil, nil
	}
	schema, err := cache.Get(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	return schema.Claims(u.Attributes, func(claim, scope string) bool {
		return contains(scopes, scope) || contains(named, member+claim)
	}), nil
}

// withClaims returns a value that is written as v with more members; v itself where there are
// none.
func withClaims(v any, more map[string]any) (any, error) {
	if len(more) == 0 {
		return v, nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(more)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(append(append(body[:len(body)-1], ','), rest[1:]...)), nil
}
