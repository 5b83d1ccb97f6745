package issuer

import (
	"context"
	"errors"

	"example.org/signet/storage"
)

// AuthMethod is how a client authenticates (RFC 7591 §2).
type AuthMethod string

// The methods that Signet takes.
const (
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
	AuthNone  AuthMethod = "none"
)

// ClientAuth is what a request says about its client.
type ClientAuth struct {
	ID     string
	Secret Secret
	Method AuthMethod
}

var errInvalidClient = newError(InvalidClient, "client authentication failed")

// authenticate finds out which client is calling. It never rejects from a
// cached record: it reads the store again first. The answer is the same whether the
// client is unknown, disabled or its secret wrong.
func (i *Issuer) authenticate(ctx context.Context, a ClientAuth, info RequestInfo) (storage.Client, error) {
	c, cached, err := i.findClient(ctx, a.ID)
	if err != nil {
		return storage.Client{}, err
	}
	err = i.checkClient(ctx, c, a, info)
	if !cached || !errors.Is(err, errInvalidClient) {
		return c, err
	}
	fresh, reloadErr := i.reloadClient(ctx, a.ID)
	if reloadErr != nil {
		return storage.Client{}, reloadErr
	}
	if sameVersion(fresh, c) {
		return c, err
	}
	return fresh, i.checkClient(ctx, fresh, a, info)
}

// sameVersion tells whether nothing has changed. A client that was deleted and
// created again begins with the same version.
func sameVersion(a, b storage.Client) bool {
	return a.Version == b.Version && a.CreatedAt.Equal(b.CreatedAt)
}

func (i *Issuer) findClient(ctx context.Context, id string) (storage.Client, bool, error) {
	if id == "" {
		return storage.Client{}, false, errInvalidClient
	}
	c, cached, err := i.clients.get(ctx, id)
	return c, cached, clientError(err)
}

func (i *Issuer) reloadClient(ctx context.Context, id string) (storage.Client, error) {
	c, err := i.clients.reload(ctx, id)
	return c, clientError(err)
}

func clientError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return errInvalidClient
	}
	return unavailable(err)
}

// checkClient checks the secret, or that a public client sent none
// (RFC 6749 §2.3).
func (i *Issuer) checkClient(ctx context.Context, c storage.Client, a ClientAuth, info RequestInfo) error {
	if c.Disabled || c.Public != (a.Method == AuthNone) {
		return errInvalidClient
	}
	if c.Public {
		return nil
	}
	ok, err := i.checkSecret(ctx, c, a.Secret, info)
	if err != nil {
		return err
	}
	if !ok {
		return errInvalidClient
	}
	return nil
}
