package storage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// HeldPlaces are the places in counters that attempts under way hold, in the memory of one
// store: whoever uses the same store shares them. They are written when they are kept, so an
// attempt without an outcome leaves nothing behind, also where its process is killed. A place of
// another process is not seen before it is kept; CounterSettlement.Limit is for that. The zero
// value is ready to use, and safe for concurrent use.
type HeldPlaces struct {
	mu       sync.Mutex
	counters map[string]*heldCounter
	kept     uint64 // how many settlements have kept places
}

// heldCounter is the part of a counter that is not in the store.
type heldCounter struct {
	held    int64
	keeping int64 // of held: their settlement is being written
	heldTo  time.Time
	since   time.Time // a stored counter whose window ended by then is of an earlier window
	resetAt time.Time
}

// ReadCounters reads the stored counters of keys.
type ReadCounters func(keys []string) (map[string]RateCounter, error)

// maxUnlockedReads bounds the reads that are done again because places were kept meanwhile.
const maxUnlockedReads = 3

// Reserve takes a place to be held in each of the counters, or none where one is full.
func (h *HeldPlaces) Reserve(now time.Time, hold time.Duration, claims []CounterClaim, read ReadCounters) (Reservation, error) {
	keys := ClaimedKeys(claims)
	for range maxUnlockedReads {
		before := h.settled()
		stored, err := read(keys)
		if err != nil {
			return Reservation{}, err
		}
		if r, current := h.reserve(before, stored, now, hold, claims); current {
			return r, nil
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	stored, err := read(keys)
	if err != nil {
		return Reservation{}, err
	}
	return h.reserveLocked(stored, now, hold, claims), nil
}

func (h *HeldPlaces) settled() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept
}

// reserve does so if no place was kept since the store was read: such a place would be
// neither in what was read nor among those held.
func (h *HeldPlaces) reserve(before uint64, stored map[string]RateCounter, now time.Time, hold time.Duration, claims []CounterClaim) (r Reservation, current bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept != before {
		return Reservation{}, false
	}
	return h.reserveLocked(stored, now, hold, claims), true
}

func (h *HeldPlaces) reserveLocked(stored map[string]RateCounter, now time.Time, hold time.Duration, claims []CounterClaim) Reservation {
	whole := make(map[string]RateCounter, len(claims))
	for _, key := range ClaimedKeys(claims) {
		whole[key] = h.whole(stored[key], key, now)
	}
	r := Reserve(whole, now, hold, claims)
	for _, taken := range r.Taken {
		c := h.counter(taken.Key)
		if !whole[taken.Key].Running(now) {
			c.since = now
		}
		c.held, c.resetAt = c.held+1, taken.ResetAt
		if end := Time(now.Add(hold)); end.After(c.heldTo) {
			c.heldTo = end
		}
	}
	return r
}

func (h *HeldPlaces) counter(key string) *heldCounter {
	c := h.counters[key]
	if c == nil {
		if h.counters == nil {
			h.counters = map[string]*heldCounter{}
		}
		c = &heldCounter{}
		h.counters[key] = c
	}
	return c
}

// whole returns the counter with the places that are held, without those that have lapsed. A
// place that is being kept does not lapse.
func (h *HeldPlaces) whole(stored RateCounter, key string, now time.Time) RateCounter {
	stored = stored.WithoutLapsed(now)
	c := h.counters[key]
	if c == nil {
		return stored
	}
	if !c.heldTo.After(now) {
		c.held = c.keeping
	}
	if stored.Key == "" || !stored.ResetAt.After(c.since) {
		stored = RateCounter{Key: key, ResetAt: c.resetAt}
	}
	stored.Count, stored.Held = stored.Count+c.held, stored.Held+c.held
	if c.held > 0 && c.heldTo.After(stored.HeldTo) {
		stored.HeldTo = c.heldTo
	}
	return stored
}

// Whole returns the counters that begin with the prefix and run at that time, the stored ones
// and those of places held, by their keys.
func (h *HeldPlaces) Whole(now time.Time, prefix string, stored []RateCounter) []RateCounter {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[string]RateCounter, len(stored))
	for _, c := range stored {
		all[c.Key] = h.whole(c, c.Key, now)
	}
	for key := range h.counters {
		if _, there := all[key]; !there && strings.HasPrefix(key, prefix) {
			all[key] = h.whole(RateCounter{}, key, now)
		}
	}
	running := slices.DeleteFunc(slices.Collect(maps.Values(all)), func(c RateCounter) bool { return !c.Running(now) })
	slices.SortFunc(running, func(a, b RateCounter) int { return cmp.Compare(a.Key, b.Key) })
	if len(running) == 0 {
		return nil
	}
	return running[:min(len(running), MaxPage)]
}

