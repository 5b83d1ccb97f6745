package mongotest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// shared is the server of all the tests in this binary that need none of their
// own. It ends with the binary: that is when its standard input does.
var shared = sync.OnceValues(func() (*child, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	return launch(path)
})

// URI is the connection string of a fresh database on the shared server. The
// database is dropped at the end of the test.
func URI(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv(External); uri != "" {
		return freshDatabase(t, uri, true)
	}
	c, err := shared()
	if err != nil {
		missing(t, err)
	}
	return freshDatabase(t, c.uri, true)
}

// freshDatabase puts a new database's name into the server's URI.
func freshDatabase(t testing.TB, server string, drop bool) string {
	t.Helper()
	name := "signet_test_" + randomName()
	uri := withDatabase(server, name)
	if drop {
		t.Cleanup(func() { dropDatabase(t, uri, name) })
	}
	return uri
}

// withDatabase replaces the database in the URI's path. The database that
// users are looked up in stays what it was (MongoDB connection string,
// authSource: the path's database if there is one, else admin).
func withDatabase(uri, name string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, source, _ := strings.Cut(rest, "/")
	if strings.Contains(hosts, "@") && !strings.Contains(query, "authSource=") {
		if source == "" {
			source = "admin"
		}
		query = strings.TrimSuffix("authSource="+source+"&"+query, "&")
	}
	if query != "" {
		query = "?" + query
	}
	return scheme + "://" + hosts + "/" + name + query
}

func dropDatabase(t testing.TB, uri, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Errorf("drop %s: %v", name, err)
		return
	}
	defer func() { _ = client.Disconnect(ctx) }()
	if err := client.Database(name).Drop(ctx); err != nil {
		t.Errorf("drop %s: %v", name, err)
	}
}

func randomName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
