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

// A timeline is what the records say about who signs when, past and future. It
// is derived from the records alone, so all instances that have read the same
// records agree on it. Spans rise in time, and in key but where a rollback has
// an earlier key sign again.
type timeline struct {
	keys  []storage.Key // by rising sequence number
	spans []span
}

// newTimeline derives the time line by applying the events that the records
// hold, in order of time. The records need not be sorted.
func newTimeline(records []storage.Key) timeline {
	keys := slices.SortedFunc(slices.Values(records), func(a, b storage.Key) int { return cmp.Compare(a.Seq, b.Seq) })
	w := timelineBuilder{keys: keys, created: make([]bool, len(keys)), revoked: make([]bool, len(keys)), active: -1, highest: -1, lastDecision: -1}
	for _, e := range eventsOf(keys) {
		w.apply(e)
	}
	return timeline{keys: keys, spans: w.spans}
}

// What can happen at a moment. The order is that in which events of the same
// moment take effect: a key that starts and is revoked at once has started, so
// that the revocation leads on to its successor and not back.
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

// eventsOf lists what the records say happens, in order. The sequence is the
// order in which the records were made, whatever the clocks of their makers
// said: none was made before the one below it.
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

// timelineBuilder is the state while the events are applied in order.
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

// activate makes the key the signing key from then on, if it still may start.
func (w *timelineBuilder) activate(key int, at time.Time) {
	if !w.canStart(key) {
		return
	}
	w.active, w.highest = key, key
	w.spans = append(w.spans, span{key, at})
}

// restore has an earlier key sign again, as record n says: one that has signed
// and is not revoked. A decision of a higher number that came into force before
// makes the rollback void.
func (w *timelineBuilder) restore(n int, at time.Time) {
	key := slices.IndexFunc(w.keys, func(k storage.Key) bool { return k.KID == w.keys[n].Restores })
	signed := slices.ContainsFunc(w.spans, func(s span) bool { return s.key == key })
	if n < w.lastDecision || !signed || key == w.active || w.revoked[key] {
		return
	}
	w.active, w.lastDecision = key, n
	w.spans = append(w.spans, span{key, at})
}

// canStart tells whether the key may still start: it has neither been passed
// over nor revoked, and is one that signs.
func (w *timelineBuilder) canStart(key int) bool {
	return key > w.highest && !w.revoked[key] && w.keys[key].VerifiesUntil.IsZero()
}

// rotationTarget is the key that the rotation stored in the record of key n starts: the
// newest one below n. Unless an earlier rotation is outstanding at that moment:
// then this one was made to hurry it, and starts the key that was waiting.
// It is -1 where there is none.
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

// newestStandby is the highest waiting key below n, or -1.
func (w *timelineBuilder) newestStandby(n int) int {
	for k := n - 1; k > w.highest; k-- {
		if w.canStart(k) {
			return k
		}
	}
	return -1
}

// oldestStandby is the lowest waiting key that exists by now, or -1: of several the one
// that has been published longest takes over where the signing key is lost. One
// that is revoked at the same moment does not.
func (w *timelineBuilder) oldestStandby(at time.Time) int {
	for k := w.highest + 1; k < len(w.keys); k++ {
		revokedAt := w.keys[k].RevokedAt
		if w.created[k] && w.canStart(k) && (revokedAt.IsZero() || revokedAt.After(at)) {
			return k
		}
	}
	return -1
}

// spanAt is the index of the span that holds at time t, or -1 where no key may
// sign. A revoked key never holds, also where its revocation lies ahead by a
// clock that is behind: then its successor does. Before the first span the
// first one holds already, for the same reason.
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

// highestStarted is the index of the highest key that has started by t, or -1: keys
// below it are past, keys above it still wait.
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

// activatesAt is since when the key signs, as of t; before its first start, when
// that will be; zero if never.
func (l timeline) activatesAt(key int, t time.Time) (start time.Time) {
	for _, s := range l.spans {
		if s.key == key && (start.IsZero() || !s.start.After(t)) {
			start = s.start
		}
	}
	return start
}

// retiresAt is when another key takes over for good, or passes over this one; zero
// if that is not known.
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

// pending is the span that is to follow the one that holds at t, if one is
// scheduled.
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
