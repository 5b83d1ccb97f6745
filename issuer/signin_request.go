package issuer

import (
	"context"
	"errors"

	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// requestReader validates authorization requests by the clients and keys that there are.
type requestReader struct {
	issuer  string
	clients *clientCache
	stamps  *authorization.Sealer
	hints   hintVerifier
	devices deviceApprovals
}

// errDisabled makes clientCache.check read a disabled client again.
var errDisabled = errors.New("the client is disabled")

// read validates the request. A client that is remembered is read again before the
// request is refused.
func (r requestReader) read(ctx context.Context, v *visit) error {
	params, refusal := authorization.ParseQuery(v.in.Query)
	if refusal != nil {
		v.refusal = refusal
		return nil
	}
	if params.ForDevice() {
		return r.readDevice(ctx, v, params)
	}
	client, refused, err := authorization.CheckClient(params, func(id string) (client storage.Client, err error) {
		err = r.clients.check(ctx, id, func(c storage.Client) error {
			client = c
			if c.Disabled {
				return errDisabled
			}
			bounds := clientBounds(c, r.issuer)
			v.request, refusal = params.Request(c, authorization.Bounds{Scopes: bounds.scopes, Audiences: bounds.audiences})
			if refusal != nil {
				return refusal
			}
			return nil
		})
		if errors.Is(err, errDisabled) || refusal != nil && errors.Is(err, refusal) {
			err = nil
		}
		return client, err
	})
	if err != nil {
		return err
	}
	v.client, v.refusal = client, refusal
	if refused != nil {
		v.refusal = refused
	}
	if v.refusal != nil {
		return nil
	}
	v.sealed, v.stamp = params.Stamp(), r.stamps.Open(params.Stamp())
	return r.readHint(ctx, v)
}

// readHint checks the id_token_hint (OpenID Connect Core §3.1.2.1): it must be one of this
// client.
func (r requestReader) readHint(ctx context.Context, v *visit) error {
	token := v.request.IDTokenHint
	if token == "" {
		return nil
	}
	hint, ok, err := r.hints.verify(ctx, token)
	if err != nil {
		return err
	}
	if !ok || !contains(hint.Audience, v.client.ID) {
		v.refusal = v.request.Refuse(authorization.InvalidRequest, "id_token_hint", "the id_token_hint is not an ID token of this issuer for this client")
		return nil
	}
	v.hint = hint.Subject
	return nil
}
