package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// epochID is the _id of the one epoch. It lies among the users, so that one
// command reads both, and is a number, which no user's id is.
const epochID = int64(0)

// epochDoc is the [storage.Epoch] as it lies in the collection users.
type epochDoc struct {
	ID         int64     `bson:"_id"`
	Number     int64     `bson:"number"`
	Since      time.Time `bson:"since"`
	Incomplete bool      `bson:"incomplete"`
}

func (d epochDoc) record() storage.Epoch {
	return storage.Epoch{Number: d.Number, Since: d.Since, Incomplete: d.Incomplete}
}

// onlyUsers excludes the epoch: a comparison with a string matches strings only.
func onlyUsers() bson.E { return gt("_id", "") }

// Epoch implements [storage.Epochs].
func (s *Store) Epoch(ctx context.Context) (storage.Epoch, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[epochDoc](ctx, s, users, byID(epochID))
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Epoch{}, nil
	}
	return doc.record(), err
}

// maxRaiseTries bounds the lost compare-and-swaps of a raise.
const maxRaiseTries = 64

var errRaiseContended = errors.New("the epoch changed at every step")

// RaiseEpoch implements [storage.Epochs] by one update that is conditional on
// the number read before, or by the insert of the first.
func (s *Store) RaiseEpoch(ctx context.Context, r storage.EpochRaise) (storage.Epoch, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	for range maxRaiseTries {
		now, err := findOne[epochDoc](ctx, s, users, byID(epochID))
		first := errors.Is(err, storage.ErrNotFound)
		if err != nil && !first {
			return storage.Epoch{}, err
		}
		next := epochDoc{ID: epochID, Number: max(now.Number, r.Above) + 1, Since: storage.Time(r.At), Incomplete: r.Incomplete}
		done := first
		if first {
			err = s.insert(ctx, users, next)
		} else {
			done, err = s.replace(ctx, users, bson.D{eq("_id", epochID), eq("number", now.Number)}, next)
		}
		switch {
		case errors.Is(err, errDuplicate):
		case err != nil:
			return storage.Epoch{}, err
		case done:
			return next.record(), nil
		}
	}
	return storage.Epoch{}, s.unavailable("raise the epoch", errRaiseContended)
}

// UserInEpoch implements [storage.Epochs] by one find of both documents.
func (s *Store) UserInEpoch(ctx context.Context, id string) (user storage.User, epoch storage.Epoch, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[bson.Raw](ctx, s, listing{collection: users, filter: bson.D{in("_id", []any{id, epochID})}})
	if err != nil {
		return storage.User{}, storage.Epoch{}, err
	}
	found := false
	for _, doc := range docs {
		if doc.Lookup("_id").Type == bson.TypeString {
			found = true
			var d userDoc
			err = errors.Join(err, bson.Unmarshal(doc, &d))
			user = d.record()
			continue
		}
		var d epochDoc
		err = errors.Join(err, bson.Unmarshal(doc, &d))
		epoch = d.record()
	}
	switch {
	case err != nil:
		return storage.User{}, storage.Epoch{}, s.unavailable("read user and epoch", err)
	case !found:
		return storage.User{}, storage.Epoch{}, storage.ErrNotFound
	}
	return user, epoch, nil
}
