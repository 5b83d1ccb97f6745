package issuer

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sync/singleflight"

	"example.org/signet/issuer/password"
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

// Causes of a refused client authentication, for the log only.
var (
	errNoClientID     = errors.New("no client id sent")
	errUnknownClient  = errors.New("unknown client")
	errClientDisabled = errors.New("the client is disabled")
	errPublicSecret   = errors.New("public client sent a secret")
	errNoSecret       = errors.New("no secret sent")
	errWrongSecret    = errors.New("wrong secret")
	errOtherMethod    = errors.New("the client is bound to another authentication method")
	errPublicClient   = errors.New("public clients may not do this")
)

// invalidClient refuses a client. What the client is shown is the same for every cause;
// id is that of the stored client, "" where there is none.
func invalidClient(id string, cause error) *Error {
	return &Error{Code: InvalidClient, Description: "client authentication failed", ClientID: id, Cause: cause}
}

// clientAuthenticator authenticates clients by their secrets.
type clientAuthenticator struct {
	clients   *clientCache
	passwords *password.Pool // hashes short secrets that an administrator chose
	verified  *secretCache
	throttler *Throttler
	checks    singleflight.Group // of slowly hashed secrets, under way
	now       func() time.Time
}

// AuthenticateClient returns the client whose credentials the request has. The *Error is
// the same whether the client is unknown or disabled or the secret is wrong.
func (i *Issuer) AuthenticateClient(ctx context.Context, a ClientAuth, info RequestInfo) (storage.Client, error) {
	return i.auth.authenticate(ctx, a, info)
}

func (ca *clientAuthenticator) authenticate(ctx context.Context, a ClientAuth, info RequestInfo) (storage.Client, error) {
	return ca.authenticateFor(ctx, a, info, func(storage.Client) error { return nil })
}

// authenticateFor is authenticate, and judges the same record of the client by
// what it asks for.
func (ca *clientAuthenticator) authenticateFor(ctx context.Context, a ClientAuth, info RequestInfo, judge func(storage.Client) error) (storage.Client, error) {
	if a.ID == "" {
		return storage.Client{}, invalidClient("", errNoClientID)
	}
	var client storage.Client
	err := ca.clients.check(ctx, a.ID, func(record storage.Client) error {
		if err := ca.proves(ctx, record, a, info); err != nil {
			return err
		}
		client = record
		return judge(record)
	})
	if errors.Is(err, storage.ErrNotFound) {
		err = invalidClient("", errUnknownClient)
	}
	return client, err
}

var errClientIP = newError(InvalidRequest, "Signet-Client-IP is not one IP address")

// Through is what is known of a user whose client was authenticated. A confidential
// client that may do so names the user's address; of others the header is ignored.
func (s RequestInfo) Through(c storage.Client) (RequestInfo, error) {
	switch {
	case c.Public:
		return s, nil
	case !c.TrustClientIP || s.ClientIP == "":
		s.Backend = c.ID
		return s, nil
	}
	a, err := netip.ParseAddr(s.ClientIP)
	if err != nil || a.Zone() != "" {
		return s, errClientIP
	}
	s.Address = a.Unmap()
	return s, nil
}

// Backend returns the id of a confidential client, and "" for a public one.
func (i *Issuer) Backend(ctx context.Context, clientID string) (backend string, err error) {
	err = i.clients.check(ctx, clientID, func(c storage.Client) error {
		if backend = ""; !c.Public {
			backend = c.ID
		}
		return nil
	})
	if errors.Is(err, storage.ErrNotFound) {
		err = nil
	}
	return backend, err
}

// proves checks the secret. A public client must send none (RFC 6749 §2.3).
func (ca *clientAuthenticator) proves(ctx context.Context, client storage.Client, a ClientAuth, info RequestInfo) error {
	switch {
	case client.Disabled:
		return invalidClient(client.ID, errClientDisabled)
	case client.Public && a.Method != AuthNone:
		return invalidClient(client.ID, errPublicSecret)
	case client.Public:
		return nil
	case a.Method == AuthNone:
		return invalidClient(client.ID, errNoSecret)
	case client.AuthMethod != "" && client.AuthMethod != string(a.Method):
		return invalidClient(client.ID, errOtherMethod)
	}
	ok, err := ca.checkSecret(ctx, client, a.Secret, info)
	if err != nil {
		return err
	}
	if !ok {
		return invalidClient(client.ID, errWrongSecret)
	}
	return nil
}
