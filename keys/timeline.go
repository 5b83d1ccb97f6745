package keys

import (
	"cmp"
	"slices"
	"time"

	"example.org/signet/storage"
)

// A span is the time from which a key is the signing key, until the next span
// starts or the key is revoked.
type span struct {
	key   int // index into timeline.keys
	start time.Time
}

// A timeline lists which key signs when, past and future. It is derived from the
// records alone, so all instances that have read the same records agree on it.
// Spans rise in time, and in key except where a rollback has an earlier key sign
// again.
type timeline struct {
	keys  []storage.Key // by rising sequence number
	spans []span
}

// newTimeline derives the time line by applying the events in the records, in order
// of time. The records need not be sorted.
func newTimeline(records []storage.Key) timeline {
	keys := slices.SortedFunc(slices.Values(records), func(a, b storage.Key) int { return cmp.Compare(a.Seq, b.Seq) })
	w := timelineBuilder{keys: keys, created: make([]bool, len(keys)), revoked: make([]bool, len(keys)), active: -1, highest: -1, lastDecision: -1}
	for _, e := range eventsOf(keys) {
		w.apply(e)
	}
	return timeline{keys: keys, spans: w.spans}
}

// Kinds of events, in the order in which those of the same time take effect: a key
// that starts and is revoked at the same time has started, so that its successor
// takes over and not its predecessor.
const (
	createEvent  = iota // the record was made
	startEvent          // the key's own ActivatesAt
	rotateEvent         // the record's PredecessorActivatesAt
	restoreEvent        // the record's RestoresAt
	revokeEvent
)

type timelineEvent struct {
	at   time.Time
	kind int
	key  int
}

