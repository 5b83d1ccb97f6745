package storage

import (
	"context"
	"time"
)

// Revocation is one token that [Revocations] remembers.
type Revocation struct {
	JTI       string
	ExpiresAt time.Time
}

// RevocationPage is one page of revocations, ordered by JTI.
type RevocationPage struct {
	Revocations []Revocation
	Next        string
}

// Snapshot is what a backup reads of a store.
type Snapshot interface {
	AccountListings
	StateListings
	SignInListings
	FactorListings
	UpstreamListings
	Epoch(ctx context.Context) (Epoch, error)

	// Close releases what the snapshot holds.
	Close() error
}

// AccountListings lists users, roles and clients.
type AccountListings interface {
	ListUsers(ctx context.Context, f UserFilter, p Page) (UserPage, error)
	ListRoles(ctx context.Context) ([]Role, error)
	ListClients(ctx context.Context, p Page) (ClientPage, error)
}

// StateListings lists sessions, revoked tokens, keys and audit events.
type StateListings interface {
	ListSessions(ctx context.Context, f SessionFilter, p Page) (SessionPage, error)
	ListRevocations(ctx context.Context, p Page) (RevocationPage, error)
	ListKeys(ctx context.Context) ([]Key, error)
	ListAudit(ctx context.Context, f AuditFilter, p Page) (AuditPage, error)
}

// SignInListings lists what sign-in in a browser keeps.
type SignInListings interface {
	ListClientLogos(ctx context.Context, p Page) (ClientLogoPage, error)
	ListScopeTexts(ctx context.Context) ([]ScopeText, error)
	ListConsents(ctx context.Context, f ConsentFilter, p Page) (ConsentPage, error)
	ListBrowserSessions(ctx context.Context, f BrowserSessionFilter, p Page) (BrowserSessionPage, error)
	ListMessages(ctx context.Context, p Page) (MessagePage, error)
}

// FactorListings lists what belongs to users: second factors, and the schema of attributes.
type FactorListings interface {
	ListUserFactors(ctx context.Context, p Page) (UserFactorsPage, error)
	AttributeSchema(ctx context.Context) (AttributeSchema, error)
}

// UpstreamListings lists the connectors, and whom they sign in.
type UpstreamListings interface {
	ListConnectors(ctx context.Context) ([]Connector, error)
	ListUserLinks(ctx context.Context, userID string, p Page) (UserLinkPage, error)
}

// Backups is what backing up and restoring asks of a store beyond the rest.
type Backups interface {
	// Snapshot opens a snapshot of the whole store. SQLite shows one moment; MongoDB
	// shows each record as it is when it is read, which is enough, as no record
	// needs another to be right.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Clear deletes every record but the epoch and the status lists. It may be cut anywhere and be
	// repeated.
	Clear(ctx context.Context) error
}
