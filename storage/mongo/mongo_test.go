package mongo_test

import (
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
	"example.org/signet/internal/testclock"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/storagetest"
)

// testTimeout is the time that a step gets in tests which are not about time: the
// test server is slow when 64 goroutines race on a busy machine.
const testTimeout = 30 * time.Second

func newClock() *testclock.Clock {
	return testclock.At(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
}

// open opens a store on the database that the URI names.
func open(t testing.TB, uri string, opts ...mongo.Option) *mongo.Store {
	t.Helper()
	return openAt(t, uri, newClock(), opts...)
}

func openAt(t testing.TB, uri string, c *testclock.Clock, opts ...mongo.Option) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), uri, c.Now, append([]mongo.Option{mongo.WithTimeout(testTimeout)}, opts...)...)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// The whole contract, with every command that it causes looked at.
func TestContract(t *testing.T) {
	var w commandLog
	storagetest.Run(t, func(t *testing.T) storage.Store { return open(t, mongotest.URI(t), w.monitor()) })
	w.wantNoFindings(t)
}

func TestContractAfterReopening(t *testing.T) {
	storagetest.RunReopen(t, func(t *testing.T) func() (storage.Store, error) {
		uri, c := mongotest.URI(t), newClock()
		return func() (storage.Store, error) {
			return mongo.Open(t.Context(), uri, c.Now, mongo.WithTimeout(testTimeout))
		}
	})
}

// On the test server this shows the cost of a command, not of a database: it
// uses no index. SIGNET_TEST_MONGODB_URI measures a real one.
func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, func(b *testing.B) storage.Store { return open(b, mongotest.URI(b)) }, 100)
}