// eventsOf returns the events in the records, in order. A record counts as created
// no earlier than the one below it, whatever the clocks of their makers said.
func eventsOf(keys []storage.Key) []timelineEvent {
	var events []timelineEvent
	var made time.Time
	for i, k := range keys {
		made = later(made, k.CreatedAt)
		events = append(events, timelineEvent{made, createEvent, i})
		if !k.ActivatesAt.IsZero() {
			events = append(events, timelineEvent{later(k.ActivatesAt, made), startEvent, i})
		}
		if !k.PredecessorActivatesAt.IsZero() {
			events = append(events, timelineEvent{k.PredecessorActivatesAt, rotateEvent, i})
		}
		if k.Restores != "" {
			events = append(events, timelineEvent{k.RestoresAt, restoreEvent, i})
		}
		if !k.RevokedAt.IsZero() {
			events = append(events, timelineEvent{k.RevokedAt, revokeEvent, i})
		}
	}
	slices.SortStableFunc(events, func(a, b timelineEvent) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	return events
}

// timelineBuilder holds the state while the events are applied in order.
type timelineBuilder struct {
	keys         []storage.Key
	created      []bool
	revoked      []bool
	active       int // -1 while nobody can sign
	highest      int // the highest one that started; only higher ones may start
	lastDecision int // the record of the latest decision that has taken effect
	spans        []span
}

func (w *timelineBuilder) apply(e timelineEvent) {
	switch e.kind {
	case createEvent:
		w.created[e.key] = true
	case startEvent:
		w.activate(e.key, e.at)
	case rotateEvent:
		w.activate(w.rotationTarget(e.key, e.at), e.at)
		w.lastDecision = max(w.lastDecision, e.key)
	case restoreEvent:
		w.restore(e.key, e.at)
	case revokeEvent:
		w.revoked[e.key] = true
	}
	if w.active < 0 || w.revoked[w.active] {
		w.active = -1
		w.activate(w.oldestStandby(e.at), e.at)
	}
}

// activate makes the key the signing key from the given time on, if it may still
// start.
func (w *timelineBuilder) activate(key int, at time.Time) {
	if !w.canStart(key) {
		return
	}
	w.active, w.highest = key, key
	w.spans = append(w.spans, span{key, at})
}

// restore applies the rollback in record n: an earlier key that has signed and is
// not revoked signs again. It does nothing where a decision of a higher number took
// effect before.
func (w *timelineBuilder) restore(n int, at time.Time) {
	key := slices.IndexFunc(w.keys, func(k storage.Key) bool { return k.KID == w.keys[n].Restores })
	signed := slices.ContainsFunc(w.spans, func(s span) bool { return s.key == key })
	if n < w.lastDecision || !signed || key == w.active || w.revoked[key] {
		return
	}
	w.active, w.lastDecision = key, n
	w.spans = append(w.spans, span{key, at})
}

// canStart reports whether the key may still start: no higher key has started, it is
// not revoked, and it is not one that only verifies.
func (w *timelineBuilder) canStart(key int) bool {
	return key > w.highest && !w.revoked[key] && w.keys[key].VerifiesUntil.IsZero()
}

// rotationTarget returns the key that the rotation in record n starts, or -1: the
// newest standby below n. Where another rotation is scheduled for later, record n
// brings it forward, and its key is returned.
func (w *timelineBuilder) rotationTarget(n int, at time.Time) int {
	for m := w.highest + 2; m < n; m++ {
		if w.keys[m].PredecessorActivatesAt.After(at) {
			if hurried := w.newestStandby(m); hurried >= 0 {
				return hurried
			}
		}
	}
	return w.newestStandby(n)
}

// newestStandby returns the highest key below n that may start, or -1.
func (w *timelineBuilder) newestStandby(n int) int {
	for k := n - 1; k > w.highest; k-- {
		if w.canStart(k) {
			return k
		}
	}
	return -1
}

// oldestStandby returns the lowest created key that may start, or -1: where the
// signing key is lost, the standby that has been published longest takes over. A key
// that is revoked at the same time does not count.
func (w *timelineBuilder) oldestStandby(at time.Time) int {
	for k := w.highest + 1; k < len(w.keys); k++ {
		revokedAt := w.keys[k].RevokedAt
		if w.created[k] && w.canStart(k) && (revokedAt.IsZero() || revokedAt.After(at)) {
			return k
		}
	}
	return -1
}

// spanAt returns the index of the span at time t, or -1 where no key may sign. The
// span of a revoked key never counts, even where its revocation lies in the future
// by a clock that is behind: its successor's span does. Before the first span the
// first one counts, for the same reason.
func (l timeline) spanAt(t time.Time) int {
	i := 0
	for i+1 < len(l.spans) && !l.spans[i+1].start.After(t) {
		i++
	}
	for i < len(l.spans) && !l.keys[l.spans[i].key].RevokedAt.IsZero() {
		i++
	}
	if i == len(l.spans) {
		return -1
	}
	return i
}

// highestStarted returns the index of the highest key that has started by t, or -1.
// Keys above it are standby keys.
func (l timeline) highestStarted(t time.Time) int {
	started := l.spans
	if i := l.spanAt(t); i >= 0 {
		started = l.spans[:i+1]
	}
	highest := -1
	for _, s := range started {
		highest = max(highest, s.key)
	}
	return highest
}

// activatesAt returns when the key last started to sign as of t, or when it will
// start first; zero if never.
func (l timeline) activatesAt(key int, t time.Time) (start time.Time) {
	for _, s := range l.spans {
		if s.key == key && (start.IsZero() || !s.start.After(t)) {
			start = s.start
		}
	}
	return start
}

// retiresAt returns when another key takes over from this one for good, or a higher
// one starts before it; zero if that is not known.
func (l timeline) retiresAt(key int) (end time.Time) {
	signed := false
	for _, s := range l.spans {
		switch {
		case s.key == key:
			signed, end = true, time.Time{}
		case end.IsZero() && (signed || s.key > key):
			end = s.start
		}
	}
	return end
}

// pending returns the scheduled span after the one at t, if there is one.
func (l timeline) pending(t time.Time) (span, bool) {
	if i := l.spanAt(t); i >= 0 && i+1 < len(l.spans) && l.spans[i+1].start.After(t) {
		return l.spans[i+1], true
	}
	return span{}, false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