// Sweep forgets counters whose window ended before that time, with places that nobody settled.
func (h *HeldPlaces) Sweep(before time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.counters, func(_ string, c *heldCounter) bool {
		return c.keeping == 0 && c.resetAt.Before(before) && c.heldTo.Before(before)
	})
}

// KeptPlace is a place that is being kept: one more in the stored counter, or the first of one
// with this window where there is none, or one whose window ended by Since.
type KeptPlace struct {
	Key     string
	Limit   int64 // see CounterSettlement.Limit
	Since   time.Time
	ResetAt time.Time
}

// In returns the stored counter with the place in it.
func (p KeptPlace) In(stored RateCounter) RateCounter {
	if stored.Key == "" || !stored.ResetAt.After(p.Since) {
		return RateCounter{Key: p.Key, Count: 1, ResetAt: p.ResetAt}
	}
	stored.Count++
	return stored
}

// Settlement is a settlement of places between its beginning and its end.
type Settlement struct {
	Keeps   []KeptPlace // to be written; those that hold no place are left out
	actions []CounterSettlement
	held    *HeldPlaces
}

// Begin begins a settlement. It must end by Done or Undone.
func (h *HeldPlaces) Begin(actions []CounterSettlement) *Settlement {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Settlement{actions: actions, held: h}
	for _, a := range actions {
		if c := h.counters[a.Key]; a.Action == CounterKeep && c != nil && c.held > c.keeping {
			c.keeping++
			s.Keeps = append(s.Keeps, KeptPlace{Key: a.Key, Limit: a.Limit, Since: c.since, ResetAt: c.resetAt})
		}
	}
	return s
}

// Writes tells whether anything of the settlement is in the store.
func (s *Settlement) Writes() bool { return len(s.Keeps) > 0 || clears(s.actions) }

func clears(actions []CounterSettlement) bool {
	return slices.ContainsFunc(actions, func(a CounterSettlement) bool { return a.Action == CounterClear || a.Action == CounterClearAll })
}

// Done ends a settlement that was written: its places are held no more.
func (s *Settlement) Done() {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	if len(s.Keeps) > 0 {
		s.held.kept++
	}
	for _, k := range s.Keeps {
		s.held.giveBack(k.Key, 1)
	}
	for _, a := range s.actions {
		switch a.Action {
		case CounterRelease:
			s.held.giveBack(a.Key, 0)
		case CounterClear:
			s.held.clear(a.Key)
		case CounterClearAll:
			for key := range s.held.counters {
				if strings.HasPrefix(key, a.Key) {
					s.held.clear(key)
				}
			}
		}
	}
}

// Undone ends a settlement that was not written, or may not have been: the places are held until
// somebody gives them back, or they lapse.
func (s *Settlement) Undone() {
	s.held.mu.Lock()
	defer s.held.mu.Unlock()
	for _, k := range s.Keeps {
		s.held.counters[k.Key].keeping--
	}
}

// giveBack takes one place away, one that was being kept where kept is 1. A counter without
// places held is in the store alone.
func (h *HeldPlaces) giveBack(key string, kept int64) {
	c := h.counters[key]
	if c == nil {
		return
	}
	c.keeping -= kept
	if c.held > c.keeping {
		c.held--
	}
	if c.held == 0 && c.keeping == 0 {
		delete(h.counters, key)
	}
}

// clear takes away all places but those that are being kept.
func (h *HeldPlaces) clear(key string) {
	if c := h.counters[key]; c != nil {
		if c.held = c.keeping; c.held == 0 {
			delete(h.counters, key)
		}
	}
}
