package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"example.org/signet/storage"
)

// countPlaces clears counters and then counts the places, by one update command for all, by what
// was read of the counters. Each place has a statement whose filter holds the condition that
// there is room. It upserts: where the condition does not hold, the insert meets the counter,
// and the command ends there with a duplicate. Which places were taken before it, the mark that
// each statement leaves tells: servers do not agree on what they say of the statement that
// failed. Where another count has come in between as well, the place is taken once more. Where a
// counter is full the places are given back, and the counter is returned. It counts, so a command
// whose answer is lost is not repeated: the outcome is unknown.
func (s *Store) countPlaces(ctx context.Context, places []storage.KeptPlace, clears []string, stored map[string]storage.RateCounter) (full *storage.RateCounter, err error) {
	left := places
	var taken []storage.KeptPlace
	for range maxCountTries {
		if full := firstFull(left, stored); full != nil {
			return full, s.giveBack(ctx, taken)
		}
		mark := bson.NewObjectID()
		err := s.countAtOnce(ctx, left, clears, stored, mark)
		if !errors.Is(err, errDuplicate) {
			return nil, err
		}
		var marked []storage.KeptPlace
		if marked, left, stored, err = s.findMark(ctx, left, mark); err != nil {
			return nil, err
		}
		taken, clears = append(taken, marked...), nil
	}
	return nil, s.unavailable("count in "+rateCounters, errCountContended)
}

// findMark parts the places that a command has taken from the others, and reads the counters.
func (s *Store) findMark(ctx context.Context, places []storage.KeptPlace, mark bson.ObjectID) (taken, left []storage.KeptPlace, stored map[string]storage.RateCounter, err error) {
	docs, err := s.counterDocs(ctx, placeKeys(places))
	if err != nil {
		return nil, nil, nil, err
	}
	stored = make(map[string]storage.RateCounter, len(docs))
	marks := make(map[string]bson.ObjectID, len(docs))
	for _, d := range docs {
		stored[d.Key], marks[d.Key] = d.record(), d.Mark
	}
	for _, p := range places {
		if marks[p.Key] == mark {
			taken = append(taken, p)
		} else {
			left = append(left, p)
		}
	}
	return taken, left, stored, nil
}

// firstFull returns the first counter that has no room for its place; nil for none.
func firstFull(places []storage.KeptPlace, stored map[string]storage.RateCounter) *storage.RateCounter {
	for _, p := range places {
		if c := stored[p.Key]; p.Limit > 0 && c.ResetAt.After(p.Since) && c.Count >= p.Limit {
			return &c
		}
	}
	return nil
}

// countAtOnce sends one command. errDuplicate where it has ended at a place, for certain.
func (s *Store) countAtOnce(ctx context.Context, places []storage.KeptPlace, clears []string, stored map[string]storage.RateCounter, mark bson.ObjectID) error {
	var statements []driver.WriteModel
	for _, key := range clears {
		change := bson.D{set(value("count", int64(0)), value("reset_at", time.Time{})), unset("held")}
		statements = append(statements, driver.NewUpdateOneModel().SetFilter(byID(key)).SetUpdate(change))
	}
	for _, p := range places {
		filter, change := countStatement(p, stored[p.Key], mark)
		statements = append(statements, driver.NewUpdateOneModel().SetFilter(filter).SetUpdate(change).SetUpsert(true))
	}
	if len(statements) == 0 {
		return nil
	}
	_, err := s.db.Collection(rateCounters).BulkWrite(ctx, statements)
	if len(places) == 0 && inDoubt(ctx, err) { // clearing again changes nothing
		_, err = s.db.Collection(rateCounters).BulkWrite(ctx, statements)
	}
	if isDuplicate(err) {
		return errDuplicate
	}
	return s.unavailable("count in "+rateCounters, err)
}

// countStatement counts a place in a counter that runs, or begins the next window of one as it
// was read; either makes the counter if there is none.
func countStatement(p storage.KeptPlace, stored storage.RateCounter, mark bson.ObjectID) (filter, change bson.D) {
	if stored.Key != "" && !stored.ResetAt.After(p.Since) {
		return bson.D{eq("_id", p.Key), eq("count", stored.Count), eq("reset_at", stored.ResetAt)},
			bson.D{set(value("count", int64(1)), value("reset_at", p.ResetAt), value("mark", mark)), unset("held")}
	}
	filter = bson.D{eq("_id", p.Key), gt("reset_at", p.Since)}
	if p.Limit > 0 {
		filter = append(filter, lt("count", p.Limit))
	}
	return filter, bson.D{inc("count", 1), set(value("mark", mark)), setOnInsert(value("reset_at", p.ResetAt))}
}

// giveBack takes places out again that were counted.
func (s *Store) giveBack(ctx context.Context, places []storage.KeptPlace) error {
	if len(places) == 0 {
		return nil
	}
	ctx, cancel := s.withTimeout(context.WithoutCancel(ctx))
	defer cancel()
	var statements []driver.WriteModel
	for _, p := range places {
		filter := bson.D{eq("_id", p.Key), gt("count", int64(0))}
		statements = append(statements, driver.NewUpdateOneModel().SetFilter(filter).SetUpdate(bson.D{inc("count", -1)}))
	}
	_, err := s.db.Collection(rateCounters).BulkWrite(ctx, statements)
	return s.unavailable("update in "+rateCounters, err)
}

// claimedPlaces are the places that count at once.
func claimedPlaces(stored map[string]storage.RateCounter, now time.Time, claims []storage.CounterClaim) (places []storage.KeptPlace) {
	for _, c := range claims {
		if c.Unless == "" || !stored[c.Unless].Running(now) {
			places = append(places, storage.KeptPlace{Key: c.Key, Limit: c.Limit, Since: now, ResetAt: storage.Time(now.Add(c.Window))})
		}
	}
	return places
}

func placeKeys(places []storage.KeptPlace) []string {
	keys := make([]string, len(places))
	for n, p := range places {
		keys[n] = p.Key
	}
	return keys
}

func clearedKeys(actions []storage.CounterSettlement) (keys []string) {
	for _, a := range actions {
		if a.Action == storage.CounterClear {
			keys = append(keys, a.Key)
		}
	}
	return keys
}

// countersIn returns the counters of the keys, in their order.
func (s *Store) countersIn(ctx context.Context, keys []string) ([]storage.RateCounter, error) {
	stored, err := s.readCounters(ctx, keys)
	if err != nil {
		return nil, err
	}
	var counters []storage.RateCounter
	for _, key := range keys {
		if c, there := stored[key]; there {
			counters = append(counters, c)
		}
	}
	return counters, nil
}
