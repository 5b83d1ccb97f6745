package mongo

import (
	"bytes"
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"example.org/signet/storage"
)

// The collections.
const (
	rateCounters       = "attempts"
	audit              = "audit"
	clients            = "clients"
	pendingRevocations = "endings"
	sharedSets         = "guards"
	keys               = "keys"
	logins             = "logins"
	revocations        = "revocations"
	roles              = "roles"
	schema             = "schema"
	sessions           = "sessions"
	statusLists        = "status_lists"
	users              = "users"
)

// errDuplicate says for certain that a document was not inserted, because
// another one has its _id or another unique value.
var errDuplicate = errors.New("duplicate key")

// elem is one element of a document: a field and its value. Field names are written in this
// package; a value has a fixed Go type and so is never read as an operator.
func elem[T any](field string, value T) bson.E { return bson.E{Key: field, Value: value} }

// compare applies one operator of this package to a field.
func compare[T any](field, operator string, value T) bson.E {
	return elem(field, bson.D{elem(operator, value)})
}

// byID selects the one document with the id.
func byID[T string | int64](id T) bson.D { return bson.D{elem("_id", id)} }

// set is the update that sets the fields and leaves the others alone.
func set(fields ...bson.E) bson.D { return bson.D{elem("$set", bson.D(fields))} }

// nilIfEmpty is nil for an empty list too: a document leaves the field out for both.
func nilIfEmpty[T any](values []T) []T {
	if len(values) == 0 {
		return nil
	}
	return values
}

// insert adds a document that brings its own _id. Nil and errDuplicate are
// certain. Where the answer was lost on the way, the same document is inserted
// once more: it either goes in now, or meets itself.
func (s *Store) insert(ctx context.Context, collection string, doc any) error {
	raw, err := bson.Marshal(doc)
	if err != nil {
		return s.unavailable("encode for "+collection, err)
	}
	err = s.insertRaw(ctx, collection, raw)
	if driver.IsNetworkError(err) && ctx.Err() == nil {
		if err = s.insertRaw(ctx, collection, raw); isDuplicate(err) {
			return s.confirmInsert(ctx, collection, raw, err)
		}
	}
	if isDuplicate(err) {
		return errDuplicate
	}
	return s.unavailable("insert into "+collection, err)
}

func (s *Store) insertRaw(ctx context.Context, collection string, doc bson.Raw) error {
	_, err := s.db.Collection(collection).InsertOne(ctx, doc)
	return err
}

// insertInOrder adds documents until one fails. Of an answer that was lost on
// the way nobody knows how far it came.
func (s *Store) insertInOrder(ctx context.Context, collection string, docs []any) error {
	_, err := s.db.Collection(collection).InsertMany(ctx, docs)
	if isDuplicate(err) {
		return errDuplicate
	}
	return s.unavailable("insert into "+collection, err)
}

// confirmInsert decides what became of an insert without an answer whose repetition met
// a duplicate: it was carried out if the document it met is the same. Any
// other may have replaced it since, so nobody knows.
func (s *Store) confirmInsert(ctx context.Context, collection string, doc bson.Raw, cause error) error {
	met, err := s.db.Collection(collection).FindOne(ctx, bson.D{elem("_id", doc.Lookup("_id"))}).Raw()
	if err == nil && bytes.Equal(met, doc) {
		return nil
	}
	return s.unavailable("insert into "+collection, cause)
}

// isDuplicate tells whether the server refused a write for certain because a
// unique value is taken. With a write concern that failed as well it is not
// certain: the document that is in the way may be rolled back.
func isDuplicate(err error) bool {
	var w driver.WriteException
	if errors.As(err, &w) && w.WriteConcernError != nil {
		return false
	}
	var b driver.BulkWriteException
	if errors.As(err, &b) && b.WriteConcernError != nil {
		return false
	}
	return driver.IsDuplicateKeyError(err)
}

// findOne returns the one document that the filter selects. ErrNotFound.
func findOne[D any](ctx context.Context, s *Store, collection string, filter bson.D) (D, error) {
	var doc D
	err := s.db.Collection(collection).FindOne(ctx, filter).Decode(&doc)
	switch {
	case errors.Is(err, driver.ErrNoDocuments):
		return *new(D), storage.ErrNotFound
	case err != nil:
		return *new(D), s.unavailable("find in "+collection, err)
	}
	return doc, nil
}

