package endpoints

import (
	"context"
	"io"
	"net/netip"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"example.org/signet/endpoints/pages"
	"example.org/signet/internal/document"
	"example.org/signet/internal/fielderror"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/selfservice"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Issuer is the part of [issuer.Issuer] that the endpoints use: one method an endpoint, and
// two queries about all clients.
type Issuer interface {
	tokenIssuer
	deviceAuthorizer
	introspector
	revoker
	userInfoProvider
	grantQuery
	identifier
	originRegistry
	logoProvider
	statusPublisher
	logoutHandler
}

// Admin is the part of [admin.Service] that the admin API uses.
type Admin interface {
	adminAuthorizer
	bootstrapper
}

// SelfService is the part of [selfservice.Service] that /register, /me and /account use.
type SelfService interface {
	registrar
	accountProvider
	accountUpdater
	passwordChanger
	browserSessionOwner
	consentOwner
	browserOwner
	factorOwner
	addressOwner
	linkOwner
}

var (
	_ Issuer      = (*issuer.Issuer)(nil)
	_ Admin       = (*admin.Service)(nil)
	_ SelfService = (*selfservice.Service)(nil)
)

// Store is what the readiness check uses: a ping, and a small write.
type Store interface {
	storage.Health
	ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error)
}

// Keyring publishes the signing keys and tells whether one can sign.
type Keyring interface {
	jwksProvider
	algLister
	readyChecker
}

var _ Keyring = (*keys.Manager)(nil)

// jwksProvider publishes the signing keys (RFC 7517 §5).
type jwksProvider interface {
	JWKS() document.Document
}

// Defaults of Config.
const (
	DefaultStoreTimeout = 1800 * time.Millisecond
	DefaultLoginTimeout = 10 * time.Second
	DefaultMaxInFlight  = 1024
)

// Config is what New builds from. Issuer, the parts up to Store, Metrics, Now and Rand must be
// set.
type Config struct {
	Issuer      string // the `iss` value and the prefix of every URL; no trailing slash
	Service     Issuer
	Admin       Admin
	SelfService SelfService
	SignIn      SignIn
	Keys        Keyring
	Store       Store

	// AdminMerged serves the admin API beside the public endpoints too, not
	// only by Handler.Admin.
	AdminMerged bool

	// TrustedProxies are the only peers whose X-Forwarded-For and X-Request-Id
	// count.
	TrustedProxies []netip.Prefix

	// StoreTimeout bounds the time a request spends with the issuer, so that a
	// store which hangs is reported within two seconds; 0 means
	// DefaultStoreTimeout.
	StoreTimeout time.Duration
	// LoginTimeout is the same for the password grant, which may queue for its
	// hash evaluation; the store's own timeouts bound each step inside. 0 means
	// DefaultLoginTimeout.
	LoginTimeout time.Duration
	// MaxInFlight is how many requests may be with the issuer at a time; past
	// it the answer is 503. 0 means DefaultMaxInFlight.
	MaxInFlight int
	// CacheFor is how long a registered origin is believed to be one.
	CacheFor time.Duration

	// DocsClient is the id of the client that the page at /docs offers to log in
	// with; "" for none.
	DocsClient string

	// Console signs administrators in at the console; nil is no console. ConsoleURL is where browsers
	// reach it, as in issuer.Config; ConsolePublic serves it beside the public endpoints, not only by
	// Handler.Admin.
	Console       ConsoleSignIn
	ConsoleURL    string
	ConsolePublic bool

	// Instance tells about the process; nil mounts nothing of it.
	Instance Instance

	// AccountMail is what people do about their accounts by mail; nil mounts nothing of it.
	AccountMail AccountMail

	// Pages are what people see; nil means the default look.
	Pages *pages.Pages

	Metrics *Metrics
	Log     zerolog.Logger // one event a request
	Now     func() time.Time
	Rand    io.Reader // of request ids; safe for concurrent use
}

// validate returns the issuer's URL, and all faults at once as a fielderror.List.
func (c Config) validate() (*url.URL, error) {
	var faults fielderror.List
	u, err := issuer.ParseURL(c.Issuer)
	if err != nil {
		faults.Addf("issuer", "%v", err)
	}
	for _, part := range []struct {
		name    string
		missing bool
	}{
		{"service", c.Service == nil}, {"admin", c.Admin == nil}, {"self-service", c.SelfService == nil},
		{"sign-in", c.SignIn == nil}, {"keys", c.Keys == nil}, {"store", c.Store == nil},
		{"metrics", c.Metrics == nil}, {"clock", c.Now == nil}, {"random source", c.Rand == nil},
	} {
		if part.missing {
			faults.Addf(part.name, "is missing")
		}
	}
	for _, bound := range []struct {
		name     string
		negative bool
	}{
		{"store timeout", c.StoreTimeout < 0}, {"login timeout", c.LoginTimeout < 0},
		{"requests in flight", c.MaxInFlight < 0}, {"keyring-refresh", c.CacheFor < 0},
	} {
		if bound.negative {
			faults.Addf(bound.name, "must not be negative")
		}
	}
	return u, faults.Err()
}

func (c Config) withDefaults() Config {
	if c.StoreTimeout == 0 {
		c.StoreTimeout = DefaultStoreTimeout
	}
	if c.LoginTimeout == 0 {
		c.LoginTimeout = DefaultLoginTimeout
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = DefaultMaxInFlight
	}
	return c
}
