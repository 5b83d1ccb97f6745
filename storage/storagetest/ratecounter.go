package storagetest

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"example.org/signet/storage"
)

var rateCounterContracts = []contract{
	{"Increment", rateCounterIncrement},
	{"WindowBorder", rateCounterWindowBoundary},
	{"WindowIsFixed", rateCounterWindowIsFixed},
	{"Keep", rateCounterKeep},
	{"Release", rateCounterRelease},
	{"Clear", rateCounterClear},
	{"Prefix", rateCounterPrefix},
	{"HoldLapses", rateCounterHoldLapses},
	{"HoldOutlivesWindow", rateCounterHoldOutlivesWindow},
	{"AllOrNone", rateCounterAllOrNone},
	{"Unless", rateCounterUnless},
	{"SweepBorder", rateCounterSweepBoundary},
	{"SweepIsBounded", rateCounterSweepIsBounded},
	{"IncrementRace", rateCounterIncrementRace},
	{"NewWindowRace", rateCounterNewWindowRace},
	{"LimitRace", rateCounterLimitRace},
	{"ReleaseRace", rateCounterReleaseRace},
	{"ReserveAndReleaseRace", rateCounterReserveAndReleaseRace},
}

const window = time.Minute

// hold is for how long a place is held.
const hold = 10 * time.Second

// increment counts at once, without a limit.
func increment(ctx context.Context, s storage.RateCounters, key string, now time.Time, window time.Duration) (storage.RateCounter, error) {
	r, err := s.ReserveCounters(ctx, now, 0, storage.CounterClaim{Key: key, Limit: math.MaxInt64, Window: window})
	if err != nil {
		return storage.RateCounter{}, err
	}
	return r.Taken[0], nil
}

func wantCount(t *testing.T, s storage.Store, key string, now time.Time, want storage.RateCounter) {
	t.Helper()
	got, err := increment(t.Context(), s, key, now, window)
	noErr(t, "ReserveCounters "+key, err)
	want.Key = key
	wantEqual(t, "the counter of "+key, got, want)
}

func settle(t *testing.T, s storage.Store, action storage.CounterAction, keys ...string) []storage.RateCounter {
	t.Helper()
	var actions []storage.CounterSettlement
	for _, key := range keys {
		actions = append(actions, storage.CounterSettlement{Key: key, Action: action})
	}
	kept, err := s.SettleCounters(t.Context(), actions...)
	noErr(t, "SettleCounters", err)
	return kept
}

// wantCounters reads all counters, which must be these, without the end of holds.
func wantCounters(t *testing.T, s storage.Store, now time.Time, want ...storage.RateCounter) {
	t.Helper()
	got, err := s.Counters(t.Context(), now, "")
	noErr(t, "Counters", err)
	for n := range got {
		got[n].HeldTo = time.Time{}
	}
	wantEqual(t, "the counters", got, want)
}

func claim(key string, limit int64) storage.CounterClaim {
	return storage.CounterClaim{Key: key, Limit: limit, Window: window}
}

// reserve takes places that are held; it must be refused by the counter of full, "" for not.
func reserve(t *testing.T, s storage.Store, now time.Time, full string, claims ...storage.CounterClaim) storage.Reservation {
	t.Helper()
	r, err := s.ReserveCounters(t.Context(), now, hold, claims...)
	noErr(t, "ReserveCounters", err)
	var got string
	if r.Full != nil {
		got = r.Full.Key
	}
	wantEqual(t, "the counter that is full", got, full)
	return r
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
	got, err := increment(t.Context(), s, "ann", start, time.Hour)
	noErr(t, "ReserveCounters", err)
	wantEqual(t, "the counter", got, storage.RateCounter{Key: "ann", Count: 4, ResetAt: end})
	got, err = increment(t.Context(), s, "ann", end, time.Hour)
	noErr(t, "ReserveCounters", err)
	wantEqual(t, "the counter", got, storage.RateCounter{Key: "ann", Count: 1, ResetAt: end.Add(time.Hour)})
}

