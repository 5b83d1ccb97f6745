package admin

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/password"
	"example.org/signet/issuer/role"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Store is what the administration reads and writes.
type Store interface {
	storage.Users
	storage.Roles
	storage.Clients
	storage.ClientLogos
	storage.ScopeTexts
	storage.AttributeSchemas
	storage.Connectors
	storage.UserLinks
	storage.Consents
	storage.BrowserSessions
	storage.SharedSets
	storage.Sessions
	storage.Epochs
	storage.PendingRevocations
	storage.SessionStatus
	storage.Audit
}

// Caches hold clients, roles and the schema of attributes for seconds. This process forgets what it changed at once;
// others notice when their entries expire.
type Caches interface {
	InvalidateClient(id string)
	InvalidateRoles()
	InvalidateAttributes()
}

// Config is what an operator decides.
type Config struct {
	Issuer          string        // the `iss` value: no password may be derived from it
	RefreshTokenTTL time.Duration // idle life of a session
	BootstrapSecret issuer.Secret // lets whoever has it make the first super_admin; empty means nobody

	Now  func() time.Time
	Rand io.Reader
}

// Parts are what the administration works with. All must be set but Caches, Keys, Fetch and Notifier.
type Parts struct {
	Store     Store
	Passwords *password.Pool
	Audit     *audit.Log
	Throttler *issuer.Throttler
	Caches    Caches        // nil where nothing is cached: the command line
	Keys      *keys.Manager // nil where Admin.Keys is not used
	Factors   *factor.Service
	Fetch     Fetcher  // gets the logos of clients; nil refuses to
	Notifier  Notifier // nil tells users nothing

	Connectors ConnectorSecrets // nil where Admin.Connectors is not used
}

// Notifier tells users of changes of their accounts.
type Notifier interface {
	// Changing is called before a change of a user is written, and again where the write lost a
	// race. What it tells must be told only where the change is made.
	Changing(ctx context.Context, before, after storage.User, info issuer.RequestInfo) error

	// FactorRemoved is called after second factors of a user were removed.
	FactorRemoved(ctx context.Context, u storage.User, info issuer.RequestInfo) error
}

// Service returns administrations for an actor: see As and Operator. It is safe for concurrent
// use.
type Service struct {
	cfg       Config
	store     Store
	passwords *password.Pool
	accounts  accounts
	log       *audit.Log
	throttler *issuer.Throttler
	caches    Caches
	keys      *keys.Manager
	fetch     Fetcher
	notifier  Notifier
	browsers  *issuer.BrowserAccounts
	factors   *factor.Service
	reducer   *issuer.RightsReducer
	verifier  auditVerifier

	connectorSecrets ConnectorSecrets
}

// New builds the administration over its parts.
func New(cfg Config, p Parts) *Service {
	if p.Caches == nil {
		p.Caches = noCaches{}
	}
	s := &Service{cfg: cfg, store: p.Store, passwords: p.Passwords, log: p.Audit, throttler: p.Throttler, caches: p.Caches, keys: p.Keys, fetch: p.Fetch, factors: p.Factors, notifier: p.Notifier, connectorSecrets: p.Connectors}
	s.reducer = issuer.NewRightsReducer(p.Store, cfg.Issuer, cfg.Now)
	s.browsers = issuer.NewBrowserAccounts(p.Store, p.Audit, s.now)
	s.accounts = accounts{issuer: cfg.Issuer, store: p.Store, passwords: p.Passwords, now: s.now, rand: cfg.Rand, factors: p.Factors}
	return s
}

type noCaches struct{}

func (noCaches) InvalidateClient(string) {}
func (noCaches) InvalidateRoles()        {}
func (noCaches) InvalidateAttributes()   {}

// now is the one timestamp of a unit of work, as the store will keep it.
func (s *Service) now() time.Time { return storage.Time(s.cfg.Now()) }

