package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// rateCounterDoc is one counter in the collection attempts. Earlier versions have written places
// that are held; they lapse.
type rateCounterDoc struct {
	Key     string        `bson:"_id"`
	Count   int64         `bson:"count"`
	Held    int64         `bson:"held,omitempty"`
	HeldTo  time.Time     `bson:"held_to"`
	ResetAt time.Time     `bson:"reset_at"`
	Mark    bson.ObjectID `bson:"mark,omitempty"` // of the last command that counted in several counters
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

// ReserveCounters implements [storage.RateCounters]. A full counter is found by one read. Places
// that are held are in memory. One that counts at once is taken by a findAndModify on the
// condition that there is one; in several counters they are taken by one update command.
func (s *Store) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	now = storage.Time(now)
	read := func(keys []string) (map[string]storage.RateCounter, error) { return s.readCounters(ctx, keys) }
	if hold > 0 {
		return s.held.Reserve(now, hold, claims, read)
	}
	stored, err := read(storage.ClaimedKeys(claims))
	if err != nil {
		return storage.Reservation{}, err
	}
	r := storage.Reserve(stored, now, 0, claims)
	switch {
	case r.Full != nil || len(r.Taken) == 0:
		return r, nil
	case len(r.Taken) == 1:
		return s.countOne(ctx, stored, now, claims[slices.IndexFunc(claims, func(c storage.CounterClaim) bool { return c.Key == r.Taken[0].Key })])
	}
	r.Full, err = s.countPlaces(ctx, claimedPlaces(stored, now, claims), nil, stored)
	if r.Full != nil || err != nil {
		r.Taken = nil
	}
	return r, err
}

// countOne takes a place in a counter that was read, and again if it has changed.
func (s *Store) countOne(ctx context.Context, stored map[string]storage.RateCounter, now time.Time, claim storage.CounterClaim) (storage.Reservation, error) {
	read := stored[claim.Key]
	for range maxCountTries {
		next, ok := read.Claim(now, 0, claim)
		if !ok {
			return storage.Reservation{Full: &next}, nil
		}
		c, err := s.countOnce(ctx, read, next, now, claim)
		if err == nil {
			return storage.Reservation{Taken: []storage.RateCounter{c}}, nil
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return storage.Reservation{}, err
		}
		all, err := s.readCounters(ctx, []string{claim.Key})
		if err != nil {
			return storage.Reservation{}, err
		}
		read = all[claim.Key]
	}
	return storage.Reservation{}, s.unavailable("count in "+rateCounters, errCountContended)
}

// countOnce inserts a first counter, replaces one whose window ended or whose
// places have lapsed, and adds to a running one whatever others add meanwhile.
// ErrNotFound if the counter is not as it was read.
func (s *Store) countOnce(ctx context.Context, read, next storage.RateCounter, now time.Time, claim storage.CounterClaim) (storage.RateCounter, error) {
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
	changed, err := findAndUpdate[rateCounterDoc](ctx, s, rateCounters, room, bson.D{inc("count", 1)})
	return changed.record(), err
}

// heldAs is the condition that as many places are held, as earlier versions have written them.
func heldAs(held int64) bson.E {
	if held == 0 {
		return or(bson.D{eq("held", held)}, bson.D{absent("held")})
	}
	return eq("held", held)
}

// SettleCounters implements [storage.RateCounters]: one command for the places that are kept, one
// for the counters that are cleared, and one for each prefix.
func (s *Store) SettleCounters(ctx context.Context, actions ...storage.CounterSettlement) (kept []storage.RateCounter, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	settlement := s.held.Begin(actions)
	if settlement.Writes() {
		kept, err = s.settleCounters(ctx, settlement.Keeps, actions)
	}
	if err != nil {
		settlement.Undone()
		return nil, err
	}
	settlement.Done()
	return kept, nil
}

func (s *Store) settleCounters(ctx context.Context, keeps []storage.KeptPlace, actions []storage.CounterSettlement) ([]storage.RateCounter, error) {
	err := s.keepPlaces(ctx, keeps)
	if cleared := clearedKeys(actions); err == nil && len(cleared) > 0 {
		err = s.deleteCounters(ctx, bson.D{in("_id", cleared)})
	}
	for _, a := range actions {
		if err == nil && a.Action == storage.CounterClearAll {
			err = s.deleteCounters(ctx, bson.D{prefixRange(a.Key, "_id")})
		}
	}
	if err != nil {
		return nil, err
	}
	return s.countersIn(ctx, placeKeys(keeps))
}

// deleteCounters deletes the counters that the filter selects. It is repeated once where the answer
// was lost: to its callers it is the same whether there were any.
func (s *Store) deleteCounters(ctx context.Context, filter bson.D) error {
	_, err := s.db.Collection(rateCounters).DeleteMany(ctx, filter)
	if inDoubt(ctx, err) {
		_, err = s.db.Collection(rateCounters).DeleteMany(ctx, filter)
	}
	return s.unavailable("delete from "+rateCounters, err)
}

// keepPlaces counts the places whatever the limit, those of one counter one after the other.
func (s *Store) keepPlaces(ctx context.Context, keeps []storage.KeptPlace) error {
	for len(keeps) > 0 {
		var now, later []storage.KeptPlace
		for _, k := range keeps {
			k.Limit = 0
			if slices.Contains(placeKeys(now), k.Key) {
				later = append(later, k)
			} else {
				now = append(now, k)
			}
		}
		stored, err := s.readCounters(ctx, placeKeys(now))
		if err != nil {
			return err
		}
		if _, err := s.countPlaces(ctx, now, nil, stored); err != nil {
			return err
		}
		keeps = later
	}
	return nil
}

// Counters implements [storage.RateCounters].
func (s *Store) Counters(ctx context.Context, now time.Time, prefix string) ([]storage.RateCounter, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[rateCounterDoc](ctx, s, listing{
		collection: rateCounters, filter: bson.D{prefixRange(prefix, "_id"), gt("reset_at", storage.Time(now))}, order: byRisingID, limit: storage.MaxPage,
	})
	if err != nil {
		return nil, err
	}
	return s.held.Whole(storage.Time(now), prefix, convert(docs, rateCounterDoc.record)), nil
}

// readCounters returns the counters of the keys, as far as there are any.
func (s *Store) readCounters(ctx context.Context, keys []string) (map[string]storage.RateCounter, error) {
	docs, err := s.counterDocs(ctx, keys)
	if err != nil {
		return nil, err
	}
	all := make(map[string]storage.RateCounter, len(docs))
	for _, d := range docs {
		all[d.Key] = d.record()
	}
	return all, nil
}

func (s *Store) counterDocs(ctx context.Context, keys []string) ([]rateCounterDoc, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	return find[rateCounterDoc](ctx, s, listing{collection: rateCounters, filter: bson.D{in("_id", keys)}})
}

// SweepCounters implements [storage.RateCounters].
func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	s.held.Sweep(before)
	return s.sweep(ctx, rateCounters, "reset_at", before, limit)
}
