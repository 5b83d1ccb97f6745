package issuer

import (
	"context"
	"slices"
)

// clientCredentialsGrant lets a client act on its own behalf (RFC 6749 §4.4).
// It reads and writes nothing: there is no session and no refresh token
// (§4.4.3).
type clientCredentialsGrant struct{ *Issuer }

var _ grant = clientCredentialsGrant{}

func (g clientCredentialsGrant) authorize(_ context.Context, req *grantRequest) (grantResult, error) {
	if req.client.Public {
		return grantResult{}, newError(UnauthorizedClient, "a public client may not use this grant type")
	}
	// OpenID Connect is about users; there is none here.
	if contains(req.requested, ScopeOpenID) {
		return grantResult{}, newError(InvalidScope, "openid needs a user, this grant has none")
	}
	scope := slices.DeleteFunc(slices.Clone(req.scope), func(s string) bool { return s == ScopeOpenID })
	return grantResult{scope: scope, audience: req.audience}, nil
}
