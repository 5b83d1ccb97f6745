package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// rateCounterDoc is one counter in the collection attempts.
type rateCounterDoc struct {
	Key     string    `bson:"_id"`
	Count   int64     `bson:"count"`
	Held    int64     `bson:"held,omitempty"` // absent: none
	HeldTo  time.Time `bson:"held_to"`
	ResetAt time.Time `bson:"reset_at"`
}

func newRateCounterDoc(c storage.RateCounter) rateCounterDoc {
	return rateCounterDoc{Key: c.Key, Count: c.Count, Held: c.Held, HeldTo: storage.Time(c.HeldTo), ResetAt: storage.Time(c.ResetAt)}
}

func (d rateCounterDoc) record() storage.RateCounter {
	c := storage.RateCounter{Key: d.Key, Count: d.Count, Held: d.Held, ResetAt: d.ResetAt}
	if d.Held > 0 {
		c.HeldTo = d.HeldTo
	}
	return c
}

// maxCountTries bounds how often a count starts over because others restarted,
// swept or cleared the counter between two of its steps.
const maxCountTries = 8

var errCountContended = errors.New("the counter changed at every step")

// ReserveCounters implements [storage.RateCounters]. A full counter is found by one
// read. Then a place is taken in one counter after the other, each by a single
// write on the condition that there is one; if a counter has become full, the
// places taken before are given back.
func (s *Store) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	now = storage.Time(now)
	read, err := s.readCounters(ctx, storage.ClaimedKeys(claims))
	if err != nil {
		return storage.Reservation{}, err
	}
	planned := storage.Reserve(read, now, hold, claims)
	if planned.Full != nil {
		return planned, nil
	}
	var r storage.Reservation
	for _, claim := range claims {
		if claim.Unless != "" && read[claim.Unless].Running(now) {
			continue
		}
		c, ok, err := s.takePlace(ctx, read[claim.Key], now, hold, claim)
		if err != nil {
			_ = s.giveBack(context.WithoutCancel(ctx), r.Taken, hold) // what cannot be given back lapses
			return storage.Reservation{}, err
		}
		if !ok {
			return storage.Reservation{Full: &c}, s.giveBack(ctx, r.Taken, hold)
		}
		r.Taken = append(r.Taken, c)
	}
	return r, nil
}

// takePlace takes a place in a counter that was read, and again if it has changed.
// False with the counter if it is full.
func (s *Store) takePlace(ctx context.Context, read storage.RateCounter, now time.Time, hold time.Duration, claim storage.CounterClaim) (storage.RateCounter, bool, error) {
	for range maxCountTries {
		next, ok := read.Claim(now, hold, claim)
		if !ok {
			return next, false, nil
		}
		c, err := s.takePlaceOnce(ctx, read, next, now, hold, claim)
		if err == nil {
			return c, true, nil
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return storage.RateCounter{}, false, err
		}
		all, err := s.readCounters(ctx, []string{claim.Key})
		if err != nil {
			return storage.RateCounter{}, false, err
		}
		read = all[claim.Key]
	}
	return storage.RateCounter{}, false, s.unavailable("count in "+rateCounters, errCountContended)
}

