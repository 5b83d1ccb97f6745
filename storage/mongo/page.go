package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// page returns one page of what the filter selects, ordered by _id, and the
// cursor of the next, which is the last _id. One document more than the page
// holds is read, to see whether something follows.
func page[D, R any](ctx context.Context, s *Store, collection string, filter bson.D, p storage.Page, record func(D) R, id func(R) string) ([]R, string, error) {
	if p.After != "" {
		filter = append(filter, compare("_id", "$gt", p.After))
	}
	size := p.Size()
	docs, err := findFirst[D](ctx, s, collection, filter, size+1)
	if err != nil {
		return nil, "", err
	}
	return trimPage(docs, size, record, id)
}

// pageDown is page by falling _id.
func pageDown[D, R any](ctx context.Context, s *Store, collection string, filter bson.D, p storage.Page, record func(D) R, id func(R) string) ([]R, string, error) {
	if p.After != "" {
		filter = append(filter, compare("_id", "$lt", p.After))
	}
	size := p.Size()
	docs, err := findSorted[D](ctx, s, collection, filter, size+1, -1)
	if err != nil {
		return nil, "", err
	}
	return trimPage(docs, size, record, id)
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

// idOnly is a document of which only its id matters.
type idOnly struct {
	ID string `bson:"_id"`
}

func idsOf(docs []idOnly) []string { return convert(docs, func(d idOnly) string { return d.ID }) }

// sweep deletes up to limit documents whose time in field lies before the
// given one. A delete of many cannot be limited, so ids are looked up first,
// and the delete repeats the condition: what was renewed meanwhile stays.
func (s *Store) sweep(ctx context.Context, collection, field string, before time.Time, limit int) (int64, error) {
	return s.sweepWhere(ctx, collection, compare(field, "$lt", storage.Time(before)), limit)
}

func (s *Store) sweepWhere(ctx context.Context, collection string, expired bson.E, limit int) (int64, error) {
	var deleted int64
	for left := limit; left > 0; left -= batchSize {
		n, found, err := s.sweepBatch(ctx, collection, expired, min(left, batchSize))
		deleted += n
		if err != nil || found < batchSize {
			return deleted, err
		}
	}
	return deleted, nil
}

func (s *Store) sweepBatch(ctx context.Context, collection string, expired bson.E, limit int) (deleted int64, found int, err error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := findFirst[idOnly](ctx, s, collection, bson.D{expired}, limit)
	if err != nil || len(docs) == 0 {
		return 0, 0, err
	}
	result, err := s.db.Collection(collection).DeleteMany(ctx, bson.D{compare("_id", "$in", idsOf(docs)), expired})
	if err != nil {
		return 0, len(docs), s.unavailable("delete from "+collection, err)
	}
	return result.DeletedCount, len(docs), nil
}

// hasPrefix selects the documents whose text in any of the fields begins
// with the prefix, taken literally: a range, which every server's index serves.
func hasPrefix(prefix string, fields ...string) bson.E {
	bounds := bson.D{elem("$gte", prefix)}
	if end := prefixEnd(prefix); end != "" {
		bounds = append(bounds, elem("$lt", end))
	}
	any := make(bson.A, len(fields))
	for i, f := range fields {
		any[i] = bson.D{elem(f, bounds)}
	}
	return elem("$or", any)
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
