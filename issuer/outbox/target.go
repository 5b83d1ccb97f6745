package outbox

import (
	"slices"
	"sync"
	"time"

	"example.org/signet/storage"
)

// maxTargets bounds the receivers that are remembered as failing. Beyond it others are tried
// without a rest.
const maxTargets = 10_000

// targets remembers the receivers whose last attempt failed. Their other messages wait until
// the rest is over, so that one receiver which is down, with thousands of messages, does not
// hold up the slots that others need. It also knows the attempts that are under way.
type targets struct {
	mu       sync.Mutex
	failing  map[target]rest
	underWay map[target][]time.Time // when the attempts began
	slow     map[target]bool        // whose last attempt took slowAfter or longer
}

// target is a receiver of one kind of message.
type target struct{ kind, name string }

// A receiver is slow while an attempt has been under way for slowAfter, or the last one took as
// long. It has at most slowLimit slots then, so that it holds up its own messages alone.
const (
	slowAfter = time.Second
	slowLimit = 2
)

// rest is how long a receiver is left alone.
type rest struct {
	until    time.Time
	failures int64 // in a row
}

func targetOf(m storage.Message) target { return target{m.Kind, m.Target} }

// resting tells until when the receiver of m rests.
func (t *targets) resting(m storage.Message, now time.Time) (time.Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.failing[targetOf(m)]
	return r.until, now.Before(r.until)
}

func (t *targets) succeeded(m storage.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.failing, targetOf(m))
}

// failed counts a failure. Of attempts that were under way together one counts.
func (t *targets) failed(m storage.Message, now time.Time, jitter float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, known := t.failing[targetOf(m)]
	switch {
	case now.Before(r.until):
		return
	case !known && len(t.failing) >= maxTargets:
		return
	case t.failing == nil:
		t.failing = map[target]rest{}
	}
	r.failures++
	r.until = now.Add(backoff(r.failures, jitter) / 2) // before the message that failed is due again
	t.failing[targetOf(m)] = r
}

// begin enters an attempt, unless the receiver is slow and has its share of slots. Whoever gets
// true calls end with the same time.
func (t *targets) begin(m storage.Message, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	to := targetOf(m)
	began := t.underWay[to]
	slow := t.slow[to] || slices.ContainsFunc(began, func(at time.Time) bool { return now.Sub(at) >= slowAfter })
	if slow && len(began) >= slowLimit {
		return false
	}
	if t.underWay == nil {
		t.underWay, t.slow = map[target][]time.Time{}, map[target]bool{}
	}
	t.underWay[to] = append(began, now)
	return true
}

// end takes an attempt that began at that time out again.
func (t *targets) end(m storage.Message, began, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	to := targetOf(m)
	rest := t.underWay[to]
	if n := slices.Index(rest, began); n >= 0 {
		rest = slices.Delete(rest, n, n+1)
	}
	t.underWay[to] = rest
	if len(rest) == 0 {
		delete(t.underWay, to)
	}
	if delete(t.slow, to); now.Sub(began) >= slowAfter && len(t.slow) < maxTargets {
		t.slow[to] = true
	}
}
