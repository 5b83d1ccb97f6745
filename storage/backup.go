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

// View is what a backup reads of a store.
type View interface {
	Epoch(ctx context.Context) (Epoch, error)
	ListUsers(ctx context.Context, f UserFilter, p Page) (UserPage, error)
	ListRoles(ctx context.Context) ([]Role, error)
	ListClients(ctx context.Context, p Page) (ClientPage, error)
	ListSessions(ctx context.Context, f SessionFilter, p Page) (SessionPage, error)
	ListRevocations(ctx context.Context, p Page) (RevocationPage, error)
	ListKeys(ctx context.Context) ([]Key, error)
	ListAudit(ctx context.Context, f AuditFilter, p Page) (AuditPage, error)

	// Close gives back what the view holds.
	Close() error
}

// Backups is what backing up and restoring asks of a store beyond the rest.
type Backups interface {
	// View opens a view of the whole store. SQLite shows one moment; MongoDB
	// shows each record as it is when it is read, which is enough, as no record
	// needs another to be right.
	View(ctx context.Context) (View, error)

	// Clear deletes every record but the epoch and the status lists. It may be cut anywhere and be
	// repeated.
	Clear(ctx context.Context) error
}
