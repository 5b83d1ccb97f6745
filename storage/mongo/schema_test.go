package mongo_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

// raw opens the database that the URI names without a store.
func raw(t *testing.T, uri string) *driver.Database {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	_, name, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
	name, _, _ = strings.Cut(name, "?")
	return client.Database(name)
}

// put inserts documents past the store.
func put(t *testing.T, db *driver.Database, collection string, docs ...bson.D) {
	t.Helper()
	for _, d := range docs {
		if _, err := db.Collection(collection).InsertOne(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
}

func field(key string, value any) bson.E { return bson.E{Key: key, Value: value} }

// wantOpenError opens the database and demands an error that holds all the words.
func wantOpenError(t *testing.T, uri string, words ...string) error {
	t.Helper()
	s, err := mongo.Open(t.Context(), uri, newClock().Now, mongo.WithTimeout(testTimeout))
	if err == nil {
		_ = s.Close()
		t.Fatal("the database was opened")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v does not say %q", err, w)
		}
	}
	return err
}

func TestFutureSchemaIsRefused(t *testing.T) {
	uri := mongotest.URI(t)
	put(t, raw(t, uri), "schema", bson.D{field("_id", "signet"), field("version", int64(10))})
	var schema *storage.SchemaError
	if err := wantOpenError(t, uri, "version 10"); !errors.As(err, &schema) || schema.Found != 10 || schema.Known != 9 {
		t.Errorf("got %v, want a SchemaError of 10 and 9", err)
	}
}

// A database of an earlier program gets what it lacks, and the mark after that.
func TestEarlierSchemaIsRaised(t *testing.T) {
	uri := mongotest.URI(t)
	db := raw(t, uri)
	put(t, db, "schema", bson.D{field("_id", "signet"), field("version", int64(1))})
	put(t, db, "audit", bson.D{field("_id", "e"), field("at", start), field("client_id", "c")})
	for range 2 { // again there is nothing to do
		s := open(t, uri)
		if v, err := s.SchemaVersion(t.Context()); err != nil || v != 9 {
			t.Errorf("schema version %d, %v; want 9", v, err)
		}
		page, err := s.ListAudit(t.Context(), storage.AuditFilter{ClientID: "c"}, storage.Page{})
		if err != nil || len(page.Events) != 1 {
			t.Errorf("%d events of the client, %v", len(page.Events), err)
		}
	}
	names, err := db.Collection("audit").Indexes().ListSpecifications(t.Context())
	if err != nil || !slices.ContainsFunc(names, func(i driver.IndexSpecification) bool { return i.Name == "audit_client" }) {
		t.Errorf("no index audit_client, %v", err)
	}
}

// Users of an earlier program are listed in every way, and its indexes on them are dropped.
func TestEarlierUsersAreListed(t *testing.T) {
	uri := mongotest.URI(t)
	db := raw(t, uri)
	put(t, db, "schema", bson.D{field("_id", "signet"), field("version", int64(3))})
	put(t, db, "users",
		bson.D{field("_id", int64(1)), field("number", int64(7)), field("since", start), field("incomplete", false)}, // the epoch
		bson.D{field("_id", "u1"), field("username", "ann"), field("email", "zoe@example.org"), field("roles", bson.A{"user"}), field("disabled", false), field("version", int64(1)), field("created_at", start)},
		bson.D{field("_id", "u2"), field("username", "bob"), field("email", ""), field("roles", bson.A{"user"}), field("disabled", true), field("must_change_password", true), field("version", int64(1)), field("created_at", start)})
	for _, i := range []struct{ name, field string }{{"users_email", "email"}, {"users_username", "username"}} { // and no users_roles: a start may be repeated
		model := driver.IndexModel{Keys: bson.D{field(i.field, 1)}, Options: options.Index().SetName(i.name)}
		if _, err := db.Collection("users").Indexes().CreateOne(t.Context(), model); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, uri)
	yes, no := true, false
	for want, f := range map[string]storage.UserFilter{
		"u1 u2": {}, "u2 u1": {Descending: true, Role: "user"}, "u1": {Prefix: "z", MustChangePassword: &no}, "u2": {Order: storage.UsersByName, MustChangePassword: &yes},
	} {
		page, err := s.ListUsers(t.Context(), f, storage.Page{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, u := range page.Users {
			got = append(got, u.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%+v: listed %q, want %s", f, got, want)
		}
	}
	if diff := cmp.Diff(wantIndexes, indexesOf(t, db)); diff != "" {
		t.Errorf("indexes (-want +got):\n%s", diff)
	}
}

func TestSchemaThatNeverWasIsRefused(t *testing.T) {
	uri := mongotest.URI(t)
	put(t, raw(t, uri), "schema", bson.D{field("_id", "signet"), field("version", int64(0))})
	if err := wantOpenError(t, uri, "version 0", "backup"); errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%v blames the server", err)
	}
}

func TestForeignDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	uri := mongotest.URI(t)
	db := raw(t, uri)
	put(t, db, "users", bson.D{field("_id", int64(1)), field("name", "somebody")})
	put(t, db, "articles", bson.D{field("_id", int64(1))})
	if err := wantOpenError(t, uri, "collection users", "name another database"); !errors.Is(err, mongo.ErrForeign) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v, want ErrForeign", err)
	}
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"articles", "users"}) {
		t.Errorf("collections afterwards: %v, %v", names, err)
	}
}

