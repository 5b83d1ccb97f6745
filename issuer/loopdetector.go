package issuer

import (
	"sync"
	"time"
)

// A client that rejects its codes sends the browser back at once, and would do so for ever: a
// redirect loop. It gets so many codes for one browser session within the window; in the place of
// the next one comes a page. That page must come before browsers give up: Safari does after 16
// redirects in a row, others after 20, and a client may take four from one code to the next. A page
// in between, which goes on by itself, begins the count anew.
const (
	maxLoopCodes = 8
	pageEvery    = 3 // every third code is handed over by a page
	loopWindow   = 20 * time.Second
	maxLoopKeys  = 4096 // pairs of client and browser session that are counted at a time
)

// loopKey is what codes are counted by.
type loopKey struct{ browserRoot, client string }

// loopDetector counts codes in memory. It is safe for concurrent use.
type loopDetector struct {
	mu    sync.Mutex
	codes map[loopKey][]time.Time
}

func newLoopDetector() *loopDetector { return &loopDetector{codes: map[loopKey][]time.Time{}} }

// count counts a code and returns its number within the window, or 0 for one too many,
// which does not count.
func (d *loopDetector) count(k loopKey, now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	recent := d.recent(k, now)
	if len(recent) >= maxLoopCodes {
		return 0
	}
	d.makeRoom(now)
	d.codes[k] = append(recent, now)
	return len(recent) + 1
}

// release forgets the codes of a pair: a person has seen the loop and wants to go on.
func (d *loopDetector) release(k loopKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.codes, k)
}

// recent returns the codes within the window. A clock that was set back empties it.
func (d *loopDetector) recent(k loopKey, now time.Time) []time.Time {
	var recent []time.Time
	for _, at := range d.codes[k] {
		if age := now.Sub(at); age >= 0 && age < loopWindow {
			recent = append(recent, at)
		}
	}
	return recent
}

// makeRoom drops pairs that nothing was counted for within the window; if there are too many
// others, it drops those that come first.
func (d *loopDetector) makeRoom(now time.Time) {
	if len(d.codes) < maxLoopKeys {
		return
	}
	for k := range d.codes {
		if len(d.recent(k, now)) == 0 {
			delete(d.codes, k)
		}
	}
	for k := range d.codes {
		if len(d.codes) < maxLoopKeys {
			return
		}
		delete(d.codes, k)
	}
}
