package issuer

import (
	"context"
	"io"
	"net/netip"
	"time"

	"example.org/signet/internal/fielderror"
	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/issuer/outbox"
	"example.org/signet/issuer/password"
	"example.org/signet/issuer/role"
	"example.org/signet/issuer/status"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Store is what an issuer keeps its state in.
type Store interface {
	storage.Users
	storage.Roles
	storage.Clients
	storage.ClientUse
	storage.ClientLogos
	storage.Sessions
	storage.Codes
	storage.DeviceRequests
	storage.BrowserSessions
	storage.Consents
	storage.Factors
	storage.ScopeTexts
	storage.AttributeSchemas
	storage.Outbox
	storage.Epochs
	storage.SessionStatus
	storage.StatusLists
	storage.PendingRevocations
	storage.Revocations
	storage.RateCounters
	storage.Audit
}

// Keyring signs tokens and verifies its own.
type Keyring interface {
	// Current is the key that signs now. keys.ErrStale if there is none.
	Current() (keys.Signer, error)
	// Verify checks a token's signature against the published keys and returns
	// its payload and header. keys.ErrInvalidToken is definitive.
	Verify(ctx context.Context, token string) (payload []byte, header keys.Header, err error)
	// VerifyHint is Verify, but counts keys also after they left the published ones.
	VerifyHint(ctx context.Context, token string) (payload []byte, header keys.Header, err error)
	// Accepts tells whether a token signed by the key would pass Verify now. It reads
	// memory only.
	Accepts(kid string) bool
}

// Config is what an operator decides. Every duration is positive unless said.
type Config struct {
	Issuer          string        // the `iss` value and the prefix of every URL; no trailing slash
	AccessTokenTTL  time.Duration // life of an access and an ID token
	RefreshTokenTTL time.Duration // idle life of a session: counted from the last refresh
	SessionTTL      time.Duration // absolute life of a session
	RefreshGrace    time.Duration // window of the idempotent replay; 0 for strict single use
	CodeGrace       time.Duration // after the redemption of a code with PKCE: the code sent again ends nothing; 0 for none
	ClockSkew       time.Duration // the most that the clocks of two instances may differ
	MaxSessions     int           // living sessions of one user at one client; a login beyond them ends the oldest; 0 for no bound
	StatusTTL       time.Duration // how old a status list may get in the hands of a verifier; 0 means DefaultStatusTTL
	CacheTTL        time.Duration // how long clients and role definitions are believed; 0 for not at all
	Throttle        Throttle
	BrowserSessions BrowserSessions
	AuditRetention  time.Duration // how long audit events are kept; 0 for ever

	// OtherMasterKeys are accepted in refresh tokens and codes beside the one that makes
	// them: the next or the previous one while the master key changes.
	OtherMasterKeys []keys.MasterKey

	// EnrolWithin is how long users may put off setting up a second factor once a policy demands
	// one; 0 for not at all.
	EnrolWithin time.Duration

	// ConsoleURL is where browsers reach the console: what comes before /console, with no trailing
	// slash. "" is no console.
	ConsoleURL string

	// Name is the service as authenticator apps show it; "" for the issuer's host.
	Name string

	// Messages says how messages are delivered to clients.
	Messages Messages

	Now  func() time.Time
	Rand io.Reader
}

// Validate returns all faults at once, as a fielderror.List under the names of the
// settings.
func (c Config) Validate() error {
	var faults fielderror.List
	if _, err := ParseURL(c.Issuer); err != nil {
		faults.Addf("issuer", "%v", err)
	}
	for _, life := range []struct {
		name  string
		value time.Duration
	}{{"access-token-ttl", c.AccessTokenTTL}, {"refresh-token-ttl", c.RefreshTokenTTL}, {"session-ttl", c.SessionTTL}} {
		if life.value <= 0 {
			faults.Addf(life.name, "must be positive, is %s", life.value)
		}
	}
	if c.RefreshGrace < 0 || c.RefreshGrace > 5*time.Minute {
		faults.Addf("refresh-grace", "must lie between 0 and 5m, is %s", c.RefreshGrace)
	}
	if c.CodeGrace < 0 || c.CodeGrace > maxCodeGrace {
		faults.Addf("code-grace", "must lie between 0 and %s, is %s", maxCodeGrace, c.CodeGrace)
	}
	if c.ClockSkew < 0 {
		faults.Addf("clock-skew", "must not be negative, is %s", c.ClockSkew)
	}
	if c.MaxSessions < 0 {
		faults.Addf("max-sessions", "must not be negative, is %d", c.MaxSessions)
	}
	if c.AuditRetention < 0 || c.AuditRetention > 0 && c.AuditRetention < minAuditRetention {
		faults.Addf("audit-retention", "must be 0, for ever, or at least %s, is %s", minAuditRetention, c.AuditRetention)
	}
	if c.EnrolWithin < 0 {
		faults.Addf("enrol-within", "must not be negative, is %s", c.EnrolWithin)
	}
	c.BrowserSessions.validate(&faults)
	if c.StatusTTL != 0 && (c.StatusTTL < time.Second || c.StatusTTL > time.Hour) {
		faults.Addf("status-ttl", "must lie between 1s and 1h, is %s", c.StatusTTL)
	}
	if c.ConsoleURL != "" {
		if _, err := ParseURL(c.ConsoleURL); err != nil {
			faults.Addf("console-url", "%v", err)
		}
	}
	if c.CacheTTL < 0 {
		faults.Addf("keyring-refresh", "must not be negative, is %s", c.CacheTTL)
	}
	return faults.Err()
}

// maxCodeGrace bounds CodeGrace: a thief who redeems a code and its verifier first stays
// unnoticed for as long.
const maxCodeGrace = 10 * time.Second

// RequestInfo says where a request came from, for throttling and the audit log.
type RequestInfo struct {
	Address   netip.Addr // of the client, as far as it can be trusted
	RequestID string
	Actor     string // who does it where no token says so: "cli"

	UserAgent string // as sent; a session keeps a hint of it
	Language  string // that mails to the user are to be in, of those that there are texts in; "" where nobody says
	ClientIP  string // what the client says of its user's address, as sent; see Through

	// IfMatch are the revisions in one of which a record must be for it to be
	// changed; "*" stands for any, nil for no condition (RFC 9110 §13.1.1).
	IfMatch []string

	// Backend is the confidential client whose users all share Address; "" where
	// Address is the user's own.
	Backend string
}

// Issuer implements the endpoints of the package's doc. It is safe for concurrent use and
// keeps no state but bounded caches.
type Issuer struct {
	cfg           Config
	store         Store
	passwords     *password.Pool
	refreshTokens *refreshCodec
	codes         *codeIssuer
	devices       *deviceCodec
	clients       *clientCache
	roles         *role.Cache
	attributes    *attribute.Cache
	statusLists   *status.Lists
	auditLog      *audit.Log
	sweepClock    *sweepClock
	throttler     *Throttler
	stamps        *authorization.Sealer
	factors       *factor.Service
	policy        factorPolicy
	loops         *loopDetector
	outbox        *outbox.Worker
	mailTokens    *mailtoken.Sealer
	logout        *logoutService
	console       *Console // nil for none

	auth         *clientAuthenticator
	checker      *tokenChecker
	introspector *introspector
	revoker      *revoker
	pipeline     *pipeline
}

// New builds an issuer over its parts. The master key makes refresh tokens and authorization
// codes.
func New(cfg Config, store Store, keyring Keyring, master keys.MasterKey, passwords *password.Pool, log *audit.Log) (*Issuer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var console *Console
	if cfg.ConsoleURL != "" {
		client, secret, err := newConsoleClient(cfg)
		if err != nil {
			return nil, err
		}
		console, store = &Console{url: cfg.ConsoleURL, secret: secret}, withConsole{store, client}
	}
	secrets, err := newSecretCache(cfg.Rand)
	if err != nil {
		return nil, err
	}
	i := &Issuer{
		cfg: cfg, store: store, passwords: passwords,
		refreshTokens: newRefreshCodec(cfg.Rand, master, cfg.OtherMasterKeys...),
		clients:       newClientCache(store, cfg.CacheTTL, cfg.Now),
		roles:         role.NewCache(store, cfg.CacheTTL, cfg.Now),
		attributes:    attribute.NewCache(store, cfg.CacheTTL, cfg.Now),
		auditLog:      log,
		sweepClock:    newSweepClock(cfg.Now, store),
		throttler:     NewThrottler(cfg.Throttle, store, log, cfg.Now),
	}
	i.mailTokens = mailtoken.NewSealer(cfg.Rand, cfg.Issuer, master, cfg.OtherMasterKeys...)
	if i.outbox, err = newOutbox(cfg, store, keyring, log, i.mailTokens); err != nil {
		return nil, err
	}
	i.statusLists = newStatusLists(cfg, store, keyring, endNotifier{clients: store, outbox: i.outbox, now: i.now})
	i.codes = &codeIssuer{codes: newCodeCodec(cfg.Rand, master, cfg.OtherMasterKeys...), store: store, now: i.now}
	i.devices = newDeviceCodec(cfg.Rand, master, cfg.OtherMasterKeys...)
	i.factors = factor.New(store, keys.NewMasterKeys(master, cfg.OtherMasterKeys...), cfg.Rand, cfg.appName()).WithPasskeys(newPasskeys(cfg))
	i.policy = factorPolicy{roles: i.roles, factors: i.factors, within: cfg.EnrolWithin}
	i.stamps, i.loops = authorization.NewSealer(cfg.Rand, cfg.Issuer, master, cfg.OtherMasterKeys...), newLoopDetector()
	i.auth = &clientAuthenticator{clients: i.clients, passwords: passwords, verified: secrets, throttler: i.throttler, now: i.now}
	verified := newVerifiedTokenCache()
	i.checker = &tokenChecker{
		issuer: cfg.Issuer, store: store, keyring: keyring, clients: i.clients, roles: i.roles, statusLists: i.statusLists,
		verifiedTokens: verified, now: i.now,
	}
	i.introspector = &introspector{issuer: cfg.Issuer, checker: i.checker, refreshTokens: i.refreshTokens, idle: cfg.RefreshTokenTTL, now: i.now}
	i.revoker = &revoker{store: store, log: eventLog{log}, now: i.now}
	i.pipeline = &pipeline{
		issuer: cfg.Issuer, auth: i.auth, grants: newGrants(i), roles: i.roles, attributes: i.attributes,
		signer: &tokenSigner{issuer: cfg.Issuer, ttl: cfg.AccessTokenTTL, keyring: keyring, statusLists: i.statusLists, tokens: verified, attributes: i.attributes, rand: cfg.Rand},
	}
	i.logout = newLogoutService(i, keyring)
	if i.console = console; console != nil {
		console.issuer = i
	}
	return i, nil
}

// now is the one timestamp of a unit of work, as the store will keep it.
func (i *Issuer) now() time.Time { return storage.Time(i.cfg.Now()) }

// Factors returns the second factors of users.
func (i *Issuer) Factors() *factor.Service { return i.factors }
