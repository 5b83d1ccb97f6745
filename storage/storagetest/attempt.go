package storagetest

import (
	"fmt"
	"testing"
	"time"

	"example.org/signet/storage"
)

var attemptContracts = []contract{
	{"Count", attemptCount},
	{"WindowBorder", attemptWindowBorder},
	{"WindowIsFixed", attemptWindowIsFixed},
	{"Forgive", attemptForgive},
	{"Clear", attemptClear},
	{"SweepBorder", attemptSweepBorder},
	{"SweepIsBounded", attemptSweepIsBounded},
	{"CountRace", attemptCountRace},
	{"NewWindowRace", attemptNewWindowRace},
	{"ForgiveRace", attemptForgiveRace},
	{"CountAndForgiveRace", attemptCountAndForgiveRace},
}

const window = time.Minute

func wantCount(t *testing.T, s storage.Store, key string, now time.Time, want storage.AttemptCount) {
	t.Helper()
	got, err := s.CountAttempt(t.Context(), key, now, window)
	ok(t, "CountAttempt "+key, err)
	same(t, "the counter of "+key, got, want)
}

func sweepAttempts(t *testing.T, s storage.Store, before time.Time, limit int, want int64) {
	t.Helper()
	n, err := s.SweepAttempts(t.Context(), before, limit)
	ok(t, "SweepAttempts", err)
	same(t, "how many SweepAttempts deleted", n, want)
}

func attemptCount(t *testing.T, s storage.Store) {
	for n := range int64(5) {
		wantCount(t, s, "ann", start, storage.AttemptCount{Count: n + 1, ResetAt: start.Add(window)})
	}
	wantCount(t, s, "bob", start, storage.AttemptCount{Count: 1, ResetAt: start.Add(window)})
	wantCount(t, s, "Ann", start, storage.AttemptCount{Count: 1, ResetAt: start.Add(window)})
}

// attemptWindowBorder: the window is over at its end, to the millisecond.
func attemptWindowBorder(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 1, ResetAt: end})
	wantCount(t, s, "ann", end.Add(-time.Millisecond), storage.AttemptCount{Count: 2, ResetAt: end})
	wantCount(t, s, "ann", end.Add(-1), storage.AttemptCount{Count: 3, ResetAt: end})
	wantCount(t, s, "ann", end, storage.AttemptCount{Count: 1, ResetAt: end.Add(window)})
	// What lies between two milliseconds is the earlier one.
	wantCount(t, s, "ann", end.Add(window+999_999), storage.AttemptCount{Count: 1, ResetAt: end.Add(2 * window)})
	wantCount(t, s, "ann", end.AddDate(1, 0, 0), storage.AttemptCount{Count: 1, ResetAt: end.AddDate(1, 0, 0).Add(window)})
}

// attemptWindowIsFixed: counting on does not move the end, and another length
// holds from the next window on.
func attemptWindowIsFixed(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 1, ResetAt: end})
	wantCount(t, s, "ann", start.Add(window/2), storage.AttemptCount{Count: 2, ResetAt: end})
	wantCount(t, s, "ann", start.Add(-time.Hour), storage.AttemptCount{Count: 3, ResetAt: end}) // a clock that went back
	got, err := s.CountAttempt(t.Context(), "ann", start, time.Hour)
	ok(t, "CountAttempt", err)
	same(t, "the counter", got, storage.AttemptCount{Count: 4, ResetAt: end})
	got, err = s.CountAttempt(t.Context(), "ann", end, time.Hour)
	ok(t, "CountAttempt", err)
	same(t, "the counter", got, storage.AttemptCount{Count: 1, ResetAt: end.Add(time.Hour)})
}

func attemptForgive(t *testing.T, s storage.Store) {
	ctx := t.Context()
	ok(t, "ForgiveAttempt without a counter", s.ForgiveAttempt(ctx, "ann"))
	end := start.Add(window)
	for n := range int64(3) {
		wantCount(t, s, "ann", start, storage.AttemptCount{Count: n + 1, ResetAt: end})
	}
	ok(t, "ForgiveAttempt", s.ForgiveAttempt(ctx, "ann"))
	ok(t, "ForgiveAttempt of another", s.ForgiveAttempt(ctx, "bob"))
	wantCount(t, s, "ann", start.Add(time.Second), storage.AttemptCount{Count: 3, ResetAt: end})
	for range 5 {
		ok(t, "ForgiveAttempt", s.ForgiveAttempt(ctx, "ann"))
	}
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 1, ResetAt: end})
	wantCount(t, s, "bob", start, storage.AttemptCount{Count: 1, ResetAt: end})
}

