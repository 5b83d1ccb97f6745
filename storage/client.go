package storage

import (
	"context"
	"time"
)

// Client is a program that asks for tokens, or an API that introspects them.
type Client struct {
	ID         string
	Name       string
	Public     bool   // has no secret
	SecretHash string // "" for none: then nothing matches

	// OldSecretHash is of the secret before, which works until OldSecretUntil.
	OldSecretHash  string
	OldSecretUntil time.Time

	Grants []string // grant types as RFC 6749 spells them
	Scopes []string // what it may ask for

	// OwnScopes are those of Scopes that were restricted to roles when somebody who may give
	// them last set the client's scopes: of the restricted ones it has these on its own behalf.
	OwnScopes []string
	OwnRank   int64 // of who gave them: roles from this rank on restrict the scopes anew

	Audiences []string // audiences its tokens may have (RFC 8707 resources); the default is all of them
	Resources []string // audiences it answers for: it may introspect tokens addressed to them
	Origins   []string // browser origins that may call the token endpoint (CORS)

	IDTokenOnRefresh bool // a refresh of an `openid` session carries an ID token too
	TrustClientIP    bool // the client names its users' addresses, for throttling and the audit log
	Disabled         bool

	// Sign-in in a browser.
	RedirectURIs           []string // absolute; compared byte for byte but for a loopback port
	PostLogoutRedirectURIs []string
	BackchannelLogoutURI   string // "" for none
	BackchannelSession     bool   // backchannel_logout_session_required
	InitiateLoginURI       string // OpenID Connect Core §4; "" for none
	PKCEOptional           bool   // a confidential client may do without a code challenge
	LocalhostPorts         bool   // a redirect URI on localhost matches on any port
	Consent                string // "never", "once" or "always"; "" means never
	AuthMethod             string // the one it uses: client_secret_basic, client_secret_post, none; "" for any
	DefaultMaxAge          *int64 // seconds; nil for none
	RequireAuthTime        bool
	Authentication         string // what people must sign in to it with: "mfa", or "" for a password alone

	// PasswordGrantWithoutMFA: the password grant takes users too who have a second factor, or must
	// have one. It is a way round the factor.
	PasswordGrantWithoutMFA bool

	// What people are shown of it.
	HomeURI   string
	LogoURI   string // where its logo was fetched from; it is served from ClientLogo
	PolicyURI string
	TermsURI  string
	Contacts  []string

	// Epoch counts the changes that end every session of the client. A session
	// is alive only while its ClientEpoch equals it.
	Epoch     int64
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ClientPage is one page of clients, ordered by ID.
type ClientPage struct {
	Clients []Client
	Next    string
}

// Clients holds the clients.
type Clients interface {
	// CreateClient inserts c with Version 1; *DuplicateError "client_id".
	CreateClient(ctx context.Context, c Client) error

	// Client returns the client. ErrNotFound.
	Client(ctx context.Context, id string) (Client, error)

	// UpdateClient replaces the record where its version still is c.Version
	// and stores it with Version+1. ErrConflict, ErrNotFound.
	UpdateClient(ctx context.Context, c Client) (Client, error)

	// DeleteClient removes the client where the version still is the given one, 0
	// standing for any. ErrConflict if the version moved on, ErrNotFound.
	DeleteClient(ctx context.Context, id string, version int64) error

	// ListClients returns one page, ordered by id.
	ListClients(ctx context.Context, p Page) (ClientPage, error)
}

// ClientUse answers questions about the enabled clients as a whole.
type ClientUse interface {
	// AnyClient tells whether an enabled client has the grant.
	AnyClient(ctx context.Context, grant string) (bool, error)

	// ClientOrigins returns the browser origins that enabled clients name, each
	// once and in any order. It reads all clients: keep what it returns.
	ClientOrigins(ctx context.Context) ([]string, error)
}

// ClientLogo is the picture of a client, fetched once and served from here.
type ClientLogo struct {
	ClientID  string
	Type      string // image/png, image/jpeg, image/webp or image/gif
	Data      []byte // at most MaxLogo bytes
	SourceURI string // where it was fetched from
	UpdatedAt time.Time
}

// MaxLogo bounds a logo, in bytes.
const MaxLogo = 64 << 10

// ClientLogoPage is one page of logos, ordered by ClientID.
type ClientLogoPage struct {
	Logos []ClientLogo
	Next  string
}

// ClientLogos holds the logos.
type ClientLogos interface {
	// PutClientLogo inserts or replaces the logo of its client.
	PutClientLogo(ctx context.Context, l ClientLogo) error

	// ClientLogo returns the logo. ErrNotFound.
	ClientLogo(ctx context.Context, clientID string) (ClientLogo, error)

	// DeleteClientLogo removes it; where there is none nothing happens.
	DeleteClientLogo(ctx context.Context, clientID string) error

	// ListClientLogos returns one page, ordered by client.
	ListClientLogos(ctx context.Context, p Page) (ClientLogoPage, error)
}
