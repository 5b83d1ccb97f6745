package storagetest

import (
	"errors"
	"sync"
	"testing"
)

// racers is how many goroutines meet in a race.
const racers = 64

// race lets n goroutines go at the same moment and returns what each got.
func race[T any](n int, run func(i int) T) []T {
	results := make([]T, n)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-gate
			results[i] = run(i)
		})
	}
	close(gate)
	wg.Wait()
	return results
}

// winner demands that exactly one racer succeeded and that every other one got
// the loser's error. It returns who won.
func winner(t *testing.T, errs []error, loser error) int {
	t.Helper()
	won, wins := -1, 0
	for i, err := range errs {
		switch {
		case err == nil:
			won, wins = i, wins+1
		case !errors.Is(err, loser):
			t.Errorf("racer %d: got %v, want %v", i, err, loser)
		}
	}
	if wins != 1 {
		t.Fatalf("%d of %d racers won, want exactly one", wins, len(errs))
	}
	return won
}

// oneToN demands that the values are 1 to len(values), each exactly once.
func oneToN(t *testing.T, what string, values []int64) {
	t.Helper()
	seen := make(map[int64]int, len(values))
	for _, v := range values {
		seen[v]++
	}
	for n := int64(1); n <= int64(len(values)); n++ {
		if seen[n] != 1 {
			t.Errorf("%s: value %d was given out %d times, want once", what, n, seen[n])
		}
	}
}
