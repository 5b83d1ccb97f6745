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
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

func openSQLite(t testing.TB) storage.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "signet.db"))
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

// often is how many histories are made: fewer where the race detector slows all
// down, many more in the slow run.
func often(normally int) int {
	switch {
	case os.Getenv("SIGNET_TEST_SLOW") == "1":
		return 10 * normally
	case raceEnabled:
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
			var sum tally
			for sum.histories < often(c.histories) && !t.Failed() {
				stories := make([][]*linear.Story, c.fleets)
				var playing sync.WaitGroup
				for n := range stories {
					v := newFleet(t, c.open(t), rough, c.rules)
					playing.Go(func() {
						for range c.batches {
							stories[n] = append(stories[n], v.play(t, 4*len(linear.Themes), rough)...)
						}
					})
				}
				playing.Wait()
				sum.check(t, slices.Concat(stories...), c.rules)
			}
			sum.report(t)
		})
	}
}

// tally is what was checked.
type tally struct {
	histories, operations, unknown int
	illegal, undecided             int // histories
	slowest, checking              time.Duration
}

// check lets porcupine judge every story, and fails where one has no order.
func (y *tally) check(t testing.TB, stories []*linear.Story, r linear.Rules) {
	t.Helper()
	for _, s := range stories {
		if y.judge(s, r) == porcupine.Illegal {
			t.Errorf("no order explains these answers:\n%s", s)
		}
	}
	if y.undecided*100 > y.histories {
		t.Errorf("%d of %d histories were too hard to judge", y.undecided, y.histories)
	}
}

func (y *tally) judge(s *linear.Story, r linear.Rules) porcupine.CheckResult {
	begin := time.Now()
	got := s.Check(r, 20*time.Second)
	took := time.Since(begin)
	all, unknown := s.Operations()
	y.histories++
	y.operations, y.unknown = y.operations+all, y.unknown+unknown
	y.checking, y.slowest = y.checking+took, max(y.slowest, took)
	switch got {
	case porcupine.Illegal:
		y.illegal++
	case porcupine.Unknown:
		y.undecided++
	}
	return got
}

func (y *tally) report(t testing.TB) {
	t.Helper()
	t.Logf("%d histories of %d operations, %d of them with an unknown outcome: %d without an order, %d too hard to judge; checked in %s, the hardest in %s",
		y.histories, y.operations, y.unknown, y.illegal, y.undecided, y.checking.Round(time.Millisecond), y.slowest.Round(time.Microsecond))
}
