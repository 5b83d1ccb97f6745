package issuer

import (
	"context"
)

// PasswordGrantInUse tells whether some enabled client may use the password grant: discovery
// names it only then.
func (i *Issuer) PasswordGrantInUse(ctx context.Context) (bool, error) {
	used, err := i.store.AnyClient(ctx, GrantPassword)
	return used, StoreError(err)
}

// AttributeClaims returns the claims that the operator's attributes become, and the scopes that
// give them, sorted.
func (i *Issuer) AttributeClaims(ctx context.Context) (claims, scopes []string, err error) {
	schema, err := i.attributes.Get(ctx)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	claims, scopes = schema.ClaimNames()
	return claims, scopes, nil
}