func TestOtherCollectionsAreNoHindrance(t *testing.T) {
	uri := mongotest.URI(t)
	put(t, raw(t, uri), "articles", bson.D{field("_id", int64(1))})
	open(t, uri)
}

// wantIndexes is every index but those on _id, and which of them are unique.
var wantIndexes = map[string]bool{
	"attempts.attempts_reset{reset_at}": false,
	"audit.audit_actor{actor _id}":      false, "audit.audit_at{at}": false, "audit.audit_client{client_id _id}": false, "audit.audit_request{request_id _id}": false, "audit.audit_target{target _id}": false, "audit.audit_type{type _id}": false,
	"browser_sessions.browser_sessions_end{ends_at}": false, "browser_sessions.browser_sessions_root{root_id _id}": false, "browser_sessions.browser_sessions_user{user_id _id}": false,
	"clients.clients_origins{origins}":        false,
	"consents.consents_client{client_id _id}": false, "consents.consents_user{user_id _id}": false,
	"device_requests.device_requests_expiry{expires_at}": false,
	"outbox.outbox_due{due_at _id}":                      false, "outbox.outbox_expiry{expires_at}": false,
	"sessions.sessions_browser{browser _id}":     false,
	"keys.keys_kid{kid}":                         true,
	"logins.logins_user{user_id}":                false,
	"revocations.revocations_expiry{expires_at}": false,
	"sessions.sessions_client{client_id _id}":    false, "sessions.sessions_due{due}": false, "sessions.sessions_expiry{expires_at}": false, "sessions.sessions_user{user_id _id}": false,
	"sessions.sessions_living{user_id client_id revoked_at code created_at _id}": false,
	"user_factors.user_factors_handle{handle}":                                   false,
	"user_links.user_links_user{user_id _id}":                                    false,
	"users.users_by_creation{disabled must_change_password created_at _id}":      false, "users.users_by_role_creation{roles disabled must_change_password created_at _id}": false,
	"users.users_by_email{disabled must_change_password email}": false, "users.users_by_role_email{roles disabled must_change_password email}": false,
	"users.users_by_username{disabled must_change_password username}": false, "users.users_by_role_username{roles disabled must_change_password username}": false,
}

func indexesOf(t *testing.T, db *driver.Database) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	for _, collection := range names {
		specs, err := db.Collection(collection).Indexes().ListSpecifications(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range specs {
			if spec.Name == "_id_" {
				continue
			}
			var fields []string
			elements, _ := spec.KeysDocument.Elements()
			for _, e := range elements {
				fields = append(fields, e.Key())
			}
			found[collection+"."+spec.Name+"{"+strings.Join(fields, " ")+"}"] = spec.Unique != nil && *spec.Unique
		}
	}
	return found
}

