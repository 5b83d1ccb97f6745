package storage

import (
	"context"
	"time"
)

// RateCounter counts attempts within a fixed window.
type RateCounter struct {
	Key     string
	Count   int64     // places taken, those held included
	Held    int64     // of Count: held by attempts whose outcome is not known yet
	HeldTo  time.Time // when the places held lapse, unless another is taken before; zero for none held
	ResetAt time.Time // when the window ends
}

// CounterClaim asks for one place in the counter of a key.
type CounterClaim struct {
	Key    string
	Limit  int64         // the counter is full when it has as many places taken
	Window time.Duration // of a counter that starts anew
	Unless string        // leaves the claim out while the counter of this key runs; "" for never
}

// Reservation is the outcome of a step of claims.
type Reservation struct {
	Taken []RateCounter // the counters in which a place was taken, as they are now, in the order of the claims
	Full  *RateCounter  // the first counter without a place; nothing was taken and nothing written then
}

// CounterAction says what becomes of a place that was taken.
type CounterAction int

// The actions.
const (
	CounterKeep     CounterAction = iota // the place held counts until the window ends
	CounterRelease                       // the place held is given back
	CounterClear                         // the counter is removed with all its places
	CounterClearAll                      // so are all whose keys begin with Key
)

// CounterSettlement is an action on the counter of a key.
type CounterSettlement struct {
	Key    string
	Action CounterAction

	// Limit is that of the claim which took the place, for RecordLogins: where others have
	// filled the counter since, from other processes, nothing is written and the counter is
	// LoginOutcome.Full. 0 for no check.
	Limit int64
}

// RateCounters counts attempts, shared by every instance. A counter whose window
// ended at or before now does not run: it starts anew with the places that are
// held, and a window that ends at now+window.
type RateCounters interface {
	// ReserveCounters takes one place in each of the counters, or in none if one of
	// them is full. With a hold of 0 the places count at once. Otherwise they are held, in
	// memory (HeldPlaces), until they are settled, or lapse without counting after hold.
	ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...CounterClaim) (Reservation, error)

	// SettleCounters does the actions, each in one atomic step, and returns the
	// counters of those that are kept, in their order, without places that are still held.
	// Where no place is held, keeping and releasing do nothing, and there is no error. A counter
	// all of whose places were given back is gone. Releasing writes nothing.
	SettleCounters(ctx context.Context, actions ...CounterSettlement) ([]RateCounter, error)

	// Counters returns up to MaxPage counters whose keys begin with prefix and that
	// run at the given time, without places that have lapsed, in the order of
	// their keys.
	Counters(ctx context.Context, now time.Time, prefix string) ([]RateCounter, error)

	// SweepCounters deletes up to limit counters whose window ended before the
	// given time.
	SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error)
}

// Running tells whether the window goes on at the given time.
func (c RateCounter) Running(now time.Time) bool { return c.ResetAt.After(now) }

// WithoutLapsed returns the counter without the places whose hold is over.
func (c RateCounter) WithoutLapsed(now time.Time) RateCounter {
	if c.Held > 0 && !c.HeldTo.After(now) {
		c.Count, c.Held, c.HeldTo = max(c.Count-c.Held, 0), 0, time.Time{}
	}
	return c
}

// Claim returns the counter with one more place taken, or as it stands and false
// where it is full. The zero counter is one that does not exist yet.
func (c RateCounter) Claim(now time.Time, hold time.Duration, claim CounterClaim) (RateCounter, bool) {
	c = c.WithoutLapsed(now)
	c.Key = claim.Key
	if !c.Running(now) {
		c.Count, c.ResetAt = c.Held, Time(now.Add(claim.Window))
	}
	if c.Count >= claim.Limit {
		return c, false
	}
	c.Count++
	if hold > 0 {
		c.Held++
		if end := Time(now.Add(hold)); end.After(c.HeldTo) {
			c.HeldTo = end
		}
	}
	return c, true
}

// Reserve decides about all claims by what was read of their counters.
func Reserve(read map[string]RateCounter, now time.Time, hold time.Duration, claims []CounterClaim) (r Reservation) {
	for _, claim := range claims {
		if claim.Unless != "" && read[claim.Unless].Running(now) {
			continue
		}
		next, ok := read[claim.Key].Claim(now, hold, claim)
		if !ok {
			return Reservation{Full: &next}
		}
		r.Taken = append(r.Taken, next)
	}
	return r
}

// ClaimedKeys are the keys that a step of claims reads.
func ClaimedKeys(claims []CounterClaim) []string {
	keys := make([]string, 0, len(claims)+1)
	for _, claim := range claims {
		keys = append(keys, claim.Key)
		if claim.Unless != "" {
			keys = append(keys, claim.Unless)
		}
	}
	return keys
}
