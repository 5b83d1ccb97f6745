package endpoints_test

import (
	"context"
	"path/filepath"
	"testing"

	"example.org/signet/internal/protocoltest"
	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

func openSQLite(t testing.TB) storage.Store {
	store, err := sqlite.Open(context.Background(), filepath.Join(testdir.New(t), "signet.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	protocoltest.Run(t, openSQLite)
}
