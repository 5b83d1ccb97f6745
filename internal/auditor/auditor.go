// Package auditor looks at a Signet from outside when a test is over: at what the
// store lists and at what the endpoints answer. It has its own idea of what must
// hold, written down here and nowhere else: it imports no code of the issuer, so
// that a mistake there cannot hide itself.
//
// Its lines have the numbers that their findings begin with:
//
//	1  sessions: sane generations, one place in the status lists each, the dead are dead
//	2  no living session of a user or client that is disabled or gone
//	4  one key signs, on every instance; no private member in any JWKS answer
//	7  no counter that never ends
//	9  the audit log has an event for what administrators made, in order
//	10 names are canonical and unique, roles are known, a super_admin stays
package auditor

import (
	"context"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// Store is what the auditor reads.
type Store interface {
	ListUsers(ctx context.Context, f storage.UserFilter, p storage.Page) (storage.UserPage, error)
	ListRoles(ctx context.Context) ([]storage.Role, error)
	ListClients(ctx context.Context, p storage.Page) (storage.ClientPage, error)
	ListSessions(ctx context.Context, f storage.SessionFilter, p storage.Page) (storage.SessionPage, error)
	ListKeys(ctx context.Context) ([]storage.Key, error)
	ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error)
	Endings(ctx context.Context, limit int) ([]storage.Ending, error)
	Epoch(ctx context.Context) (storage.Epoch, error)
	Guard(ctx context.Context, name string) (storage.Guard, error)

	// SweepAttempts is the one look at counters that a store offers, and takes
	// them away.
	SweepAttempts(ctx context.Context, before time.Time, limit int) (int64, error)
}

// Instance is one that can be asked. What is nil is not asked.
type Instance struct {
	JWKS func() (body []byte, err error)  // nil where it serves none now
	Sign func() (token string, err error) // any token that it signs now, "" for none

	// Active tells what introspection says of an access token, to a client that
	// is told of every one; false also where it says nothing.
	Active func(token string) bool
}

// Subject is what is looked at.
type Subject struct {
	Store     Store
	Now       time.Time
	Instances []Instance
	Tokens    []string      // access tokens that were handed out
	Window    time.Duration // of the counter that lasts longest
	Forgotten bool          // the audit log was cut: line 9 has nothing to say
}

// books are all records, read once.
type books struct {
	Subject
	users    map[string]storage.User
	roles    map[string]storage.Role
	clients  map[string]storage.Client
	sessions []storage.Session
	keys     []storage.Key
	events   []storage.AuditEvent
	endings  []storage.Ending
	epoch    storage.Epoch

	found []string
}

// Examine returns what is wrong, in words. The error is of a store that cannot be
// read. Nothing else may be going on.
func Examine(ctx context.Context, s Subject) ([]string, error) {
	b := &books{Subject: s}
	if err := b.read(ctx); err != nil {
		return nil, fmt.Errorf("auditor: %w", err)
	}
	b.judgeSessions()
	b.judgeTokens()
	b.judgeKeys()
	b.judgeEvents()
	b.judgeNames()
	for _, judge := range []func(context.Context) error{b.judgeCounters, b.judgeSupers} {
		if err := judge(ctx); err != nil {
			return nil, fmt.Errorf("auditor: %w", err)
		}
	}
	return b.found, nil
}

func (b *books) find(line int, format string, args ...any) {
	b.found = append(b.found, fmt.Sprintf("%d ", line)+fmt.Sprintf(format, args...))
}
