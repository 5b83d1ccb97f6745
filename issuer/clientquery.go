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
