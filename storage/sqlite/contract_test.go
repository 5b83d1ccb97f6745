package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
	"example.org/signet/storage/storagetest"
)

// open opens the store at path and closes it when the test ends.
func open(t testing.TB, path string, opts ...sqlite.Option) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, opts...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func newPath(t testing.TB) string { return filepath.Join(testdir.New(t), "signet.db") }

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		s := open(t, newPath(t))
		t.Cleanup(func() { sqlite.CheckPlans(t, s) })
		return s
	})
}

func TestReopen(t *testing.T) {
	storagetest.RunReopen(t, func(t *testing.T) func() (storage.Store, error) {
		path := newPath(t)
		return func() (storage.Store, error) {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	})
}

func Benchmark(b *testing.B) {
	sizes := []int{1_000, 20_000}
	if os.Getenv("SIGNET_TEST_SLOW") != "" {
		sizes = []int{1_000, 1_000_000}
	}
	storagetest.Bench(b, func(b *testing.B) storage.Store { return open(b, newPath(b)) }, sizes...)
}
