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
	ResetAt time.Time `bson:"reset_at"`
}

func (d rateCounterDoc) record() storage.RateCounter {
	return storage.RateCounter{Count: d.Count, ResetAt: d.ResetAt}
}

// maxCountTries bounds how often a count starts over because others restarted,
// swept or cleared the counter between two of its steps.
const maxCountTries = 8

var errCountContended = errors.New("the counter changed at every step")

// IncrementCounter implements [storage.RateCounters]. Exactly one of three steps
// counts, each a single write on one condition: add to a running counter,
// insert the first, or restart one whose window ended. An upsert would count
// too, but not every server makes it a single step.
func (s *Store) IncrementCounter(ctx context.Context, key string, now time.Time, window time.Duration) (storage.RateCounter, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	fresh := rateCounterDoc{Key: key, Count: 1, ResetAt: storage.Time(now.Add(window))}
	for range maxCountTries {
		counted, err := s.countOnce(ctx, fresh, storage.Time(now))
		if !errors.Is(err, storage.ErrNotFound) {
			return counted.record(), err
		}
	}
	return storage.RateCounter{}, s.unavailable("count in "+rateCounters, errCountContended)
}

// countOnce tries the three steps. ErrNotFound if none of them met the counter.
func (s *Store) countOnce(ctx context.Context, fresh rateCounterDoc, now time.Time) (rateCounterDoc, error) {
	running := bson.D{eq("_id", fresh.Key), gt("reset_at", now)}
	doc, err := findAndUpdate[rateCounterDoc](ctx, s, rateCounters, running, bson.D{inc("count", 1)})
	if !errors.Is(err, storage.ErrNotFound) {
		return doc, err
	}
	if err := s.insert(ctx, rateCounters, fresh); !errors.Is(err, errDuplicate) {
		return fresh, err
	}
	ended := bson.D{eq("_id", fresh.Key), lte("reset_at", now)}
	return findAndUpdate[rateCounterDoc](ctx, s, rateCounters, ended, bson.D{set(value("count", fresh.Count), value("reset_at", fresh.ResetAt))})
}

// DecrementCounter implements [storage.RateCounters] by one conditional update.
func (s *Store) DecrementCounter(ctx context.Context, key string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	counted := bson.D{eq("_id", key), gt("count", int64(0))}
	_, err := s.updateOnce(ctx, rateCounters, counted, bson.D{inc("count", -1)})
	return s.unavailable("update in "+rateCounters, err)
}

// DeleteCounter implements [storage.RateCounters] by one delete.
func (s *Store) DeleteCounter(ctx context.Context, key string) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.remove(ctx, rateCounters, byID(key))
}

// SweepCounters implements [storage.RateCounters].
func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, rateCounters, "reset_at", before, limit)
}