// exists tells whether the filter selects any document.
func (s *Store) exists(ctx context.Context, collection string, filter bson.D) (bool, error) {
	err := s.db.Collection(collection).FindOne(ctx, filter, options.FindOne().SetProjection(bson.D{elem("_id", 1)})).Err()
	if errors.Is(err, driver.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, s.unavailable("find in "+collection, err)
}

// findAll returns every document that the filter selects, ordered by _id.
func findAll[D any](ctx context.Context, s *Store, collection string, filter bson.D) ([]D, error) {
	return findFirst[D](ctx, s, collection, filter, 0)
}

// cursorBatchSize is so large that an answer is whole: no cursor stays open on the
// server, and a listing costs one command.
const cursorBatchSize = storage.MaxPage + 1

// findFirst returns the first documents that the filter selects in the order of
// _id, up to limit; 0 means all.
func findFirst[D any](ctx context.Context, s *Store, collection string, filter bson.D, limit int) ([]D, error) {
	return findSorted[D](ctx, s, collection, filter, limit, 1)
}

// findSorted is findFirst by rising (1) or falling (-1) _id.
func findSorted[D any](ctx context.Context, s *Store, collection string, filter bson.D, limit, order int) ([]D, error) {
	opts := options.Find().SetSort(bson.D{elem("_id", order)}).SetBatchSize(cursorBatchSize)
	if limit > 0 {
		opts.SetLimit(int64(limit))
	}
	cursor, err := s.db.Collection(collection).Find(ctx, filter, opts)
	if err != nil {
		return nil, s.unavailable("find in "+collection, err)
	}
	var docs []D
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, s.unavailable("find in "+collection, err)
	}
	return docs, nil
}

// update changes the one document that the filter selects and tells whether
// there was one.
func (s *Store) update(ctx context.Context, collection string, filter, change bson.D) (bool, error) {
	result, err := s.db.Collection(collection).UpdateOne(ctx, filter, change)
	if err != nil {
		return false, s.unavailable("update in "+collection, err)
	}
	return result.MatchedCount == 1, nil
}

// replace puts doc in the place of the one document that the filter selects
// and tells whether there was one.
func (s *Store) replace(ctx context.Context, collection string, filter bson.D, doc any) (bool, error) {
	result, err := s.db.Collection(collection).ReplaceOne(ctx, filter, doc)
	if err != nil {
		return false, s.unavailable("update in "+collection, err)
	}
	return result.MatchedCount == 1, nil
}

// byRisingID is the order in which findAndUpdate takes the first of several.
var byRisingID = bson.D{elem("_id", 1)}

// findAndUpdate changes the one document that the filter selects, or the first
// in the given order, and returns it as changed, in one command. ErrNotFound.
func findAndUpdate[D any](ctx context.Context, s *Store, collection string, filter, change bson.D, order ...bson.D) (D, error) {
	var doc D
	opts := options.FindOneAndUpdate().SetReturnDocument(options.After)
	for _, o := range order {
		opts.SetSort(o)
	}
	err := s.db.Collection(collection).FindOneAndUpdate(ctx, filter, change, opts).Decode(&doc)
	switch {
	case errors.Is(err, driver.ErrNoDocuments):
		return *new(D), storage.ErrNotFound
	case err != nil:
		return *new(D), s.unavailable("update in "+collection, err)
	}
	return doc, nil
}

// delete removes the one document that the filter selects and tells whether
// there was one.
func (s *Store) delete(ctx context.Context, collection string, filter bson.D) (bool, error) {
	result, err := s.db.Collection(collection).DeleteOne(ctx, filter)
	if err != nil {
		return false, s.unavailable("delete from "+collection, err)
	}
	return result.DeletedCount == 1, nil
}

// conflictOrNotFound explains a compare-and-swap that met no document: ErrConflict if the
// id exists, ErrNotFound if it does not.
func (s *Store) conflictOrNotFound(ctx context.Context, collection, id string) error {
	there, err := s.exists(ctx, collection, byID(id))
	if err != nil {
		return err
	}
	if there {
		return storage.ErrConflict
	}
	return storage.ErrNotFound
}

// requireFound turns a step that met no document into ErrNotFound.
func requireFound(met bool, err error) error {
	if err == nil && !met {
		return storage.ErrNotFound
	}
	return err
}
