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

var errInvalidClient = refuse(InvalidClient, "client authentication failed")

// authenticate finds out which client is calling. A refusal is never said from
// memory: the store is read again first. The answer is the same whether the
// client is unknown, disabled or its secret wrong.
func (i *Issuer) authenticate(ctx context.Context, a ClientAuth, src Source) (storage.Client, error) {
	c, cached, err := i.findClient(ctx, a.ID)
	if err != nil {
		return storage.Client{}, err
	}
	err = i.checkClient(ctx, c, a, src)
	if !cached || !errors.Is(err, errInvalidClient) {
		return c, err
	}
	fresh, gone := i.freshClient(ctx, a.ID)
	if gone != nil {
		return storage.Client{}, gone
	}
	if sameRecord(fresh, c) {
		return c, err
	}
	return fresh, i.checkClient(ctx, fresh, a, src)
}

// sameRecord tells whether nothing has changed. A client that was deleted and
// created again begins with the same version.
func sameRecord(a, b storage.Client) bool {
	return a.Version == b.Version && a.CreatedAt.Equal(b.CreatedAt)
}

func (i *Issuer) findClient(ctx context.Context, id string) (storage.Client, bool, error) {
	if id == "" {
		return storage.Client{}, false, errInvalidClient
	}
	c, cached, err := i.clients.get(ctx, id)
	return c, cached, clientError(err)
}

func (i *Issuer) freshClient(ctx context.Context, id string) (storage.Client, error) {
	c, err := i.clients.fresh(ctx, id)
	return c, clientError(err)
}

func clientError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return errInvalidClient
	}
	return unknown(err)
}

// checkClient checks the secret, or that a public client sent none
// (RFC 6749 §2.3).
func (i *Issuer) checkClient(ctx context.Context, c storage.Client, a ClientAuth, src Source) error {
	if c.Disabled || c.Public != (a.Method == AuthNone) {
		return errInvalidClient
	}
	if c.Public {
		return nil
	}
	ok, err := i.checkSecret(ctx, c, a.Secret, src)
	if err != nil {
		return err
	}
	if !ok {
		return errInvalidClient
	}
	return nil
}
