// Package selfservice is what people do about their own account: create it, show and change it,
// see and end its sessions, take consents back. Who asks is the [issuer.Principal] of an access
// token or, on the account page, of a browser session; records are changed by package admin's
// [admin.Owner], in the same loop as administrators change them.
package selfservice

import (
	"context"
	"time"

	"example.org/signet/internal/fielderror"
	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// RegistrationPolicy says who may create an account for themselves.
type RegistrationPolicy string

// The policies.
const (
	RegistrationClosed RegistrationPolicy = "closed" // nobody
	RegistrationClient RegistrationPolicy = "client" // people, through a client that proves itself by its secret
	RegistrationOpen   RegistrationPolicy = "open"   // anybody
)

// Config is what an operator decides.
type Config struct {
	Registration RegistrationPolicy // empty means RegistrationClosed
}

// Validate returns all faults at once, as a fielderror.List under the names of the settings.
func (c Config) Validate() error {
	var faults fielderror.List
	switch c.Registration {
	case "", RegistrationClosed, RegistrationClient, RegistrationOpen:
	default:
		faults.Addf("registration", "%q is none of %s, %s, %s", c.Registration, RegistrationClosed, RegistrationClient, RegistrationOpen)
	}
	return faults.Err()
}

// TokenIssuer authenticates the client of a registration and issues the first tokens.
type TokenIssuer interface {
	AuthenticateClient(ctx context.Context, a issuer.ClientAuth, info issuer.RequestInfo) (storage.Client, error)
	CheckLogin(ctx context.Context, r issuer.TokenRequest) (*issuer.CheckedLogin, error)
	Backend(ctx context.Context, clientID string) (string, error)
	LogIn(ctx context.Context, c *issuer.CheckedLogin, u storage.User) (issuer.TokenResponse, error)
}

var _ TokenIssuer = (*issuer.Issuer)(nil)

// Accounts creates and changes the accounts.
type Accounts interface {
	Register(ctx context.Context, n admin.NewUser, clientID string, info issuer.RequestInfo) (storage.User, error)
	Owner(u storage.User, session string, info issuer.RequestInfo) *admin.Owner
}

var _ Accounts = (*admin.Service)(nil)

// Parts are what self-service works with. All must be set but Mail.
type Parts struct {
	Tokens    TokenIssuer
	Accounts  Accounts
	Browsers  Browsers
	Factors   Factors
	Mail      Mail // nil sends none
	Passwords *password.Pool
	Audit     *audit.Log
	Throttler *issuer.Throttler
	Now       func() time.Time
}

// Service is safe for concurrent use.
type Service struct {
	policy    RegistrationPolicy
	tokens    TokenIssuer
	accounts  Accounts
	browsers  Browsers
	factors   Factors
	mail      Mail
	passwords *password.Pool
	log       *audit.Log
	throttler *issuer.Throttler
	clock     func() time.Time
}

// New builds self-service over its parts.
func New(cfg Config, p Parts) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Service{
		policy: cfg.Registration, tokens: p.Tokens, accounts: p.Accounts, browsers: p.Browsers, passwords: p.Passwords, log: p.Audit, throttler: p.Throttler,
		factors: p.Factors, mail: p.Mail, clock: p.Now,
	}, nil
}
