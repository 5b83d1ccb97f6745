package endpoints_test

import (
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
	"example.org/signet/internal/protocoltest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
)

func openMongo(t testing.TB) storage.Store {
	store, err := mongo.Open(t.Context(), mongotest.URI(t), time.Now, mongo.WithTimeout(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestProtocolOnMongo(t *testing.T) {
	if testing.Short() {
		t.Skip("-short plays the protocol on SQLite")
	}
	t.Parallel()
	protocoltest.Run(t, openMongo)
}
