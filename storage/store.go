package storage

import (
	"context"
	"time"
)

// Store is everything a backend offers. Consumers take the small interface
// they use; only the wiring and storagetest name the union.
type Store interface {
	Users
	Roles
	Clients
	ClientUse
	ClientLogos
	SharedSets
	Sessions
	Codes
	DeviceRequests
	BrowserSessions
	Consents
	Factors
	Connectors
	UserLinks
	ScopeTexts
	AttributeSchemas
	Outbox
	Epochs
	SessionStatus
	StatusLists
	PendingRevocations
	Revocations
	RateCounters
	LoginRecorder
	Keys
	Audit
	Backups
	Health

	// Close releases the store. Calls still running may end in ErrUnavailable,
	// later ones do; closing again does nothing and is no error.
	Close() error
}

// Health tells whether the store can be reached now.
type Health interface {
	// Ping makes one round trip. Nil or ErrUnavailable.
	Ping(ctx context.Context) error
}

// Time brings t to what every backend can hold: UTC, whole milliseconds
// (rounded down), no monotonic reading. The zero time stays zero.
func Time(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// Page bounds one page of a listing. The page that is returned has a cursor for
// the next one exactly where something follows. A record that is there from the
// first page to the last is listed once, whatever comes and goes meanwhile.
type Page struct {
	After string // the cursor of the page before; empty for the first
	Limit int    // 1 to MaxPage; 0 means DefaultPage
}

// Page sizes, in records.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// MaxExamined is how many records more than its size a page of a listing examines where no index
// serves the whole filter.
const MaxExamined = 1000

// ExaminedPage makes a page of up to size records of those found, of which a backend reads up to
// limit in the order of the page, and its cursor. Where so many are not selected that the page
// does not fill, the cursor goes on after the last one examined.
func ExaminedPage[T any](found []T, size, limit int, selects func(T) bool, cursor func(T) string) (page []T, next string) {
	for _, r := range found {
		if selects(r) {
			if len(page) == size {
				return page, next
			}
			page = append(page, r)
		}
		next = cursor(r)
	}
	if len(found) < limit {
		return page, ""
	}
	return page, next
}

// Size is the number of records the page asks for, brought into its bounds.
func (p Page) Size() int {
	switch {
	case p.Limit <= 0:
		return DefaultPage
	case p.Limit > MaxPage:
		return MaxPage
	}
	return p.Limit
}