// rateCounterRelease: a place given back is free again. The window stays while places are taken.
func rateCounterRelease(t *testing.T, s storage.Store) {
	settle(t, s, storage.CounterRelease, "ann")
	end := start.Add(window)
	for range 3 {
		reserve(t, s, start, "", claim("ann", 5))
	}
	wantCounters(t, s, start, storage.RateCounter{Key: "ann", Count: 3, Held: 3, ResetAt: end})
	settle(t, s, storage.CounterRelease, "ann", "bob")
	later := start.Add(time.Second)
	wantCounters(t, s, later, storage.RateCounter{Key: "ann", Count: 2, Held: 2, ResetAt: end})
	for range 5 {
		settle(t, s, storage.CounterRelease, "ann")
	}
	wantCounters(t, s, later)
	end = later.Add(window)
	wantCount(t, s, "ann", later, storage.RateCounter{Count: 1, ResetAt: end})
	settle(t, s, storage.CounterRelease, "ann") // nothing is held
	wantCounters(t, s, later, storage.RateCounter{Key: "ann", Count: 1, ResetAt: end})
}

// rateCounterKeep: a place kept counts until the window ends, however long that is.
func rateCounterKeep(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantEqual(t, "what is kept where nothing is", len(settle(t, s, storage.CounterKeep, "ann")), 0)
	reserve(t, s, start, "", claim("ann", 2), claim("bob", 9))
	kept := settle(t, s, storage.CounterKeep, "bob", "ann", "carl")
	for n := range kept {
		kept[n].HeldTo = time.Time{}
	}
	wantEqual(t, "what is kept", kept, []storage.RateCounter{{Key: "bob", Count: 1, ResetAt: end}, {Key: "ann", Count: 1, ResetAt: end}})
	reserve(t, s, start, "", claim("ann", 2))
	r := reserve(t, s, start.Add(hold-time.Millisecond), "ann", claim("ann", 2))
	wantEqual(t, "how many are held", r.Full.Held, 1)
	settle(t, s, storage.CounterKeep, "ann")
	r = reserve(t, s, end.Add(-time.Millisecond), "ann", claim("ann", 2))
	wantEqual(t, "the full counter", [2]int64{r.Full.Count, r.Full.Held}, [2]int64{2, 0})
	wantTime(t, "its end", r.Full.ResetAt, end)
	reserve(t, s, end, "", claim("ann", 2))
}

// rateCounterHoldLapses: nobody settled, so nothing counts.
func rateCounterHoldLapses(t *testing.T, s storage.Store) {
	reserve(t, s, start, "", claim("ann", 2))
	reserve(t, s, start, "", claim("ann", 2))
	reserve(t, s, start.Add(hold-time.Millisecond), "ann", claim("ann", 2))
	later := start.Add(hold)
	wantCounters(t, s, later, storage.RateCounter{Key: "ann", ResetAt: start.Add(window)})
	reserve(t, s, later, "", claim("ann", 2))
	wantCounters(t, s, later, storage.RateCounter{Key: "ann", Count: 1, Held: 1, ResetAt: start.Add(window)})
}

// rateCounterHoldOutlivesWindow: a place that is held when the window ends is one of the next.
func rateCounterHoldOutlivesWindow(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: end})
	reserve(t, s, end.Add(-time.Second), "", claim("ann", 2))
	reserve(t, s, end, "", claim("ann", 2))
	reserve(t, s, end, "ann", claim("ann", 2))
	settle(t, s, storage.CounterKeep, "ann", "ann")
	wantCounters(t, s, end, storage.RateCounter{Key: "ann", Count: 2, ResetAt: end.Add(window)})
}

// rateCounterAllOrNone: a refusal leaves every counter, and their number, as it was.
func rateCounterAllOrNone(t *testing.T, s storage.Store) {
	end := start.Add(window)
	wantCount(t, s, "full", start, storage.RateCounter{Count: 1, ResetAt: end})
	for _, order := range [][]storage.CounterClaim{
		{claim("one", 5), claim("full", 1), claim("two", 5)}, {claim("full", 1), claim("one", 5)}, {claim("two", 5), claim("full", 1)},
	} {
		reserve(t, s, start, "full", order...)
		wantCounters(t, s, start, storage.RateCounter{Key: "full", Count: 1, ResetAt: end})
	}
	sweepCounters(t, s, end.Add(time.Hour), 10, 1)
	wantEqual(t, "what no claim takes", len(reserve(t, s, start, "").Taken), 0)
}