func attemptClear(t *testing.T, s storage.Store) {
	ctx := t.Context()
	ok(t, "ClearAttempts without a counter", s.ClearAttempts(ctx, "ann"))
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 1, ResetAt: start.Add(window)})
	wantCount(t, s, "bob", start, storage.AttemptCount{Count: 1, ResetAt: start.Add(window)})
	ok(t, "ClearAttempts", s.ClearAttempts(ctx, "ann"))
	later := start.Add(time.Second)
	wantCount(t, s, "ann", later, storage.AttemptCount{Count: 1, ResetAt: later.Add(window)})
	wantCount(t, s, "bob", later, storage.AttemptCount{Count: 2, ResetAt: start.Add(window)})
}

func attemptSweepBorder(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 1, ResetAt: end})
	for _, before := range []time.Time{{}, end.Add(-time.Millisecond), end, end.Add(time.Millisecond - 1)} {
		sweepAttempts(t, s, before, 10, 0)
	}
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 2, ResetAt: end})
	sweepAttempts(t, s, end.Add(time.Millisecond), 10, 1)
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 1, ResetAt: end})
}

func attemptSweepIsBounded(t *testing.T, s storage.Store) {
	for n := range 12 {
		now := start.Add(time.Duration(n) * time.Second)
		wantCount(t, s, fmt.Sprint(n), now, storage.AttemptCount{Count: 1, ResetAt: now.Add(window)})
	}
	before := start.Add(window + 10*time.Second) // ten of them
	sweepAttempts(t, s, before, 0, 0)
	sweepAttempts(t, s, before, -1, 0)
	for _, want := range []int64{4, 4, 2, 0} {
		sweepAttempts(t, s, before, 4, want)
	}
	now := start.Add(11 * time.Second)
	wantCount(t, s, "11", now, storage.AttemptCount{Count: 2, ResetAt: now.Add(window)})
	wantCount(t, s, "9", now, storage.AttemptCount{Count: 1, ResetAt: now.Add(window)})
}

// countAll lets all racers count at once and returns what they were told.
func countAll(t *testing.T, s storage.Store, now time.Time, end time.Time) []int64 {
	t.Helper()
	return race(racers, func(int) int64 {
		got, err := s.CountAttempt(t.Context(), "ann", now, window)
		if err != nil || !got.ResetAt.Equal(end) {
			t.Errorf("CountAttempt: %+v, %v", got, err)
		}
		return got.Count
	})
}

func attemptCountRace(t *testing.T, s storage.Store) {
	oneToN(t, "the counter", countAll(t, s, start, start.Add(window)))
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: racers + 1, ResetAt: start.Add(window)})
}

// attemptNewWindowRace: one of the racers opens the new window, all count in it.
func attemptNewWindowRace(t *testing.T, s storage.Store) {
	for range 3 {
		_, err := s.CountAttempt(t.Context(), "ann", start, window)
		ok(t, "CountAttempt", err)
	}
	now := start.Add(window)
	oneToN(t, "the counter of the new window", countAll(t, s, now, now.Add(window)))
}

func attemptForgiveRace(t *testing.T, s storage.Store) {
	end := start.Add(window)
	for n := range int64(10) {
		wantCount(t, s, "ann", start, storage.AttemptCount{Count: n + 1, ResetAt: end})
	}
	for _, err := range race(racers, func(int) error { return s.ForgiveAttempt(t.Context(), "ann") }) {
		ok(t, "ForgiveAttempt", err)
	}
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: 1, ResetAt: end})
}

// attemptCountAndForgiveRace: with a head start nothing touches the floor, so
// the sum must come out.
func attemptCountAndForgiveRace(t *testing.T, s storage.Store) {
	end := start.Add(window)
	for n := range int64(racers / 2) {
		wantCount(t, s, "ann", start, storage.AttemptCount{Count: n + 1, ResetAt: end})
	}
	for _, err := range race(racers, func(i int) error {
		if i%2 == 0 {
			return s.ForgiveAttempt(t.Context(), "ann")
		}
		_, err := s.CountAttempt(t.Context(), "ann", start, window)
		return err
	}) {
		ok(t, "counting and forgiving", err)
	}
	wantCount(t, s, "ann", start, storage.AttemptCount{Count: racers/2 + 1, ResetAt: end})
}
