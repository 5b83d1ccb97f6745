package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// attemptDoc is one counter in the collection attempts.
type attemptDoc struct {
	Key     string    `bson:"_id"`
	Count   int64     `bson:"count"`
	ResetAt time.Time `bson:"reset_at"`
}

func (d attemptDoc) record() storage.AttemptCount {
	return storage.AttemptCount{Count: d.Count, ResetAt: d.ResetAt}
}

// countRounds bounds how often a count starts over because others restarted,
// swept or cleared the counter between two of its steps.
const countRounds = 8

var errCountContended = errors.New("the counter changed at every step")

// CountAttempt implements [storage.Attempts]. Exactly one of three steps
// counts, each a single write on one condition: add to a running counter,
// insert the first, or restart one whose window ended. An upsert would count
// too, but not every server makes it a single step.
func (s *Store) CountAttempt(ctx context.Context, key string, now time.Time, window time.Duration) (storage.AttemptCount, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	fresh := attemptDoc{Key: key, Count: 1, ResetAt: storage.Time(now.Add(window))}
	for range countRounds {
		counted, err := s.countOnce(ctx, fresh, storage.Time(now))
		if !errors.Is(err, storage.ErrNotFound) {
			return counted.record(), err
		}
	}
	return storage.AttemptCount{}, s.unknown("count in "+attempts, errCountContended)
}

// countOnce tries the three steps. ErrNotFound if none of them met the counter.
func (s *Store) countOnce(ctx context.Context, fresh attemptDoc, now time.Time) (attemptDoc, error) {
	running := bson.D{is("_id", fresh.Key), compare("reset_at", "$gt", now)}
	doc, err := findAndUpdate[attemptDoc](ctx, s, attempts, running, bson.D{is("$inc", bson.D{is("count", int64(1))})})
	if !errors.Is(err, storage.ErrNotFound) {
		return doc, err
	}
	if err := s.insert(ctx, attempts, fresh); !errors.Is(err, errDuplicate) {
		return fresh, err
	}
	ended := bson.D{is("_id", fresh.Key), compare("reset_at", "$lte", now)}
	return findAndUpdate[attemptDoc](ctx, s, attempts, ended, set(is("count", fresh.Count), is("reset_at", fresh.ResetAt)))
}

// ForgiveAttempt implements [storage.Attempts] by one conditional update.
func (s *Store) ForgiveAttempt(ctx context.Context, key string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	counted := bson.D{is("_id", key), compare("count", "$gt", int64(0))}
	_, err := s.update(ctx, attempts, counted, bson.D{is("$inc", bson.D{is("count", int64(-1))})})
	return err
}

// ClearAttempts implements [storage.Attempts] by one delete.
func (s *Store) ClearAttempts(ctx context.Context, key string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.delete(ctx, attempts, byID(key))
	return err
}

// SweepAttempts implements [storage.Attempts].
func (s *Store) SweepAttempts(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, attempts, "reset_at", before, limit)
}
