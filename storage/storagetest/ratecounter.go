package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var rateCounterContracts = []contract{
	{"Increment", rateCounterIncrement},
	{"WindowBorder", rateCounterWindowBoundary},
	{"WindowIsFixed", rateCounterWindowIsFixed},
	{"Decrement", rateCounterDecrement},
	{"Delete", rateCounterDelete},
	{"SweepBorder", rateCounterSweepBoundary},
	{"SweepIsBounded", rateCounterSweepIsBounded},
	{"IncrementRace", rateCounterIncrementRace},
	{"NewWindowRace", rateCounterNewWindowRace},
	{"DecrementRace", rateCounterDecrementRace},
	{"IncrementAndDecrementRace", rateCounterIncrementAndDecrementRace},
}

const window = time.Minute

func wantCount(t *testing.T, s storage.Store, key string, now time.Time, want storage.RateCounter) {
	t.Helper()
	got, err := s.IncrementCounter(t.Context(), key, now, window)
	noErr(t, "IncrementCounter "+key, err)
	wantEqual(t, "the counter of "+key, got, want)
}

func sweepCounters(t *testing.T, s storage.Store, before time.Time, limit int, want int64) {
	t.Helper()
	n, err := s.SweepCounters(t.Context(), before, limit)
	noErr(t, "SweepCounters", err)
	wantEqual(t, "how many SweepCounters deleted", n, want)
}

func rateCounterIncrement(t *testing.T, s storage.Store) {
	for n := range int64(5) {
		wantCount(t, s, "ann", start, storage.RateCounter{Count: n + 1, ResetAt: start.Add(window)})
	}
	wantCount(t, s, "bob", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	wantCount(t, s, "Ann", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
}

// rateCounterWindowBoundary: the window is over at its end, to the millisecond.
func rateCounterWindowBoundary(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: end})
	wantCount(t, s, "ann", end.Add(-time.Millisecond), storage.RateCounter{Count: 2, ResetAt: end})
	wantCount(t, s, "ann", end.Add(-1), storage.RateCounter{Count: 3, ResetAt: end})
	wantCount(t, s, "ann", end, storage.RateCounter{Count: 1, ResetAt: end.Add(window)})
	// What lies between two milliseconds is the earlier one.
	wantCount(t, s, "ann", end.Add(window+999_999), storage.RateCounter{Count: 1, ResetAt: end.Add(2 * window)})
	wantCount(t, s, "ann", end.AddDate(1, 0, 0), storage.RateCounter{Count: 1, ResetAt: end.AddDate(1, 0, 0).Add(window)})
}

// rateCounterWindowIsFixed: counting on does not move the end, and another length
// holds from the next window on.
func rateCounterWindowIsFixed(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: end})
	wantCount(t, s, "ann", start.Add(window/2), storage.RateCounter{Count: 2, ResetAt: end})
	wantCount(t, s, "ann", start.Add(-time.Hour), storage.RateCounter{Count: 3, ResetAt: end}) // a clock that went back
	got, err := s.IncrementCounter(t.Context(), "ann", start, time.Hour)
	noErr(t, "IncrementCounter", err)
	wantEqual(t, "the counter", got, storage.RateCounter{Count: 4, ResetAt: end})
	got, err = s.IncrementCounter(t.Context(), "ann", end, time.Hour)
	noErr(t, "IncrementCounter", err)
	wantEqual(t, "the counter", got, storage.RateCounter{Count: 1, ResetAt: end.Add(time.Hour)})
}

func rateCounterDecrement(t *testing.T, s storage.Store) {
	ctx := t.Context()
	noErr(t, "DecrementCounter without a counter", s.DecrementCounter(ctx, "ann"))
	end := start.Add(window)
	for n := range int64(3) {
		wantCount(t, s, "ann", start, storage.RateCounter{Count: n + 1, ResetAt: end})
	}
	noErr(t, "DecrementCounter", s.DecrementCounter(ctx, "ann"))
	noErr(t, "DecrementCounter of another", s.DecrementCounter(ctx, "bob"))
	wantCount(t, s, "ann", start.Add(time.Second), storage.RateCounter{Count: 3, ResetAt: end})
	for range 5 {
		noErr(t, "DecrementCounter", s.DecrementCounter(ctx, "ann"))
	}
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: end})
	wantCount(t, s, "bob", start, storage.RateCounter{Count: 1, ResetAt: end})
}

