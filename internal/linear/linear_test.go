package linear_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"example.org/signet/internal/linear"
	"example.org/signet/internal/mongotest"
	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

func openSQLite(t testing.TB) storage.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"))
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func openMongo(t testing.TB) storage.Store {
	t.Helper()
	store, err := mongo.Open(t.Context(), mongotest.URI(t), time.Now, mongo.WithTimeout(time.Minute))
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// often is how many histories are made: fewer in the short run and where the
// race detector slows all down, many more in the slow run.
func often(normally int) int {
	switch {
	case os.Getenv("SIGNET_TEST_SLOW") == "1":
		return 10 * normally
	case raceEnabled || testing.Short():
		return normally / 10
	}
	return normally
}

// TestSessionsAreLinearizable: whatever concurrent clients are answered by three
// instances over one store that fails now and then, it is what one instance
// would have answered to one request after the other.
func TestSessionsAreLinearizable(t *testing.T) {
	for name, c := range map[string]struct {
		open      func(t testing.TB) storage.Store
		rules     linear.Rules
		histories int
		fleets    int // at once, each on a store of its own
		batches   int // of histories on one store
	}{
		"SQLite":            {openSQLite, linear.Rules{}, 2880, 3, 5},
		"SQLite, no window": {openSQLite, linear.Rules{Strict: true}, 480, 1, 5},
		"MongoDB":           {openMongo, linear.Rules{}, 72, 1, 1}, // the test server is slow
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sum linear.Stats
			for sum.Histories < often(c.histories) && !t.Failed() {
				runs := make([][]*linear.Run, c.fleets)
				var playing sync.WaitGroup
				for n := range runs {
					v := newCluster(t, c.open(t), flaky, c.rules)
					playing.Go(func() {
						for range c.batches {
							runs[n] = append(runs[n], v.runUsers(t, 4*len(workloads), flaky)...)
						}
					})
				}
				playing.Wait()
				check(t, &sum, slices.Concat(runs...), c.rules)
			}
			t.Log(&sum)
		})
	}
}

// check fails where a run has no order.
func check(t testing.TB, sum *linear.Stats, runs []*linear.Run, r linear.Rules) {
	t.Helper()
	for _, s := range runs {
		if sum.Check(&s.History, r) == porcupine.Illegal {
			t.Errorf("no order explains these answers:\n%s", s)
		}
	}
	if sum.Undecided*100 > sum.Histories {
		t.Errorf("too many histories were too hard to judge: %s", sum)
	}
}
