package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/issuer"
)

// revoker ends tokens.
type revoker interface {
	Revoke(ctx context.Context, r issuer.RevokeRequest) error
}

// revocationEndpoint is RFC 7009 §2.
type revocationEndpoint struct {
	issuer  revoker
	limiter *limiter
}

var _ endpoint = revocationEndpoint{}

// handle returns an empty JSON object: some clients require JSON, although
// RFC 7009 §2.2 says that they ignore the body.
func (v revocationEndpoint) handle(r *http.Request, e *event) (any, error) {
	f, err := readForm(r, "token")
	if err != nil {
		return nil, err
	}
	client, err := clientAuth(r, f)
	if err != nil {
		return nil, err
	}
	ctx, release, err := v.limiter.acquire(r.Context(), v.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	err = v.issuer.Revoke(ctx, issuer.RevokeRequest{
		Client: client, Token: issuer.Secret(f["token"]), Info: e.source(),
	})
	e.setClient(client.ID, err)
	return struct{}{}, err
}
