package upstream

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Kinds of connectors.
const (
	KindOIDC   = "oidc"
	KindGitHub = "github"
)

// Client talks to providers. It is safe for concurrent use.
type Client struct {
	http     *http.Client
	secrets  keys.KeyWrapper
	rand     io.Reader
	now      func() time.Time
	redirect func(connectorID string) string

	mu      sync.Mutex
	known   map[string]knownProvider // by id of the connector
	waiting map[string]int           // requests that wait for the provider, likewise
}

// Config is what a client works with.
type Config struct {
	HTTP    *http.Client    // of package safehttp
	Secrets keys.KeyWrapper // seals the secrets of connectors
	Rand    io.Reader
	Now     func() time.Time

	// Redirect returns the redirect URI of a connector. Each has its own, so that the answer of
	// one provider is never taken for that of another.
	Redirect func(connectorID string) string
}

// New returns a client.
func New(cfg Config) *Client {
	h := *cfg.HTTP
	h.Transport = bounded{cfg.HTTP.Transport}
	return &Client{
		http: &h, secrets: cfg.Secrets, rand: cfg.Rand, now: cfg.Now, redirect: cfg.Redirect,
		known: map[string]knownProvider{}, waiting: map[string]int{},
	}
}

// RedirectURI returns the redirect URI of a connector, which is registered at its provider.
func (c *Client) RedirectURI(connectorID string) string { return c.redirect(connectorID) }

// Ask is what the provider is asked for beyond the usual.
type Ask struct {
	State     string
	LoginHint string
	Fresh     bool   // the person is to prove who they are again, whatever session they have there
	MaxAge    *int64 // in seconds; nil for none
	Locales   string
}

// Response is what the browser brought back to the redirect URI (RFC 6749 §4.1.2, RFC 9207).
type Response struct {
	Code   string
	Error  string
	Issuer string
}

// provider is one kind of provider.
type provider interface {
	// authURL returns where the browser goes.
	authURL(p Proof, ask Ask) string

	// identify redeems the code and returns who has signed in.
	identify(ctx context.Context, p Proof, r Response) (Identity, error)
}

// Begin returns the URL at the provider that the browser is sent to. Errors are *Error but where
// the context has ended.
func (c *Client) Begin(ctx context.Context, conn storage.Connector, p Proof, ask Ask) (string, error) {
	leave, err := c.enter(conn.ID)
	if err != nil {
		return "", err
	}
	defer leave()
	up, err := c.provider(ctx, conn)
	if err != nil {
		return "", err
	}
	return up.authURL(p, ask), nil
}

// Finish returns who has signed in. Errors are *Error but where the context has ended.
func (c *Client) Finish(ctx context.Context, conn storage.Connector, p Proof, ask Ask, r Response) (Identity, error) {
	if r.Error != "" {
		return Identity{}, responseError(r.Error)
	}
	if r.Code == "" {
		return Identity{}, rejected("the response has neither a code nor an error")
	}
	leave, err := c.enter(conn.ID)
	if err != nil {
		return Identity{}, err
	}
	defer leave()
	up, err := c.provider(ctx, conn)
	if err != nil {
		return Identity{}, err
	}
	who, err := up.identify(c.context(ctx), p, r)
	if err != nil {
		return Identity{}, err
	}
	if ask.MaxAge != nil && !who.AuthTime.IsZero() && c.now().Sub(who.AuthTime) > time.Duration(*ask.MaxAge)*time.Second+leeway {
		return Identity{}, &Error{Problem: ProblemNotFresh, Reason: "the person has signed in there longer ago than was asked for"}
	}
	return who, nil
}

// maxWaiting bounds the requests that wait for one provider at a time. Each has a place among all
// requests of the issuer: else a provider that never answers would take them all. A provider that
// answers in a quarter of a second signs in more than a hundred people a second.
const maxWaiting = 32

// enter takes a place among the requests that wait for the provider of a connector; leave gives it
// back.
func (c *Client) enter(connectorID string) (leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[connectorID] >= maxWaiting {
		return nil, &Error{Problem: ProblemUnavailable, Reason: "too many sign-ins wait for the provider"}
	}
	c.waiting[connectorID]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.waiting[connectorID]--; c.waiting[connectorID] <= 0 {
			delete(c.waiting, connectorID)
		}
	}, nil
}

// leeway is how far the provider's clock may be off.
const leeway = time.Minute

