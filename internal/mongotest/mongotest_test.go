package mongotest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// connect opens the database that the URI names.
func connect(t *testing.T, uri string) *mongo.Database {
	t.Helper()
	parsed, err := connstring.ParseAndValidate(uri)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(5 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database(parsed.Database)
}

func count(t *testing.T, db *mongo.Database, collection string) int64 {
	t.Helper()
	n, err := db.Collection(collection).CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEachURIIsADatabaseOfItsOwn(t *testing.T) {
	one, two := connect(t, mongotest.URI(t)), connect(t, mongotest.URI(t))
	if _, err := one.Collection("things").InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, one, "things"); n != 1 {
		t.Errorf("%d documents where one was inserted", n)
	}
	if n := count(t, two, "things"); n != 0 {
		t.Errorf("%d documents in the other database", n)
	}
}

func TestDatabaseIsGoneAfterItsTest(t *testing.T) {
	var uri string
	t.Run("uses a database", func(t *testing.T) {
		uri = mongotest.URI(t)
		if _, err := connect(t, uri).Collection("things").InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}}); err != nil {
			t.Fatal(err)
		}
	})
	if n := count(t, connect(t, uri), "things"); n != 0 {
		t.Errorf("%d documents are left", n)
	}
}

func TestKilledServerComesBackWithWhatItAcknowledged(t *testing.T) {
	server := mongotest.Start(t)
	db := connect(t, server.URI())
	if _, err := db.Collection("things").InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}}); err != nil {
		t.Fatal(err)
	}
	server.Kill9()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := db.Client().Ping(ctx, nil); err == nil {
		t.Fatal("a killed server answers")
	}
	server.Restart()
	if n := count(t, db, "things"); n != 1 {
		t.Errorf("%d documents after the restart, want 1", n)
	}
}

// The proxy before FerretDB is what makes races on one document sound.
func TestOneDocumentIsUpdatedAtomically(t *testing.T) {
	things := connect(t, mongotest.URI(t)).Collection("things")
	if _, err := things.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}, {Key: "n", Value: int64(0)}}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			by := bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: int64(1)}}}}
			if _, err := things.UpdateOne(t.Context(), bson.D{{Key: "_id", Value: "a"}}, by); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var got struct{ N int64 }
	if err := things.FindOne(t.Context(), bson.D{}).Decode(&got); err != nil || got.N != 64 {
		t.Errorf("64 increments came to %d, %v", got.N, err)
	}
}

func TestExternalServerIsUsedAndNotKilled(t *testing.T) {
	t.Setenv(mongotest.External, "") // as if there were none
	other := mongotest.Start(t)
	host := strings.TrimPrefix(strings.SplitN(other.URI(), "/signet_test_", 2)[0], "mongodb://")
	t.Setenv(mongotest.External, "mongodb://"+host+"/?appName=elsewhere")
	for _, uri := range []string{mongotest.URI(t), mongotest.Start(t).URI()} {
		if !strings.HasPrefix(uri, "mongodb://"+host+"/signet_test_") || !strings.HasSuffix(uri, "?appName=elsewhere") {
			t.Errorf("database %s is not on the server %s", uri, host)
		}
	}
	var skipped bool
	t.Run("kill", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		mongotest.Start(t).Kill9()
	})
	if !skipped {
		t.Error("a test that kills an external server was not skipped")
	}
}
