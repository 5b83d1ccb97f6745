package issuer

import (
	"context"
	"time"
)

// clientCredentialsGrant lets a client act on its own behalf (RFC 6749 §4.4).
// It reads and writes nothing: there is no session and no refresh token
// (§4.4.3).
type clientCredentialsGrant struct{ now func() time.Time }

var _ grant = clientCredentialsGrant{}

func newClientCredentialsGrant(i *Issuer) grant { return clientCredentialsGrant{i.now} }

func (clientCredentialsGrant) policy() scopePolicy { return scopePolicy{} }

func (clientCredentialsGrant) identify(_ context.Context, req *grantRequest) (subject, error) {
	if req.client.Public {
		return subject{}, newError(UnauthorizedClient, "a public client may not use this grant type")
	}
	return subject{}, nil
}

func (g clientCredentialsGrant) complete(_ context.Context, _ *grantRequest, _ subject, r rights) (grantResult, error) {
	return grantResult{issuedAt: g.now(), rights: r}, nil
}