// As admits a user who holds the role admin or super_admin. The roles are read from the store.
func (s *Service) As(ctx context.Context, p *issuer.Principal, info issuer.RequestInfo) (*Admin, error) {
	roles, err := s.store.ListRoles(ctx)
	if err != nil {
		return nil, issuer.OutcomeUnknown(err)
	}
	u, set := p.User(), role.NewSet(roles)
	a := administrator{user: u, session: p.SessionID(), roles: set, rank: set.Rank(u.Roles...), superAdmin: slices.Contains(u.Roles, role.SuperAdmin)}
	if !a.superAdmin && !slices.Contains(u.Roles, role.Admin) {
		return nil, errAdminRequired
	}
	info.Actor = u.ID
	return &Admin{service: s, actor: a, info: info}, nil
}

// checkAdmitted refuses an administrator who was shut out since the request was let in. It is
// for changes that wait for a password to be hashed, which may take seconds.
func (a *Admin) checkAdmitted(ctx context.Context) error {
	who, ok := a.actor.(administrator)
	if !ok {
		return nil
	}
	u, err := a.service.store.User(ctx, who.user.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errTokenEnded
	case err != nil:
		return issuer.StoreError(err)
	case lost(who.user.Roles, u.Roles):
		return errTokenEnded
	}
	return checkSession(who.user, u, who.session)
}

// checkSession refuses where the sessions of a user have ended since they were as before. The
// session that asks may have been kept, which is for the next request to find out.
func checkSession(before, now storage.User, session string) error {
	switch {
	case now.Disabled:
		return errTokenEnded
	case now.Epoch == before.Epoch:
		return nil
	case session != "" && now.KeptSession == session:
		return ErrConcurrentUpdate
	}
	return errTokenEnded
}

// Operator returns the administration of the command line: unrestricted, and audited under
// info.Actor.
func (s *Service) Operator(info issuer.RequestInfo) *Admin {
	return &Admin{service: s, actor: operator{}, info: info}
}

// Admin is the administration with the rights of one administrator or operator, for one request.
type Admin struct {
	service *Service
	actor   actor
	info    issuer.RequestInfo
}

// AllowNoSuperAdmin returns an Admin that may leave nobody who holds super_admin. Only an
// operator may: the answer is otherwise the same Admin.
func (a *Admin) AllowNoSuperAdmin() *Admin {
	if _, ok := a.actor.(operator); !ok {
		return a
	}
	return &Admin{service: a.service, actor: operator{allowNoSuperAdmin: true}, info: a.info}
}

// RequireSuperAdmin refuses whoever is neither a super_admin nor an operator.
func (a *Admin) RequireSuperAdmin() error { return a.actor.mayDoEverything() }

// Users returns the operations on users.
func (a *Admin) Users() Users { return Users{a} }

// Browsers returns the operations on the browser sessions and consents of users.
func (a *Admin) Browsers() Browsers { return Browsers{a} }

// Factors returns the operations on the second factors of users.
func (a *Admin) Factors() Factors { return Factors{a} }

// Roles returns the operations on roles.
func (a *Admin) Roles() Roles { return Roles{a} }

// Clients returns the operations on clients.
func (a *Admin) Clients() Clients { return Clients{a} }

// Scopes returns the operations on the texts of scopes.
func (a *Admin) Scopes() Scopes { return Scopes{a} }

// Attributes returns the operations on the definitions of attributes.
func (a *Admin) Attributes() Attributes { return Attributes{a} }

// Sessions returns the operations on sessions.
func (a *Admin) Sessions() Sessions { return Sessions{a} }

// Audit returns the operations on the audit log.
func (a *Admin) Audit() Audit { return Audit{a} }

// Keys returns the operations on the signing keys.
func (a *Admin) Keys() Keys { return Keys{a} }

// unavailableOrNil turns an error after a change was made into issuer.Unavailable: part of it
// is done. nil stays nil.
func unavailableOrNil(err error) error {
	if err == nil {
		return nil
	}
	return issuer.OutcomeUnknown(err)
}

// isUnknown tells whether err means outcome unknown.
func isUnknown(err error) bool {
	var e *issuer.Error
	return errors.Is(err, storage.ErrUnavailable) || errors.As(err, &e) && e.Code == issuer.Unavailable
}
