package mongo

import (
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
	attributeSchema    = "attribute_schema"
	audit              = "audit"
	browserSessions    = "browser_sessions"
	clientLogos        = "client_logos"
	clients            = "clients"
	connectors         = "connectors"
	consents           = "consents"
	deviceRequests     = "device_requests"
	pendingRevocations = "endings"
	sharedSets         = "guards"
	keys               = "keys"
	logins             = "logins"
	outbox             = "outbox"
	revocations        = "revocations"
	roles              = "roles"
	schema             = "schema"
	scopeTexts         = "scope_texts"
	sessions           = "sessions"
	statusLists        = "status_lists"
	userFactors        = "user_factors"
	userLinks          = "user_links"
	users              = "users"
)

// nilIfEmpty is nil for an empty list too: a document leaves the field out for both.
func nilIfEmpty[T any](values []T) []T {
	if len(values) == 0 {
		return nil
	}
	return values
}

// findOne returns the one document that the filter selects. ErrNotFound.
func findOne[D any](ctx context.Context, s *Store, collection string, filter bson.D) (D, error) {
	var doc D
	opts := options.FindOne()
	if part, is := any(doc).(partial); is {
		opts.SetProjection(part.projection())
	}
	err := s.db.Collection(collection).FindOne(ctx, filter, opts).Decode(&doc)
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
	err := s.db.Collection(collection).FindOne(ctx, filter, options.FindOne().SetProjection(idProjection)).Err()
	if errors.Is(err, driver.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, s.unavailable("find in "+collection, err)
}

// cursorBatchSize is so large that the answer to a page is whole: no cursor stays
// open on the server, and a listing costs one command.
const cursorBatchSize = storage.MaxPage + 1

// A listing selects documents of one collection.
type listing struct {
	collection  string
	filter      bson.D
	order       bson.D // nil for any order
	skip, limit int    // 0 for none
}

var (
	byRisingID  = bson.D{rising("_id")}
	byFallingID = bson.D{falling("_id")}
)

// find returns the documents of a listing. Of a [partial] document only its own
// fields are read.
func find[D any](ctx context.Context, s *Store, l listing) ([]D, error) {
	opts := options.Find().SetBatchSize(cursorBatchSize)
	if l.order != nil {
		opts.SetSort(l.order)
	}
	if l.skip > 0 {
		opts.SetSkip(int64(l.skip))
	}
	if l.limit > 0 {
		opts.SetLimit(int64(l.limit))
	}
	if part, is := any(*new(D)).(partial); is {
		opts.SetProjection(part.projection())
	}
	cursor, err := s.db.Collection(l.collection).Find(ctx, l.filter, opts)
	if err != nil {
		return nil, s.unavailable("find in "+l.collection, err)
	}
	var docs []D
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, s.unavailable("find in "+l.collection, err)
	}
	return docs, nil
}

// findListed is find for listings, sweeps and exports. It waits for one of the permits, which leave
// most of the connections to requests.
func findListed[D any](ctx context.Context, s *Store, l listing) ([]D, error) {
	select {
	case s.listers <- struct{}{}:
		defer func() { <-s.listers }()
	case <-ctx.Done():
		return nil, s.unavailable("wait to list "+l.collection, ctx.Err())
	}
	return find[D](ctx, s, l)
}

// insertUnique inserts a document. *DuplicateError of the field if its _id is taken.
func (s *Store) insertUnique(ctx context.Context, collection, field string, doc any) error {
	err := s.insert(ctx, collection, doc)
	if errors.Is(err, errDuplicate) {
		return &storage.DuplicateError{Field: field}
	}
	return err
}

// put inserts the document of the id, or replaces it whatever it is: the later of two
// puts at once wins.
func (s *Store) put(ctx context.Context, collection, id string, doc any) error {
	for range maxPutTries {
		done, err := s.replace(ctx, collection, byID(id), doc)
		if done || err != nil {
			return err
		}
		if err = s.insert(ctx, collection, doc); !errors.Is(err, errDuplicate) {
			return err
		}
	}
	return s.unavailable("write to "+collection, errPutContended)
}

// maxPutTries bounds how often a put starts over because others inserted and deleted the
// document at every step.
const maxPutTries = 8

var errPutContended = errors.New("the document came and went at every step")

// replaceVersion replaces the document of the id in that version by doc, whose
// version must be another one. ErrConflict, ErrNotFound.
func (s *Store) replaceVersion(ctx context.Context, collection, id string, version int64, doc any) error {
	done, err := s.replace(ctx, collection, bson.D{eq("_id", id), eq("version", version)}, doc)
	if done || err != nil {
		return err
	}
	return s.conflictOrNotFound(ctx, collection, id)
}

// deleteVersion deletes the document of the id in that version, 0 standing for
// any. ErrConflict, ErrNotFound.
func (s *Store) deleteVersion(ctx context.Context, collection, id string, version int64) error {
	if version == 0 {
		return requireFound(s.delete(ctx, collection, byID(id)))
	}
	done, err := s.delete(ctx, collection, append(byID(id), eq("version", version)))
	if err != nil || done {
		return err
	}
	return s.conflictOrNotFound(ctx, collection, id)
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
