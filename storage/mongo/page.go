package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// page returns one page of what the filter selects, ordered by rising _id, and
// the cursor of the next, which is the last _id. One document more than the page
// holds is read, to see whether something follows.
func page[D, R any](ctx context.Context, s *Store, collection string, filter bson.D, p storage.Page, record func(D) R, id func(R) string) ([]R, string, error) {
	if p.After != "" {
		filter = append(filter, gt("_id", p.After))
	}
	return pageInOrder(ctx, s, listing{collection: collection, filter: filter, order: byRisingID}, p, record, id)
}

// examinedPage returns one page of those that selects takes of the documents of the listing, of
// which it reads its limit.
func examinedPage[D, R any](ctx context.Context, s *Store, l listing, size int, record func(D) R, selects func(R) bool, id func(R) string) ([]R, string, error) {
	docs, err := findListed[D](ctx, s, l)
	if err != nil {
		return nil, "", err
	}
	records, next := storage.ExaminedPage(convert(docs, record), size, l.limit, selects, id)
	return records, next, nil
}

func pageInOrder[D, R any](ctx context.Context, s *Store, l listing, p storage.Page, record func(D) R, id func(R) string) ([]R, string, error) {
	l.limit = p.Size() + 1
	docs, err := findListed[D](ctx, s, l)
	if err != nil {
		return nil, "", err
	}
	return trimPage(docs, p.Size(), record, id)
}

// trimPage drops the surplus document from a page.
func trimPage[D, R any](docs []D, size int, record func(D) R, id func(R) string) ([]R, string, error) {
	records := convert(docs[:min(size, len(docs))], record)
	if len(docs) <= size {
		return records, "", nil
	}
	return records, id(records[size-1]), nil
}

func convert[D, R any](docs []D, record func(D) R) []R {
	records := make([]R, len(docs))
	for i, d := range docs {
		records[i] = record(d)
	}
	return records
}

// batchSize is how many documents one command of a longer work touches.
const batchSize = 1000

const (
	// sweepSize is how many documents one command of a sweep deletes, so that requests get in between.
	sweepSize = 100

	// A sweep rests after each command for so many times as long as it took, but no longer than maxRest.
	restTimes = 4
	maxRest   = 250 * time.Millisecond
)

// rest waits until it is over or ctx ends.
func rest(ctx context.Context, took time.Duration) {
	timer := time.NewTimer(min(restTimes*took, maxRest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// sweep deletes up to limit documents whose time in field lies before the given
// one, the earliest first.
func (s *Store) sweep(ctx context.Context, collection, field string, before time.Time, limit int) (int64, error) {
	return s.sweepWhere(ctx, collection, lt(field, storage.Time(before)), limit)
}

// sweepWhere deletes up to limit documents below a bound of one field. A delete of
// many cannot be limited, so ids are looked up first, in the order of the field's
// index, which reads no more of the backlog than it deletes. The delete repeats
// the condition: what was renewed meanwhile stays.
func (s *Store) sweepWhere(ctx context.Context, collection string, expired bson.E, limit int) (int64, error) {
	var deleted int64
	for left := limit; left > 0; left -= sweepSize {
		begun := time.Now()
		n, found, err := s.sweepBatch(ctx, collection, expired, min(left, sweepSize))
		deleted += n
		if err != nil || found < sweepSize {
			return deleted, err
		}
		rest(ctx, time.Since(begun))
	}
	return deleted, nil
}

func (s *Store) sweepBatch(ctx context.Context, collection string, expired bson.E, limit int) (deleted int64, found int, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := findListed[idOnly](ctx, s, listing{collection: collection, filter: bson.D{expired}, order: bson.D{rising(expired.Key)}, limit: limit})
	if err != nil || len(docs) == 0 {
		return 0, 0, err
	}
	result, err := s.db.Collection(collection).DeleteMany(ctx, bson.D{in("_id", idsOf(docs)), expired})
	if err != nil {
		return 0, len(docs), s.unavailable("delete from "+collection, err)
	}
	return result.DeletedCount, len(docs), nil
}

// prefixRange is the condition that the text in the field begins with the prefix, taken
// literally: a range, which every server's index serves.
func prefixRange(prefix, field string) bson.E {
	if end := prefixEnd(prefix); end != "" {
		return both(gte(field, prefix), lt(field, end))
	}
	return gte(field, prefix)
}

// prefixEnd is the first text, in the order of code points (which is that of
// UTF-8's bytes), after all that begin with the prefix; "" where there is none.
func prefixEnd(prefix string) string {
	const maxRune, beforeSurrogates, afterSurrogates = '\U0010FFFF', '\uD7FF', '\uE000'
	runes := []rune(prefix)
	for i, r := range slices.Backward(runes) {
		switch r {
		case maxRune:
			continue
		case beforeSurrogates:
			return string(append(runes[:i], afterSurrogates))
		}
		return string(append(runes[:i], r+1))
	}
	return ""
}
