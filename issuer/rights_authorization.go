package issuer

import (
	"context"
	"slices"
	"strings"

	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// authorizationAsk is what an authorization request asks for.
type authorizationAsk struct {
	Client   storage.Client
	User     storage.User
	Scopes   []string // nil for none named: all that may be had
	Resource string   // "" for none (RFC 8707)
	Claims   []string // asked for by name, such as "userinfo/name"
}

// authorizationRights are what an authorization request may have.
type authorizationRights struct {
	Scopes   []string
	Audience []string
	Claims   []string // those of the claims asked for that the client may read

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
	return rightsOfAuthorization(a, roles, p.issuer)
}

func rightsOfAuthorization(a authorizationAsk, roles *role.Set, issuer string) (authorizationRights, error) {
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
	r.Claims, r.Shown = claimsWithin(a.Claims, client.scopes), r.Scopes
	for _, c := range r.Claims {
		if scope := scopeOfClaim(c); !contains(r.Shown, scope) {
			r.Shown = append(slices.Clone(r.Shown), scope)
		}
	}
	return r, nil
}

// Members of the claims parameter (OpenID Connect Core §5.5).
const (
	claimsOfUserInfo = "userinfo/"
	claimsOfIDToken  = "id_token/"
)

// claimScopes are the claims that can be asked for by name, with the scope that holds them
// (OpenID Connect Core §5.4).
var claimScopes = map[string]string{
	"name": ScopeProfile, "preferred_username": ScopeProfile, "updated_at": ScopeProfile, "roles": ScopeProfile,
	"email": ScopeEmail, "email_verified": ScopeEmail, "phone_number": ScopePhone,
}

// scopeOfClaim returns the scope that holds the claim; "" for a claim that is none of a user.
func scopeOfClaim(claim string) string {
	_, name, _ := strings.Cut(claim, "/")
	return claimScopes[name]
}

// claimsWithin keeps the claims that these scopes hold, each once.
func claimsWithin(claims, scopes []string) []string {
	var kept []string
	for _, c := range claims {
		if scope := scopeOfClaim(c); scope != "" && contains(scopes, scope) && !contains(kept, c) {
			kept = append(kept, c)
		}
	}
	return kept
}
