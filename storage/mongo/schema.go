package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// ErrForeign refuses a database that another program fills.
var ErrForeign = errors.New("not a Signet database")

// schemaVersion is the newest layout of the database that this program knows:
//
//	1  the first
//	2  audit events by client have an index
//	3  sessions may begin in a browser
//	4  users may have second factors
//	5  users have an index for each order and filter of their listing
//	6  users may have attributes
//	7  sessions with a code are apart from the living in the index by owner
//	8  users may sign in at other providers
//	9  devices may ask for a sign-in
const schemaVersion = 9

// schemaID is the _id of the one document in the collection schema.
const schemaID = "signet"

// schemaDoc holds the name of the program that owns the database, and the schema version.
type schemaDoc struct {
	ID      string `bson:"_id"`
	Version int64  `bson:"version"`
}

// ensureSchema returns an error unless the database is Signet's, in a version that this
// program knows, or empty. It marks an empty one; of several programs that start at once,
// one inserts the mark and the others read it.
func (s *Store) ensureSchema(ctx context.Context) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	err := s.checkSchema(ctx)
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err := s.checkForeign(ctx); err != nil {
		return err
	}
	err = s.insert(ctx, schema, schemaDoc{ID: schemaID, Version: schemaVersion})
	if errors.Is(err, errDuplicate) {
		return s.checkSchema(ctx)
	}
	return err
}

// checkSchema compares the mark. ErrNotFound where there is none.
func (s *Store) checkSchema(ctx context.Context) error {
	mark, err := findOne[schemaDoc](ctx, s, schema, byID(schemaID))
	switch {
	case err != nil:
		return err
	case mark.Version > schemaVersion:
		return &storage.SchemaError{Found: int(mark.Version), Known: schemaVersion}
	case mark.Version < 1:
		return fmt.Errorf("mongodb: database %s has schema version %d, which never existed: restore its collection %s from a backup", s.db.Name(), mark.Version, schema)
	}
	return nil
}

// raiseSchema marks the database with the newest layout, when its indexes are made.
// Of several that start at once one does and the others find it done.
func (s *Store) raiseSchema(ctx context.Context) error {
	older := bson.D{eq("_id", schemaID), lt("version", int64(schemaVersion))}
	if behind, err := s.isOlder(ctx, older); err != nil || !behind {
		return err
	}
	if err := s.dropEarlierIndexes(ctx); err != nil {
		return err
	}
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	_, err := s.update(ctx, schema, older, bson.D{set(value("version", int64(schemaVersion)))}, nil)
	return err
}

func (s *Store) isOlder(ctx context.Context, older bson.D) (bool, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.exists(ctx, schema, older)
}

// checkForeign refuses a database without a mark where some of the collections
// exist already: they are another program's.
func (s *Store) checkForeign(ctx context.Context) error {
	found, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return s.unavailable("list collections", err)
	}
	taken := slices.DeleteFunc(found, func(name string) bool { return name == schema || !slices.Contains(collections(), name) })
	if len(taken) == 0 {
		return nil
	}
	// Another instance may have marked the database and begun to fill it since.
	if err := s.checkSchema(ctx); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	slices.Sort(taken)
	return fmt.Errorf("mongodb: database %s: %w: it has a collection %s and no mark of signet; name another database in the connection string",
		s.db.Name(), ErrForeign, strings.Join(taken, ", "))
}

// collections are the names that this program uses.
func collections() []string {
	return []string{
		rateCounters, attributeSchema, audit, browserSessions, clientLogos, clients, connectors, consents, deviceRequests, pendingRevocations, sharedSets, keys, logins, outbox,
		revocations, roles, schema, scopeTexts, sessions, statusLists, userFactors, userLinks, users,
	}
}