// rateCounterUnless: a claim is left out while another counter runs.
func rateCounterUnless(t *testing.T, s storage.Store) {
	wantCount(t, s, "known", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	c := claim("ann", 1)
	c.Unless = "known"
	for range 3 {
		r := reserve(t, s, start, "", c, claim("bob", 9))
		wantEqual(t, "what was taken", len(r.Taken), 1)
	}
	later := start.Add(window)
	wantEqual(t, "what was taken", len(reserve(t, s, later, "", c).Taken), 1)
	reserve(t, s, later, "ann", c)
}

// rateCounterPrefix: listing and clearing by the beginning of the key take no other.
func rateCounterPrefix(t *testing.T, s storage.Store) {
	counter := func(key string) storage.RateCounter {
		return storage.RateCounter{Key: key, Count: 1, ResetAt: start.Add(window)}
	}
	for _, key := range []string{"b:2", "b:1", "b", "a:1", "B:1", "b;", "c"} {
		wantCount(t, s, key, start, counter(key))
	}
	list := func(now time.Time) (keys []string) {
		got, err := s.Counters(t.Context(), now, "b:")
		noErr(t, "Counters", err)
		for _, c := range got {
			keys = append(keys, c.Key)
		}
		return keys
	}
	wantEqual(t, "the counters of b", list(start), []string{"b:1", "b:2"})
	wantEqual(t, "the counters of b later", len(list(start.Add(window))), 0)
	settle(t, s, storage.CounterClearAll, "b:")
	wantCounters(t, s, start, counter("B:1"), counter("a:1"), counter("b"), counter("b;"), counter("c"))
	settle(t, s, storage.CounterClearAll, "")
	wantCounters(t, s, start)
}

func rateCounterClear(t *testing.T, s storage.Store) {
	settle(t, s, storage.CounterClear, "ann")
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	wantCount(t, s, "bob", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
	settle(t, s, storage.CounterClear, "ann")
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
		got, err := increment(t.Context(), s, "ann", now, window)
		if err != nil || !got.ResetAt.Equal(end) {
			t.Errorf("ReserveCounters: %+v, %v", got, err)
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
		_, err := increment(t.Context(), s, "ann", start, window)
		noErr(t, "ReserveCounters", err)
	}
	now := start.Add(window)
	oneToN(t, "the counter of the new window", countAll(t, s, now, now.Add(window)))
}

// rateCounterLimitRace: as many get a place as there are, and a refused one leaves
// no trace in the counters before the full one.
func rateCounterLimitRace(t *testing.T, s storage.Store) {
	const places = 10
	won := 0
	for _, ok := range race(racers, func(int) bool {
		r, err := s.ReserveCounters(t.Context(), start, hold, claim("wide", racers), claim("narrow", places))
		if err != nil {
			t.Errorf("ReserveCounters: %v", err)
		}
		return err == nil && r.Full == nil
	}) {
		if ok {
			won++
		}
	}
	wantEqual(t, "how many got a place", won, places)
	end := start.Add(window)
	wantCounters(t, s, start,
		storage.RateCounter{Key: "narrow", Count: places, Held: places, ResetAt: end}, storage.RateCounter{Key: "wide", Count: places, Held: places, ResetAt: end})
}

// rateCounterReleaseRace: the floor is 0, whoever gives back what.
func rateCounterReleaseRace(t *testing.T, s storage.Store) {
	for range 10 {
		reserve(t, s, start, "", claim("ann", racers))
	}
	for _, err := range race(racers, func(int) error {
		return second(s.SettleCounters(t.Context(), storage.CounterSettlement{Key: "ann", Action: storage.CounterRelease}))
	}) {
		noErr(t, "SettleCounters", err)
	}
	wantCount(t, s, "ann", start, storage.RateCounter{Count: 1, ResetAt: start.Add(window)})
}

// rateCounterReserveAndReleaseRace: with a head start nothing touches the floor, so
// the sum must come out.
func rateCounterReserveAndReleaseRace(t *testing.T, s storage.Store) {
	for range racers / 2 {
		reserve(t, s, start, "", claim("ann", 2*racers))
	}
	for _, err := range race(racers, func(i int) error {
		if i%2 == 0 {
			return second(s.SettleCounters(t.Context(), storage.CounterSettlement{Key: "ann", Action: storage.CounterRelease}))
		}
		return second(s.ReserveCounters(t.Context(), start, hold, claim("ann", 2*racers)))
	}) {
		noErr(t, "counting and giving back", err)
	}
	wantCounters(t, s, start, storage.RateCounter{Key: "ann", Count: racers / 2, Held: racers / 2, ResetAt: start.Add(window)})
}