// responseError is an error of the authorization endpoint (RFC 6749 §4.1.2.1).
func responseError(code string) error {
	reason := "the authorization endpoint answered with " + knownCode(code)
	switch code {
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return &Error{Problem: ProblemDenied, Reason: reason}
	case "server_error", "temporarily_unavailable":
		return &Error{Problem: ProblemUnavailable, Reason: reason}
	}
	return &Error{Problem: ProblemMisconfigured, Reason: reason}
}

// context makes the libraries use the client's way of talking.
func (c *Client) context(ctx context.Context) context.Context {
	return context.WithValue(oidc.ClientContext(ctx, c.http), oauth2.HTTPClient, c.http)
}

// knownProvider is what was read of a provider. A connector that was changed is read anew.
type knownProvider struct {
	provider provider
	failed   error // why there is none
	issuer   string
	version  int64
	created  time.Time
	until    time.Time
}

// providerTTL is how long the metadata of a provider is believed. Its keys are fetched anew
// whenever a token names one that is not known.
const providerTTL = time.Hour

// failureTTL is how long nobody asks again a provider that could not be reached: else everybody who
// presses the button waits, and takes a place from others.
const failureTTL = 5 * time.Second

// maxKnown bounds the providers that are remembered: more connectors than anybody has.
const maxKnown = 256

// provider returns the provider of a connector. What cannot be read is not asked for again for a moment.
func (c *Client) provider(ctx context.Context, conn storage.Connector) (provider, error) {
	c.mu.Lock()
	k, ok := c.known[conn.ID]
	c.mu.Unlock()
	if ok && k.version == conn.Version && k.created.Equal(conn.CreatedAt) && k.issuer == conn.Issuer && c.now().Before(k.until) {
		return k.provider, k.failed
	}
	secret, err := c.openSecret(ctx, conn)
	if err != nil {
		return nil, err
	}
	var up provider
	if conn.Kind == KindGitHub {
		up = newGitHub(c, conn, secret)
	} else if up, err = newOIDC(ctx, c, conn, secret); err != nil {
		var failed *Error
		if errors.As(err, &failed) && failed.Problem == ProblemUnavailable {
			c.remember(conn, knownProvider{failed: err}, failureTTL)
		}
		return nil, err
	}
	c.remember(conn, knownProvider{provider: up}, providerTTL)
	return up, nil
}

func (c *Client) remember(conn storage.Connector, k knownProvider, ttl time.Duration) {
	k.issuer, k.version, k.created, k.until = conn.Issuer, conn.Version, conn.CreatedAt, c.now().Add(ttl)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known)
	}
	c.known[conn.ID] = k
}

// secretData binds a sealed secret to its connector, and to the provider that it is sent to.
func secretData(conn storage.Connector) []byte {
	return []byte(strings.Join([]string{"connector secret v1", conn.ID, conn.Issuer, conn.ClientID}, "\x00"))
}

// SealSecret seals the secret of a connector. It must be sealed again where the connector's
// issuer or client changes.
func (c *Client) SealSecret(ctx context.Context, conn storage.Connector, secret string) (string, error) {
	sealed, err := c.secrets.Seal(ctx, c.rand, []byte(secret), secretData(conn))
	if err != nil {
		return "", fmt.Errorf("seal the secret of a connector: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(sealed), nil
}

func (c *Client) openSecret(ctx context.Context, conn storage.Connector) (string, error) {
	if conn.SealedSecret == "" {
		return "", nil
	}
	sealed, err := base64.RawStdEncoding.DecodeString(conn.SealedSecret)
	var plain []byte
	if err == nil {
		plain, err = c.secrets.Open(ctx, sealed, secretData(conn))
	}
	switch {
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, context.Canceled):
		return "", err
	case err != nil:
		return "", &Error{Problem: ProblemMisconfigured, Reason: "the secret of connector " + conn.ID + " cannot be opened", cause: err}
	}
	return string(plain), nil
}

// ResealSecret returns the connector with its secret under the newest master key, and whether
// that is a change.
func (c *Client) ResealSecret(ctx context.Context, conn storage.Connector) (storage.Connector, bool, error) {
	if conn.SealedSecret == "" {
		return conn, false, nil
	}
	if sealed, err := base64.RawStdEncoding.DecodeString(conn.SealedSecret); err == nil && c.secrets.IsCurrent(sealed) {
		return conn, false, nil
	}
	secret, err := c.openSecret(ctx, conn)
	if err == nil {
		conn.SealedSecret, err = c.SealSecret(ctx, conn, secret)
	}
	return conn, err == nil, err
}
