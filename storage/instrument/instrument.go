// Package instrument measures the calls of a store: how long each took, how many
// failed, and how many sessions began and ended. It changes no call and no answer.
package instrument

import (
	"context"
	"errors"
	"sync"
	"time"

	"example.org/signet/storage"
)

// Kinds of failures, as [Metrics] is told of them.
const (
	Unavailable = "unavailable" // outcome unknown: storage.ErrUnavailable
	Canceled    = "canceled"    // whoever asked went away before the answer
	Conflict    = "conflict"    // storage.ErrConflict: a race was lost, or a name is taken
	Other       = "other"
)

// Metrics is told of the calls. Its methods are called concurrently.
type Metrics interface {
	// StoreOperation returns what records one call of the operation. It is called once
	// an operation, which is the name of a method such as "rotate_session". failure is
	// one of the kinds above, or "" for success and for storage.ErrNotFound.
	StoreOperation(operation string) func(took time.Duration, failure string)

	SessionStarted()

	// SessionsEnded is told of n sessions that were ended for the reason, which is one of
	// those that a [storage.Session] has.
	SessionsEnded(reason string, n int64)

	BrowserSessionStarted()

	// BrowserSessionsDeleted is told of n browser sessions that had ended. Several instances
	// may delete one at the same moment.
	BrowserSessionsDeleted(n int64)
}

// New returns the store with every call measured, but for Close and what is read
// from a snapshot.
func New(store storage.Store, m Metrics) storage.Store {
	c := &calls{metrics: m, record: map[string]recorder{}}
	return &instrumented{
		users{store, c}, roles{store, c}, clients{store, c}, clientUse{store, c}, clientLogos{store, c},
		sessions{store, c, m}, codes{store, c, m}, deviceRequests{store, c}, browserSessions{store, c, m}, consents{store, c}, factors{store, c}, connectors{store, c}, userLinks{store, c}, scopeTexts{store, c}, attributeSchemas{store, c}, outbox{store, c}, epochs{store, c}, sessionStatus{store, c},
		statusLists{store, c}, pendingRevocations{store, c}, revocations{store, c},
		sharedSets{store, c}, rateCounters{store, c}, loginRecords{store, c, m}, keyRecords{store, c}, auditEvents{store, c}, backups{store, c}, health{store, c},
		store.Close,
	}
}

// instrumented is the union of the parts. Their methods have pointers as receivers, and it is
// used by a pointer: otherwise the compiler makes a second set of all methods.
type instrumented struct {
	users
	roles
	clients
	clientUse
	clientLogos
	sessions
	codes
	deviceRequests
	browserSessions
	consents
	factors
	connectors
	userLinks
	scopeTexts
	attributeSchemas
	outbox
	epochs
	sessionStatus
	statusLists
	pendingRevocations
	revocations
	sharedSets
	rateCounters
	loginRecords
	keyRecords
	auditEvents
	backups
	health

	closeStore func() error
}

func (s *instrumented) Close() error { return s.closeStore() }

type recorder = func(took time.Duration, failure string)

// calls holds the recorders of the operations that have been called.
type calls struct {
	metrics Metrics
	mu      sync.RWMutex
	record  map[string]recorder
}

// begin returns the time by the monotonic clock: durations are measured by no other.
func (c *calls) begin() time.Time { return time.Now() }

// end records a call that began at the time. It is deferred, so it reads the error
// when the call returns.
func (c *calls) end(operation string, begin time.Time, err *error) {
	c.recorder(operation)(time.Since(begin), failureOf(*err))
}

func (c *calls) recorder(operation string) recorder {
	c.mu.RLock()
	r := c.record[operation]
	c.mu.RUnlock()
	if r != nil {
		return r
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r = c.record[operation]; r == nil {
		r = c.metrics.StoreOperation(operation)
		c.record[operation] = r
	}
	return r
}

// failureOf returns the kind of a failure. That there is no such record is an answer.
func failureOf(err error) string {
	switch {
	case err == nil, errors.Is(err, storage.ErrNotFound):
		return ""
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, storage.ErrUnavailable):
		return Unavailable
	case errors.Is(err, storage.ErrConflict):
		return Conflict
	}
	return Other
}
