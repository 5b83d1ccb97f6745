package issuer

import (
	"context"

	"example.org/signet/storage"
)

// ClientLogo returns the logo of an enabled client, where it is the one that the client names.
// storage.ErrNotFound for none; *Error with Unavailable where that is not known.
func (i *Issuer) ClientLogo(ctx context.Context, clientID string) (storage.ClientLogo, error) {
	var logo storage.ClientLogo
	err := i.clients.check(ctx, clientID, func(c storage.Client) (err error) {
		if c.Disabled || c.LogoURI == "" {
			return storage.ErrNotFound
		}
		logo, err = i.store.ClientLogo(ctx, clientID)
		switch {
		case err != nil:
			return StoreError(err)
		case logo.SourceURI != c.LogoURI: // of an earlier setting, or of an earlier client of that id
			return storage.ErrNotFound
		}
		return nil
	})
	if err != nil {
		return storage.ClientLogo{}, err
	}
	return logo, nil
}
