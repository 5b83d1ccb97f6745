package issuer

import (
	"context"
	"slices"

	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// authorizationAsk is what an authorization request asks for.
type authorizationAsk struct {
	Client   storage.Client
	User     storage.User
	Scopes   []string // nil for none named: all that may be had
	Resource string   // "" for none (RFC 8707)
	Claims   authorization.Claims
}

// authorizationRights are what an authorization request may have.
type authorizationRights struct {
	Scopes   []string
	Audience []string
	Claims   []string // asked for by name, such as "userinfo/name", as far as the client may read them

	// Shown are Scopes and the scopes that hold Claims: what the user is asked to consent to.
	Shown []string
}

var errNoScopeLeft = newError(InvalidScope, "none of the scopes may be had")

// authorizationRights computes what an authorization request may have, by the rules of the
// token endpoint. But scopes that are unknown, or that the client or the user may not have,
// are left out instead of refused (OpenID Connect Core §3.1.2.1). InvalidScope where none of
// those asked for is left, InvalidTarget for a resource that the client may not have,
// Unavailable.
func (p *pipeline) authorizationRights(ctx context.Context, a authorizationAsk) (authorizationRights, error) {
	roles, err := p.roles.Get(ctx)
	if err != nil {
		return authorizationRights{}, unavailable(err)
	}
	schema, err := schemaOf(ctx, p.attributes, namedClaims(a.Claims))
	if err != nil {
		return authorizationRights{}, err
	}
	return rightsOfAuthorization(a, roles, schema, p.issuer)
}

func rightsOfAuthorization(a authorizationAsk, roles *role.Set, schema *attribute.Schema, issuer string) (authorizationRights, error) {
	client := clientBounds(a.Client, issuer)
	if err := client.checkResource(a.Resource); err != nil {
		return authorizationRights{}, err
	}
	base := a.Client.Scopes // offline_access is granted to those who ask for it
	if a.Scopes != nil {
		base = a.Scopes
	}
	r := authorizationRights{Scopes: roles.ScopesFor(a.User.Roles, intersect(base, client.scopes)), Audience: client.audiences}
	if a.Scopes != nil && len(r.Scopes) == 0 {
		return authorizationRights{}, errNoScopeLeft
	}
	if a.Resource != "" {
		r.Audience = selectAudience(client.audiences, a.Resource)
	}
	r.Claims, r.Shown = claimsWithin(namedClaims(a.Claims), client.scopes, schema), r.Scopes
	for _, c := range r.Claims {
		if scope := scopeOfClaim(c, schema); !contains(r.Shown, scope) {
			r.Shown = append(slices.Clone(r.Shown), scope)
		}
	}
	return r, nil
}
