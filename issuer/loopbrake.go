package issuer

import (
	"sync"
	"time"
)

// The brake lets a client have so many codes for one browser session within the window. A
// client that rejects its codes sends the browser back at once, and would do so for ever. The page
// of the brake must come before browsers give up: Safari does after 16 redirects in a row, others
// after 20, and a client may take four from one code to the next. A page in between, which goes on
// by itself, begins the count anew.
const (
	brakeCodes  = 8
	brakeRest   = 3 // every third code is handed over by a page
	brakeWindow = 20 * time.Second
	maxBraked   = 4096 // pairs of client and browser session that are counted at a time
)

// brakeKey is what codes are counted by.
type brakeKey struct{ browserRoot, client string }

// loopBrake counts codes in memory. It is safe for concurrent use.
type loopBrake struct {
	mu    sync.Mutex
	codes map[brakeKey][]time.Time
}

func newLoopBrake() *loopBrake { return &loopBrake{codes: map[brakeKey][]time.Time{}} }

// count counts a code and returns the how many-th within the window it is, or 0 for one too many,
// which does not count.
func (b *loopBrake) count(k brakeKey, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	recent := b.recent(k, now)
	if len(recent) >= brakeCodes {
		return 0
	}
	b.makeRoom(now)
	b.codes[k] = append(recent, now)
	return len(recent) + 1
}

// release forgets the codes of a pair: a person has seen the loop and wants to go on.
func (b *loopBrake) release(k brakeKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.codes, k)
}

// recent returns the codes within the window. A clock that was set back empties it.
func (b *loopBrake) recent(k brakeKey, now time.Time) []time.Time {
	var recent []time.Time
	for _, at := range b.codes[k] {
		if age := now.Sub(at); age >= 0 && age < brakeWindow {
			recent = append(recent, at)
		}
	}
	return recent
}

// makeRoom drops pairs that nothing was counted for within the window; if there are too many
// others, it drops those that come first.
func (b *loopBrake) makeRoom(now time.Time) {
	if len(b.codes) < maxBraked {
		return
	}
	for k := range b.codes {
		if len(b.recent(k, now)) == 0 {
			delete(b.codes, k)
		}
	}
	for k := range b.codes {
		if len(b.codes) < maxBraked {
			return
		}
		delete(b.codes, k)
	}
}
