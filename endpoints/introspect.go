package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/issuer"
)

// introspector tells whether tokens are active.
type introspector interface {
	Introspect(ctx context.Context, r issuer.IntrospectRequest) (issuer.Introspection, error)
}

// introspectionEndpoint is RFC 7662 §2.
type introspectionEndpoint struct {
	issuer  introspector
	limiter *limiter
}

var _ endpoint = introspectionEndpoint{}

func (i introspectionEndpoint) handle(r *http.Request, e *event) (any, error) {
	f, err := readForm(r, "token")
	if err != nil {
		return nil, err
	}
	client, err := clientAuth(r, f)
	if err != nil {
		return nil, err
	}
	ctx, release, err := i.limiter.acquire(r.Context(), i.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	response, err := i.issuer.Introspect(ctx, issuer.IntrospectRequest{
		Client: client, Token: issuer.Secret(f["token"]), Info: e.source(),
	})
	e.setClient(client.ID, err)
	return response, err
}
