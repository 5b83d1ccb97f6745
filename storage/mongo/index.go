package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// indexTimeout bounds the making of one index: on a large collection that a new
// version gives a new index, it takes a while.
const indexTimeout = 10 * time.Minute

// An index is made under a fixed name and never changed under that name.
type index struct {
	collection, name string
	fields           []string // ascending
	unique           bool
	sparse           bool // leaves out the documents without the field
}

// indexes are all but those on _id. Only one is unique: what instances contend
// for is an _id. A listing's index ends in _id, so that its pages come in order.
func indexes() []index {
	return []index{
		{collection: rateCounters, name: "attempts_reset", fields: []string{"reset_at"}},
		{collection: audit, name: "audit_actor", fields: []string{"actor", "_id"}},
		{collection: audit, name: "audit_at", fields: []string{"at"}},
		{collection: audit, name: "audit_client", fields: []string{"client_id", "_id"}},
		{collection: audit, name: "audit_request", fields: []string{"request_id", "_id"}},
		{collection: audit, name: "audit_target", fields: []string{"target", "_id"}},
		{collection: audit, name: "audit_type", fields: []string{"type", "_id"}},
		{collection: browserSessions, name: "browser_sessions_end", fields: []string{"ends_at"}},
		{collection: browserSessions, name: "browser_sessions_root", fields: []string{"root_id", "_id"}},
		{collection: browserSessions, name: "browser_sessions_user", fields: []string{"user_id", "_id"}},
		{collection: clients, name: "clients_origins", fields: []string{"origins"}},
		{collection: consents, name: "consents_client", fields: []string{"client_id", "_id"}},
		{collection: consents, name: "consents_user", fields: []string{"user_id", "_id"}},
		{collection: deviceRequests, name: "device_requests_expiry", fields: []string{"expires_at"}},
		{collection: keys, name: "keys_kid", fields: []string{"kid"}, unique: true},
		{collection: logins, name: "logins_user", fields: []string{"user_id"}},
		{collection: outbox, name: "outbox_due", fields: []string{"due_at", "_id"}},
		{collection: outbox, name: "outbox_expiry", fields: []string{"expires_at"}},
		{collection: revocations, name: "revocations_expiry", fields: []string{"expires_at"}},
		{collection: sessions, name: "sessions_browser", fields: []string{"browser", "_id"}},
		{collection: sessions, name: "sessions_client", fields: []string{"client_id", "_id"}},
		{collection: sessions, name: "sessions_due", fields: []string{"due"}, sparse: true},
		{collection: sessions, name: "sessions_expiry", fields: []string{"expires_at"}},
		{collection: sessions, name: "sessions_living", fields: []string{"user_id", "client_id", "revoked_at", "code", "created_at", "_id"}},
		{collection: sessions, name: "sessions_user", fields: []string{"user_id", "_id"}},
		{collection: userFactors, name: "user_factors_handle", fields: []string{"handle"}, sparse: true},
		{collection: userLinks, name: "user_links_user", fields: []string{"user_id", "_id"}},
		{collection: users, name: "users_by_creation", fields: []string{"disabled", "must_change_password", "created_at", "_id"}},
		{collection: users, name: "users_by_email", fields: []string{"disabled", "must_change_password", "email"}},
		{collection: users, name: "users_by_role_creation", fields: []string{"roles", "disabled", "must_change_password", "created_at", "_id"}},
		{collection: users, name: "users_by_role_email", fields: []string{"roles", "disabled", "must_change_password", "email"}},
		{collection: users, name: "users_by_role_username", fields: []string{"roles", "disabled", "must_change_password", "username"}},
		{collection: users, name: "users_by_username", fields: []string{"disabled", "must_change_password", "username"}},
	}
}

// ensureIndexes creates the missing indexes, one command each, and checks that the unique
// one is enforced: not every server reports that it ignores the option.
func (s *Store) ensureIndexes(ctx context.Context) error {
	for _, i := range indexes() {
		if err := s.ensureIndex(ctx, i); err != nil {
			return err
		}
		if !i.unique {
			continue
		}
		if err := s.checkUnique(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) ensureIndex(ctx context.Context, i index) error {
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	order := convert(i.fields, rising)
	opts := options.Index().SetName(i.name)
	if i.unique {
		opts.SetUnique(true)
	}
	if i.sparse {
		opts.SetSparse(true)
	}
	_, err := s.db.Collection(i.collection).Indexes().CreateOne(ctx, driver.IndexModel{Keys: bson.D(order), Options: opts})
	return s.explainIndexError(i, err)
}

// earlierIndexes served the listings of earlier programs and nothing else.
func earlierIndexes() []index {
	return []index{
		{collection: sessions, name: "sessions_owner"},
		{collection: users, name: "users_email"},
		{collection: users, name: "users_roles"},
		{collection: users, name: "users_username"},
	}
}

// indexNotFound is the server's code for an index that does not exist.
const indexNotFound = 27

// dropEarlierIndexes drops what a database of an earlier program has, so that a user is not
// written to indexes that nothing reads.
func (s *Store) dropEarlierIndexes(ctx context.Context) error {
	for _, i := range earlierIndexes() {
		ctx, cancel := s.withTimeout(ctx)
		err := s.db.Collection(i.collection).Indexes().DropOne(ctx, i.name)
		cancel()
		var refused driver.CommandError
		if errors.As(err, &refused) && refused.Code == indexNotFound {
			continue
		}
		if err != nil {
			return s.unavailable("drop index "+i.name, err)
		}
	}
	return nil
}

// indexConflicts are the server's codes for an index that exists differently:
// IndexOptionsConflict and IndexKeySpecsConflict.
var indexConflicts = []int32{85, 86}

// explainIndexError explains why an index could not be made.
func (s *Store) explainIndexError(i index, err error) error {
	what := fmt.Sprintf("mongodb: make index %s of collection %s", i.name, i.collection)
	var refused driver.CommandError
	switch {
	case err == nil:
		return nil
	case isDuplicate(err):
		return fmt.Errorf("%s: two documents have the same %s: remove one of them: %w", what, i.fields[0], s.secrets.redact(err))
	case errors.As(err, &refused) && slices.Contains(indexConflicts, refused.Code):
		return fmt.Errorf("%s: there is another index of that name or on these fields: drop it and start again: %w", what, s.secrets.redact(err))
	}
	return s.unavailable(strings.TrimPrefix(what, "mongodb: "), err)
}

// checkUnique returns an error if the server does not enforce the index.
func (s *Store) checkUnique(ctx context.Context, i index) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	specs, err := s.db.Collection(i.collection).Indexes().ListSpecifications(ctx)
	if err != nil {
		return s.unavailable("list indexes of "+i.collection, err)
	}
	for _, spec := range specs {
		if spec.Name == i.name && spec.Unique != nil && *spec.Unique {
			return nil
		}
	}
	return fmt.Errorf("mongodb: index %s of collection %s is not unique: drop it and start again", i.name, i.collection)
}