func rateCounterDelete(t *testing.T, s storage.Store) {
	ctx := t.Context()
	noErr(t, "DeleteCounter without a counter", s.DeleteCounter(ctx, "ann"))
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	wantCount(t, s, "bob", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	noErr(t, "DeleteCounter", s.DeleteCounter(ctx, "ann"))
	later := start.Add(time.Second)
	wantCount(t, s, "ann", later, storage.RateCounter{Count: 1, ResetAt: later.Add(window)})
	wantCount(t, s, "bob", later, storage.RateCounter{Count: 2, ResetAt: start.Add(window)})
}

func rateCounterSweepBoundary(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: end})
	for _, before := range []time.Time{{}, end.Add(-time.Millisecond), end, end.Add(time.Millisecond - 1)} {
		sweepCounters(t, s, before, 10, 0)
	}
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 2, ResetAt: end})
	sweepCounters(t, s, end.Add(time.Millisecond), 10, 1)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: end})
}

func rateCounterSweepIsBounded(t *testing.T, s storage.Store) {
	for n := range 12 {
		now := start.Add(time.Duration(n) * time.Second)
		wantCount(t, s, fmt.Sprint(n), now, storage.RateCounter{Count: 1, ResetAt: now.Add(window)})
	}
	before := start.Add(window + 10*time.Second) // ten of them
	sweepCounters(t, s, before, 0, 0)
	sweepCounters(t, s, before, -1, 0)
	for _, want := range []int64{4, 4, 2, 0} {
		sweepCounters(t, s, before, 4, want)
	}
	now := start.Add(11 * time.Second)
	wantCount(t, s, "11", now, storage.RateCounter{Count: 2, ResetAt: now.Add(window)})
	wantCount(t, s, "9", now, storage.RateCounter{Count: 1, ResetAt: now.Add(window)})
}

// countAll lets all racers count at once and returns what they were told.
func countAll(t *testing.T, s storage.Store, now time.Time, end time.Time) []int64 {
	t.Helper()
	return race(racers, func(int) int64 {
		got, err := s.IncrementCounter(t.Context(), "ann", now, window)
		if err != nil || !got.ResetAt.Equal(end) {
			t.Errorf("IncrementCounter: %+v, %v", got, err)
		}
		return got.Count
	})
}

func rateCounterIncrementRace(t *testing.T, s storage.Store) {
	oneToN(t, "the counter", countAll(t, s, start, start.Add(window)))
	wantCount(t, s, "ann", start, storage.RateCounter{Count: racers + 1, ResetAt: start.Add(window)})
}

// rateCounterNewWindowRace: one of the racers opens the new window, all count in it.
func rateCounterNewWindowRace(t *testing.T, s storage.Store) {
	for range 3 {
		_, err := s.IncrementCounter(t.Context(), "ann", start, window)
		noErr(t, "IncrementCounter", err)
	}
	now := start.Add(window)
	oneToN(t, "the counter of the new window", countAll(t, s, now, now.Add(window)))
}

func rateCounterDecrementRace(t *testing.T, s storage.Store) {
	end := start.Add(window)
	for n := range int64(10) {
		wantCount(t, s, "ann", start, storage.RateCounter{Count: n + 1, ResetAt: end})
	}
	for _, err := range race(racers, func(int) error { return s.DecrementCounter(t.Context(), "ann") }) {
		noErr(t, "DecrementCounter", err)
	}
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: end})
}

// rateCounterIncrementAndDecrementRace: with a head start nothing touches the floor, so
// the sum must come out.
func rateCounterIncrementAndDecrementRace(t *testing.T, s storage.Store) {
	end := start.Add(window)
	for n := range int64(racers / 2) {
		wantCount(t, s, "ann", start, storage.RateCounter{Count: n + 1, ResetAt: end})
	}
	for _, err := range race(racers, func(i int) error {
		if i%2 == 0 {
			return s.DecrementCounter(t.Context(), "ann")
		}
		_, err := s.IncrementCounter(t.Context(), "ann", start, window)
		return err
	}) {
		noErr(t, "counting and forgiving", err)
	}
	wantCount(t, s, "ann", start, storage.RateCounter{Count: racers/2 + 1, ResetAt: end})
}
