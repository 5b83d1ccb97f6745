package outbox

import (
	"sync"
	"time"

	"example.org/signet/storage"
)

// maxTargets bounds the receivers that are remembered as failing. Beyond it others are tried
// without a rest.
const maxTargets = 10_000

// targets remembers the receivers whose last attempt failed. Their other messages wait until
// the rest is over, so that one receiver which is down, with thousands of messages, does not
// hold up the slots that others need.
type targets struct {
	mu      sync.Mutex
	failing map[target]rest
}

// target is a receiver of one kind of message.
type target struct{ kind, name string }

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
