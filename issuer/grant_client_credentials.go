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

func (g clientCredentialsGrant) authorize(_ context.Context, x *exchange) (authorization, error) {
	if x.client.Public {
		return authorization{}, refuse(UnauthorizedClient, "a public client may not use this grant type")
	}
	// OpenID Connect is about users; there is none here.
	if contains(x.asked, ScopeOpenID) {
		return authorization{}, refuse(InvalidScope, "openid needs a user, this grant has none")
	}
	scope := slices.DeleteFunc(slices.Clone(x.scope), func(s string) bool { return s == ScopeOpenID })
	return authorization{scope: scope, audience: x.audience}, nil
}