func TestIndexesAreThereAfterEveryStart(t *testing.T) {
	uri := mongotest.URI(t)
	for range 2 {
		open(t, uri)
		if diff := cmp.Diff(wantIndexes, indexesOf(t, raw(t, uri))); diff != "" {
			t.Errorf("indexes (-want +got):\n%s", diff)
		}
	}
}

func TestMissingIndexIsMadeAgain(t *testing.T) {
	uri := mongotest.URI(t)
	open(t, uri)
	db := raw(t, uri)
	if err := db.Collection("keys").Indexes().DropOne(t.Context(), "keys_kid"); err != nil {
		t.Fatal(err)
	}
	s := open(t, uri)
	if err := s.InsertKey(t.Context(), testKey(1, "kid")); err != nil {
		t.Fatal(err)
	}
	var dup *storage.DuplicateError
	if err := s.InsertKey(t.Context(), testKey(2, "kid")); !errors.As(err, &dup) || dup.Field != "kid" {
		t.Errorf("a second key of the kid: %v", err)
	}
}

func TestUniqueIndexThatCannotBeMade(t *testing.T) {
	uri := mongotest.URI(t)
	open(t, uri)
	db := raw(t, uri)
	if err := db.Collection("keys").Indexes().DropOne(t.Context(), "keys_kid"); err != nil {
		t.Fatal(err)
	}
	put(t, db, "keys", bson.D{field("_id", int64(1)), field("kid", "same")}, bson.D{field("_id", int64(2)), field("kid", "same")})
	wantOpenError(t, uri, "index keys_kid", "two documents have the same kid")
}

// Not every server says that it ignores a wish, so the store looks.
func TestIndexThatIsNotUnique(t *testing.T) {
	uri := mongotest.URI(t)
	open(t, uri)
	indexes := raw(t, uri).Collection("keys").Indexes()
	if err := indexes.DropOne(t.Context(), "keys_kid"); err != nil {
		t.Fatal(err)
	}
	weak := driver.IndexModel{Keys: bson.D{field("kid", 1)}, Options: options.Index().SetName("keys_kid")}
	if _, err := indexes.CreateOne(t.Context(), weak); err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, uri, "keys_kid", "drop it")
}

// Many instances start at once on an empty database: one marks it, all can use it.
func TestFirstStartOfMany(t *testing.T) {
	for range 3 {
		uri := mongotest.URI(t)
		gate := make(chan struct{})
		var all sync.WaitGroup
		stores := make([]*mongo.Store, 64)
		for i := range stores {
			all.Go(func() {
				<-gate
				var err error
				if stores[i], err = mongo.Open(t.Context(), uri, newClock().Now, mongo.WithTimeout(testTimeout)); err != nil {
					t.Errorf("store %d: %v", i, err)
				}
			})
		}
		close(gate)
		all.Wait()
		for _, s := range stores {
			if s == nil {
				t.FailNow()
			}
			t.Cleanup(func() { _ = s.Close() })
		}
		if n, err := raw(t, uri).Collection("schema").CountDocuments(t.Context(), bson.D{}); err != nil || n != 1 {
			t.Errorf("%d marks, %v", n, err)
		}
		wantOneFirstKey(t, stores)
	}
}

// wantOneFirstKey lets all the stores insert the first key.
func wantOneFirstKey(t *testing.T, stores []*mongo.Store) {
	t.Helper()
	var all sync.WaitGroup
	errs := make([]error, len(stores))
	for i, s := range stores {
		all.Go(func() { errs[i] = s.InsertKey(t.Context(), testKey(1, "kid-"+string(rune('a'+i)))) })
	}
	all.Wait()
	wins := 0
	for _, err := range errs {
		var dup *storage.DuplicateError
		switch {
		case err == nil:
			wins++
		case !errors.As(err, &dup) || dup.Field != "seq":
			t.Errorf("a loser got %v", err)
		}
	}
	if wins != 1 {
		t.Errorf("%d stores inserted the first key", wins)
	}
}
