package mongo

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"example.org/signet/storage"
)

// The driver repeats no write. Where the answer to one was lost, the outcome is
// settled here, in the same way on every kind of server:
//
//   - an insert is repeated; if it then meets a document with its id, that document
//     is compared with it
//   - a conditional update is repeated, for once it was carried out its condition
//     holds no more; if the repetition meets nothing, the document is asked for
//     the mark that the update leaves
//   - a rotation is not repeated: its mark is the generation and the time; nor is the
//     redemption of a code (generation, time and place in the status lists) or the lease of
//     a message (owner, attempt and end)
//   - what counts is not repeated: its outcome stays unknown

// errDuplicate says for certain that a document was not inserted, because
// another one has its _id or another unique value.
var errDuplicate = errors.New("duplicate key")

// stateChanges are the server's codes for a primary that steps down or shuts down:
// ShutdownInProgress, PrimarySteppedDown, LegacyNotPrimary, NotWritablePrimary,
// InterruptedAtShutdown, InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk,
// NotPrimaryOrSecondary.
var stateChanges = []int{91, 189, 10058, 10107, 11600, 11602, 13435, 13436}

// inDoubt tells whether a write may have been carried out or not, and there is
// time to find out.
func inDoubt(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	var refused driver.ServerError
	if errors.As(err, &refused) && slices.ContainsFunc(stateChanges, refused.HasErrorCode) {
		return true
	}
	return driver.IsNetworkError(err)
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

// insert adds a document that brings its own _id. Nil and errDuplicate are certain.
func (s *Store) insert(ctx context.Context, collection string, doc any) error {
	raw, err := bson.Marshal(doc)
	if err != nil {
		return s.unavailable("encode for "+collection, err)
	}
	err = s.insertOnce(ctx, collection, raw)
	if inDoubt(ctx, err) {
		if err = s.insertOnce(ctx, collection, raw); isDuplicate(err) {
			return s.confirm(ctx, collection, raw, err)
		}
	}
	if isDuplicate(err) {
		return errDuplicate
	}
	return s.unavailable("insert into "+collection, err)
}

func (s *Store) insertOnce(ctx context.Context, collection string, doc bson.Raw) error {
	_, err := s.db.Collection(collection).InsertOne(ctx, doc)
	return err
}

// confirm decides what became of a write without an answer whose repetition met
// another state: it was carried out if the document is as it wrote it. Any
// other may have replaced it since, so the outcome is unknown.
func (s *Store) confirm(ctx context.Context, collection string, doc bson.Raw, cause error) error {
	met, err := s.db.Collection(collection).FindOne(ctx, bson.D{eq("_id", doc.Lookup("_id"))}).Raw()
	if err == nil && bytes.Equal(met, doc) {
		return nil
	}
	return s.unavailable("write to "+collection, cause)
}

// insertInOrder adds documents until one fails. Where the answer was lost, those
// that are there are confirmed and the rest is inserted.
func (s *Store) insertInOrder(ctx context.Context, collection string, docs []any) error {
	_, err := s.db.Collection(collection).InsertMany(ctx, docs)
	switch {
	case isDuplicate(err):
		return errDuplicate
	case !inDoubt(ctx, err):
		return s.unavailable("insert into "+collection, err)
	}
	for n, doc := range docs {
		raw, encodeErr := bson.Marshal(doc)
		if encodeErr != nil {
			return s.unavailable("encode for "+collection, encodeErr)
		}
		there, findErr := s.exists(ctx, collection, bson.D{eq("_id", bson.Raw(raw).Lookup("_id"))})
		if findErr != nil {
			return findErr
		}
		if !there {
			_, err = s.db.Collection(collection).InsertMany(ctx, docs[n:])
			return s.unavailable("insert into "+collection, err) // a duplicate too: the lost command may still be running
		}
		if err := s.confirm(ctx, collection, raw, err); err != nil {
			return err
		}
	}
	return nil
}

// update changes the one document that the filter selects and tells whether there
// was one. The change must make the filter false. mark selects the document as
// the change leaves it; with nil the caller looks for itself what is there now.
func (s *Store) update(ctx context.Context, collection string, filter, change, mark bson.D) (bool, error) {
	met, err := s.updateOnce(ctx, collection, filter, change)
	if !inDoubt(ctx, err) {
		return met, s.unavailable("update in "+collection, err)
	}
	met, again := s.updateOnce(ctx, collection, filter, change)
	if met || again != nil || mark == nil {
		return met, s.unavailable("update in "+collection, again)
	}
	if met, again = s.exists(ctx, collection, mark); met || again != nil {
		return met, again
	}
	return false, s.unavailable("update in "+collection, err)
}

func (s *Store) updateOnce(ctx context.Context, collection string, filter, change bson.D) (bool, error) {
	result, err := s.db.Collection(collection).UpdateOne(ctx, filter, change)
	return err == nil && result.MatchedCount == 1, err
}

// replace puts doc in the place of the one document that the filter selects and
// tells whether there was one. The replacement must make the filter false.
func (s *Store) replace(ctx context.Context, collection string, filter bson.D, doc any) (bool, error) {
	raw, err := bson.Marshal(doc)
	if err != nil {
		return false, s.unavailable("encode for "+collection, err)
	}
	met, err := s.replaceOnce(ctx, collection, filter, raw)
	if !inDoubt(ctx, err) {
		return met, s.unavailable("update in "+collection, err)
	}
	met, again := s.replaceOnce(ctx, collection, filter, raw)
	if met || again != nil {
		return met, s.unavailable("update in "+collection, again)
	}
	err = s.confirm(ctx, collection, raw, err)
	return err == nil, err
}

func (s *Store) replaceOnce(ctx context.Context, collection string, filter bson.D, doc bson.Raw) (bool, error) {
	result, err := s.db.Collection(collection).ReplaceOne(ctx, filter, doc)
	return err == nil && result.MatchedCount == 1, err
}

// findAndUpdate changes the one document that the filter selects, or the first
// in the given order, and returns it as changed, in one command. ErrNotFound.
func findAndUpdate[D any](ctx context.Context, s *Store, collection string, filter, change bson.D, order ...bson.D) (D, error) {
	doc, err := findAndUpdateOnce[D](ctx, s, collection, filter, change, order...)
	switch {
	case errors.Is(err, driver.ErrNoDocuments):
		return *new(D), storage.ErrNotFound
	case err != nil:
		return *new(D), s.unavailable("update in "+collection, err)
	}
	return doc, nil
}

// findAndMark is findAndUpdate where a lost answer is looked for: mark selects the
// document as only this change leaves it. The command is not repeated.
func findAndMark[D any](ctx context.Context, s *Store, collection string, filter, change, mark bson.D) (D, error) {
	doc, err := findAndUpdateOnce[D](ctx, s, collection, filter, change)
	if inDoubt(ctx, err) {
		if marked, findErr := findOne[D](ctx, s, collection, mark); findErr == nil {
			return marked, nil
		}
	}
	switch {
	case errors.Is(err, driver.ErrNoDocuments):
		return *new(D), storage.ErrNotFound
	case err != nil:
		return *new(D), s.unavailable("update in "+collection, err)
	}
	return doc, nil
}

func findAndUpdateOnce[D any](ctx context.Context, s *Store, collection string, filter, change bson.D, order ...bson.D) (doc D, err error) {
	opts := options.FindOneAndUpdate().SetReturnDocument(options.After)
	for _, o := range order {
		opts.SetSort(o)
	}
	err = s.db.Collection(collection).FindOneAndUpdate(ctx, filter, change, opts).Decode(&doc)
	return doc, err
}

// delete removes the one document that the filter selects and tells whether
// there was one. Where the answer was lost and there is none any more, the
// outcome is unknown: it may never have been there.
func (s *Store) delete(ctx context.Context, collection string, filter bson.D) (bool, error) {
	met, err := s.deleteOnce(ctx, collection, filter)
	if !inDoubt(ctx, err) {
		return met, s.unavailable("delete from "+collection, err)
	}
	met, again := s.deleteOnce(ctx, collection, filter)
	if met {
		return true, nil
	}
	if again == nil {
		again = err
	}
	return false, s.unavailable("delete from "+collection, again)
}

// remove is delete for callers to whom it is the same whether there was one.
func (s *Store) remove(ctx context.Context, collection string, filter bson.D) error {
	_, err := s.deleteOnce(ctx, collection, filter)
	if inDoubt(ctx, err) {
		_, err = s.deleteOnce(ctx, collection, filter)
	}
	return s.unavailable("delete from "+collection, err)
}

func (s *Store) deleteOnce(ctx context.Context, collection string, filter bson.D) (bool, error) {
	result, err := s.db.Collection(collection).DeleteOne(ctx, filter)
	return err == nil && result.DeletedCount == 1, err
}
