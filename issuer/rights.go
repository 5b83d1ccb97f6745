package issuer

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// scopePolicy is what a grant declares about the scope and the audience of its
// tokens. The pipeline reads it and computes both; no grant does.
type scopePolicy struct {
	// user: the tokens are a user's, so openid has a meaning, and restricted
	// scopes go by the user's roles.
	user bool
	// session: a session goes on. The tokens get what it was granted at login
	// and may still have; a request may narrow that, never widen it.
	session bool
	// fixed: the request has no scope parameter, and one that is sent means nothing.
	fixed bool
}

// rights are what tokens may say.
type rights struct {
	scope    []string
	audience []string

	// Of a session that goes on: the scopes of its login that its tokens cannot
	// have now, whether or not the request asks for them.
	denied []string

	// Likewise the audiences of its login that the client may not have now.
	deniedAudiences []string

	// Likewise: claims asked for by name at the authorization, that the client may read.
	named []string
}

// limitTo leaves out what the session's record denies.
func (r rights) limitTo(s storage.Session) rights {
	r.scope, r.audience = without(r.scope, s.DeniedScopes), without(r.audience, s.DeniedAudiences)
	return r
}

// bounds are what a request may ask for, and how more is refused.
type bounds struct {
	scopes      []string
	audiences   []string
	wideScope   *Error
	wrongTarget *Error
}

// clientBounds are the client's scopes and audiences. Without audiences it may
// ask for tokens for the issuer itself, whose own API then is the only one that
// takes them.
//
// A client with the refresh_token grant may ask for offline_access (OpenID Connect
// Core §11), registered or not.
func clientBounds(c storage.Client, issuer string) bounds {
	b := bounds{scopes: c.Scopes, audiences: c.Audiences, wideScope: errScopeOfClient, wrongTarget: errTargetOfClient}
	if len(b.audiences) == 0 {
		b.audiences = []string{issuer}
	}
	if contains(c.Grants, GrantRefreshToken) && !contains(c.Scopes, ScopeOfflineAccess) {
		b.scopes = append(slices.Clone(c.Scopes), ScopeOfflineAccess)
	}
	if c.Public && !AdministersByDevice(c) {
		b.scopes = without(b.scopes, []string{ScopeAdmin})
	}
	return b
}

// ownScopes returns the scopes that a client may have on its own behalf: of those that are
// restricted to roles it has the ones that somebody has given it who may still give them.
func ownScopes(c storage.Client, roles *role.Set) []string {
	return keep(c.Scopes, func(scope string) bool {
		lowest, restricted := roles.LowestRank(scope)
		return !restricted || contains(c.OwnScopes, scope) && lowest < c.OwnRank
	})
}

// sessionBounds are what the session was granted at login (RFC 6749 §6).
func sessionBounds(s storage.Session) bounds {
	return bounds{scopes: s.Scopes, audiences: s.Audience, wideScope: errScopeOfSession, wrongTarget: errTargetOfSession}
}

var (
	errScopeOfClient   = newError(InvalidScope, "a scope is unknown or this client may not ask for it")
	errTargetOfClient  = newError(InvalidTarget, "this client may not ask for that resource")
	errScopeOfSession  = newError(InvalidScope, "the scope is wider than the one granted at login")
	errTargetOfSession = newError(InvalidTarget, "the tokens of this login are not for that resource")
	errTargetForm      = newError(InvalidTarget, "the resource must be an absolute URI without fragment")
	errScopeNeedsUser  = newError(InvalidScope, "a scope needs a user, this grant has none")
)

// check refuses a request for more than the bounds.
func (b bounds) check(req *grantRequest) error {
	if wide := without(req.requested, b.scopes); len(wide) > 0 {
		return b.wideScope.Naming(wide...)
	}
	return b.checkResource(req.Resource)
}

// checkResource refuses a resource that is none of the audiences; "" is none.
func (b bounds) checkResource(resource string) error {
	if resource == "" || len(selectAudience(b.audiences, resource)) > 0 {
		return nil
	}
	if u, err := url.Parse(resource); err != nil || !u.IsAbs() || u.Fragment != "" {
		return errTargetForm.Naming(resource)
	}
	return b.wrongTarget.Naming(resource)
}

// selectAudience returns the audience that the resource names, in its registered
// spelling. A resource is an absolute URI (RFC 8707 §2); an empty path and "/"
// are the same one (RFC 3986 §6.2.3).
func selectAudience(audiences []string, resource string) []string {
	if !strings.Contains(resource, ":") {
		return nil
	}
	if contains(audiences, resource) {
		return []string{resource}
	}
	for _, a := range audiences {
		if authorization.SameResource(a, resource) {
			return []string{a}
		}
	}
	return nil
}

// checkScope makes the checks of scope and resource that need the client alone.
func (p *pipeline) checkScope(req *grantRequest) error {
	if err := clientBounds(req.client, p.issuer).check(req); err != nil {
		return err
	}
	if req.grant.policy().user {
		return nil
	}
	if wrong := intersect(req.requested, []string{ScopeOpenID, ScopeAccount, ScopeAdmin}); len(wrong) > 0 {
		return errScopeNeedsUser.Naming(wrong...)
	}
	return nil
}

// rights computes scope and audience, for every grant. Asking nothing asks for
// all that may be had. A new login is granted what it asks for; a session keeps
// what it was granted, less what its client and its user may not have any more.
func (p *pipeline) rights(ctx context.Context, req *grantRequest, who subject) (rights, error) {
	policy, client := req.grant.policy(), clientBounds(req.client, p.issuer)
	base := client
	base.scopes = req.client.Scopes // offline_access is granted to those who ask for it
	if req.requested != nil {
		base.scopes = req.requested
	}
	if policy.session {
		base = sessionBounds(*who.session)
	}
	scope, audience := intersect(base.scopes, client.scopes), intersect(base.audiences, client.audiences)
	roles, err := p.roles.Get(ctx)
	if err != nil {
		return rights{}, unavailable(err)
	}
	if policy.user {
		scope = roles.ScopesFor(who.user.Roles, scope)
	} else {
		scope = intersect(scope, ownScopes(req.client, roles))
		scope = without(scope, userScopes)
	}
	r := rights{scope: scope, audience: audience, denied: without(base.scopes, scope)}
	if policy.session {
		r.deniedAudiences = without(base.audiences, audience)
		schema, err := schemaOf(ctx, p.attributes, who.session.Claims)
		if err != nil {
			return rights{}, err
		}
		r.named = claimsWithin(who.session.Claims, client.scopes, schema)
	}
	if req.requested != nil {
		r.scope = intersect(scope, req.requested)
	}
	if req.Resource != "" {
		r.audience = selectAudience(audience, req.Resource)
	}
	return r, nil
}