// takePlaceOnce inserts a first counter, replaces one whose window ended or whose
// places have lapsed, and adds to a running one whatever others add meanwhile.
// ErrNotFound if the counter is not as it was read. An upsert would count too,
// but not every server makes it a single step.
func (s *Store) takePlaceOnce(ctx context.Context, read, next storage.RateCounter, now time.Time, hold time.Duration, claim storage.CounterClaim) (storage.RateCounter, error) {
	if read.Key == "" {
		err := s.insert(ctx, rateCounters, newRateCounterDoc(next))
		if errors.Is(err, errDuplicate) {
			err = storage.ErrNotFound
		}
		return next, err
	}
	if !read.Running(now) || read.WithoutLapsed(now).Held != read.Held {
		doc := newRateCounterDoc(next)
		as := bson.D{eq("_id", read.Key), eq("count", read.Count), heldAs(read.Held), eq("reset_at", read.ResetAt)}
		change := bson.D{set(value("count", doc.Count), value("held", doc.Held), value("held_to", doc.HeldTo), value("reset_at", doc.ResetAt))}
		changed, err := findAndUpdate[rateCounterDoc](ctx, s, rateCounters, as, change)
		return changed.record(), err
	}
	room := bson.D{eq("_id", read.Key), gt("reset_at", now), lt("count", claim.Limit)}
	change := bson.D{inc("count", 1)}
	if hold > 0 {
		change = bson.D{take, raise("held_to", next.HeldTo)}
	}
	changed, err := findAndUpdate[rateCounterDoc](ctx, s, rateCounters, room, change)
	return changed.record(), err
}

// giveBack undoes what a refused step has taken.
func (s *Store) giveBack(ctx context.Context, taken []storage.RateCounter, hold time.Duration) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	for _, c := range taken {
		change := bson.D{inc("count", -1)}
		if hold > 0 {
			change = bson.D{release}
		}
		if _, err := s.updateOnce(ctx, rateCounters, bson.D{eq("_id", c.Key), gt("count", int64(0))}, change); err != nil {
			return s.unavailable("update in "+rateCounters, err)
		}
	}
	return nil
}

// take takes one place to be held, release gives it back.
var (
	take    = incBoth("count", "held", 1)
	release = incBoth("count", "held", -1)
)

// heldAs is the condition that as many places are held.
func heldAs(held int64) bson.E {
	if held == 0 {
		return or(bson.D{eq("held", held)}, bson.D{absent("held")})
	}
	return eq("held", held)
}

// SettleCounters implements [storage.RateCounters], each action by one write.
func (s *Store) SettleCounters(ctx context.Context, actions ...storage.CounterSettlement) (kept []storage.RateCounter, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	for _, a := range actions {
		held := bson.D{eq("_id", a.Key), gt("held", int64(0))}
		switch a.Action {
		case storage.CounterKeep:
			var doc rateCounterDoc
			if doc, err = findAndUpdate[rateCounterDoc](ctx, s, rateCounters, held, bson.D{inc("held", -1)}); err == nil {
				kept = append(kept, doc.record())
			}
		case storage.CounterRelease:
			_, err = s.updateOnce(ctx, rateCounters, held, bson.D{release})
			err = s.unavailable("update in "+rateCounters, err)
		case storage.CounterClear:
			err = s.remove(ctx, rateCounters, byID(a.Key))
		case storage.CounterClearAll:
			_, err = s.db.Collection(rateCounters).DeleteMany(ctx, bson.D{prefixRange(a.Key, "_id")})
			err = s.unavailable("delete from "+rateCounters, err)
		}
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
	}
	return kept, ctx.Err()
}

// Counters implements [storage.RateCounters].
func (s *Store) Counters(ctx context.Context, now time.Time, prefix string) (running []storage.RateCounter, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[rateCounterDoc](ctx, s, listing{
		collection: rateCounters, filter: bson.D{prefixRange(prefix, "_id"), gt("reset_at", storage.Time(now))}, order: byRisingID, limit: storage.MaxPage,
	})
	for _, d := range docs {
		running = append(running, d.record().WithoutLapsed(now))
	}
	return running, err
}

func (s *Store) readCounters(ctx context.Context, keys []string) (map[string]storage.RateCounter, error) {
	docs, err := find[rateCounterDoc](ctx, s, listing{collection: rateCounters, filter: bson.D{in("_id", keys)}})
	if err != nil {
		return nil, err
	}
	all := make(map[string]storage.RateCounter, len(docs))
	for _, d := range docs {
		all[d.Key] = d.record()
	}
	return all, nil
}

// SweepCounters implements [storage.RateCounters].
func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, rateCounters, "reset_at", before, limit)
}
