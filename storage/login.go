package storage

import (
	"context"
	"time"
)

// LoginRecord is what a login writes once its outcome is known: the places that the attempt
// keeps, gives back or clears, and after a right password the session with all that belongs to
// it. A zero field writes nothing.
type LoginRecord struct {
	At     time.Time
	Settle []CounterSettlement // of the places that the attempt holds
	Count  []CounterClaim      // counted at once, in all or, where one is full, in none

	Password       *PasswordReplacement // where the hash is to be made anew
	BrowserSession *BrowserSession      // inserted
	Replaced       *BrowserSessionEnd   // ended, unless it is gone or has ended
	Session        *Session             // inserted, as by CreateSession
	Limit          *SessionLimit        // on the sessions of the owner of Session, which is counted
}

// PasswordReplacement puts a hash in the place of the one that was read. Where the user has
// another one by now, nothing happens.
type PasswordReplacement struct{ UserID, Old, New string }

// BrowserSessionEnd ends the browser session of that ID at LoginRecord.At.
type BrowserSessionEnd struct{ ID, Reason string }

// SessionLimit ends up to Most sessions that ExcessSessions returns after the insert.
type SessionLimit struct {
	IdleSince  time.Time
	Keep, Most int
	Reason     string
}

// LoginOutcome is what became of a LoginRecord.
type LoginOutcome struct {
	Full             *RateCounter  // set where nothing was written; see CounterSettlement.Limit
	Kept             []RateCounter // the counters in which a place was kept, places held left out
	PasswordReplaced bool
	Ended            []string // sessions beyond the limit, the new one among them if others are newer
}

// LoginRecorder writes logins.
type LoginRecorder interface {
	// RecordLogins writes the logins in their order, and then the audit events that the
	// function returns for their outcomes: all of it in one transaction where the backend has
	// them, and else in as few steps as it can, the events last. The function is called at most
	// once, maybe by another goroutine, and must not call the store. After an error, what was
	// written is unknown, and the function may still be running; *DuplicateError "id" where a
	// session or an event exists.
	RecordLogins(ctx context.Context, logins []LoginRecord, events func([]LoginOutcome) ([]AuditEvent, error)) ([]LoginOutcome, error)
}

// Writes tells whether the record changes anything in the store, where its attempt keeps these
// places.
func (r LoginRecord) Writes(keeps []KeptPlace) bool {
	return len(keeps) > 0 || len(r.Count) > 0 || r.Password != nil || r.BrowserSession != nil || r.Replaced != nil || r.Session != nil ||
		clears(r.Settle)
}

// LimitedKeys returns the keys of the settlements that have a limit.
func LimitedKeys(settle []CounterSettlement) (keys []string) {
	for _, s := range settle {
		if s.Limit > 0 {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// FullCounter returns the first counter that has no place for a settlement with a limit, by what
// was read of the counters; nil for none.
func FullCounter(read map[string]RateCounter, at time.Time, settle []CounterSettlement) *RateCounter {
	for _, s := range settle {
		c := read[s.Key].WithoutLapsed(at)
		if s.Limit > 0 && c.Running(at) && c.Count-c.Held >= s.Limit {
			return &c
		}
	}
	return nil
}
