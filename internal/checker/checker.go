// Package checker is an independent checker of a Signet when a test is over: of what
// the store lists and what the endpoints answer. The rules are written down here
// and nowhere else: it imports no code of the issuer, so that a mistake there
// cannot hide itself.
//
// Each finding begins with the number of its rule:
//
//	1  sessions: sane generations, one place in the status lists each, the dead are dead
//	2  no living session of a user or client that is disabled or gone
//	4  one key signs, on every instance; no private member in any JWKS answer
//	7  no counter that never ends
//	9  the audit log has an event for what administrators made, in order
//	10 names are canonical and unique, roles are known, a super_admin stays
package checker

import (
	"context"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// Store is what the checker reads.
type Store interface {
	ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error)
	ListRoles(ctx context.Context) ([]storage.Role, error)
	ListClients(ctx context.Context, p storage.Page) (storage.ClientPage, error)
	ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error)
	ListKeys(ctx context.Context) ([]storage.Key, error)
	ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error)
	PendingRevocations(ctx context.Context, limit int) ([]storage.PendingRevocation, error)
	Epoch(ctx context.Context) (storage.Epoch, error)
	SharedSet(ctx context.Context, name string) (storage.SharedSet, error)

	// SweepCounters is the one look at counters that a store offers, and takes
	// them away.
	SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error)
}

// Instance is one that can be asked. What is nil is not asked.
type Instance struct {
	JWKS func() (body []byte, err error)  // nil where it serves none now
	Sign func() (token string, err error) // any token that it signs now, "" for none

	// Active tells what introspection says of an access token, to a client that
	// is told of every one; false also where it says nothing.
	Active func(token string) bool
}

// Target is what is looked at.
type Target struct {
	Store          Store
	Now            time.Time
	Instances      []Instance
	Tokens         []string      // access tokens that were handed out
	Window         time.Duration // of the counter that lasts longest
	AuditTruncated bool          // the audit log was cut: line 9 has nothing to say
}

// records are all records, read once.
type records struct {
	Target
	users    map[string]storage.User
	roles    map[string]storage.Role
	clients  map[string]storage.Client
	sessions []storage.Session
	keys     []storage.Key
	events   []storage.AuditEvent
	pending  []storage.PendingRevocation
	epoch    storage.Epoch

	findings []string
}

// Check returns what is wrong, in words. The error is of a store that cannot be
// read. Nothing else may be going on.
func Check(ctx context.Context, s Target) ([]string, error) {
	b := &records{Target: s}
	if err := b.read(ctx); err != nil {
		return nil, fmt.Errorf("checker: %w", err)
	}
	b.checkSessions()
	b.checkTokens()
	b.checkKeys()
	b.checkEvents()
	b.checkNames()
	for _, judge := range []func(context.Context) error{b.checkCounters, b.checkSuperAdmins} {
		if err := judge(ctx); err != nil {
			return nil, fmt.Errorf("checker: %w", err)
		}
	}
	return b.findings, nil
}

func (b *records) report(line int, format string, args ...any) {
	b.findings = append(b.findings, fmt.Sprintf("%d ", line)+fmt.Sprintf(format, args...))
}
