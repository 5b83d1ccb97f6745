package mongo_test

import (
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/storagetest"
)

// testTimeout is the time that a step gets in tests which are not about time: the
// test server is slow when 64 goroutines race on a busy machine.
const testTimeout = 30 * time.Second

// clock is a clock that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Milliseconds()) }

// open opens a store on the database that the URI names.
func open(t testing.TB, uri string, opts ...mongo.Option) *mongo.Store {
	t.Helper()
	return openAt(t, uri, newClock(), opts...)
}

func openAt(t testing.TB, uri string, c *clock, opts ...mongo.Option) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), uri, c.now, append([]mongo.Option{mongo.WithTimeout(testTimeout)}, opts...)...)
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
			return mongo.Open(t.Context(), uri, c.now, mongo.WithTimeout(testTimeout))
		}
	})
}

// On the test server this shows the cost of a command, not of a database: it
// uses no index. SIGNET_TEST_MONGODB_URI measures a real one.
func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, func(b *testing.B) storage.Store { return open(b, mongotest.URI(b)) }, 100)
}
