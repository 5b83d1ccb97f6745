package keys

import (
	"slices"
	"time"

	"example.org/signet/storage"
)

// A Period is a time in which a key is in one state.
type Period struct {
	State State     `json:"state"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // zero where the end is not known
}

// A Life is the states of one key, past, present and to come.
type Life struct {
	KID     string   `json:"kid,omitempty"` // "" for a key that is not made yet
	Seq     int64    `json:"-"`
	Periods []Period `json:"periods"` // by time, without gaps
}

// Lives returns the life of each key of the plan, by rising sequence number: what has been by the
// records that are left, and what comes by the plan. It changes nothing.
func (m *Manager) Lives(p Plan) []Life {
	s, _ := m.snapshots.get()
	return lives(s.line, p, m.cfg.Retention())
}

func lives(line timeline, p Plan, retention time.Duration) []Life {
	b := lifeBuilder{}
	for _, t := range line.changesUntil(p.At, retention) {
		for _, info := range line.asOf(t).describe(t, retention) {
			b.enter(info.KID, info.Seq, info.State, t)
		}
	}
	for _, c := range p.Transitions {
		b.enter(c.KID, c.Seq, c.To, c.At)
	}
	return b.lives
}

// lifeBuilder collects lives while the time goes on.
type lifeBuilder struct{ lives []Life }

// enter notes that the key is in the state at that time.
func (b *lifeBuilder) enter(kid string, seq int64, state State, at time.Time) {
	n := slices.IndexFunc(b.lives, func(l Life) bool { return l.Seq == seq })
	if n < 0 {
		b.lives = append(b.lives, Life{KID: kid, Seq: seq, Periods: []Period{{State: state, From: at}}})
		return
	}
	last := &b.lives[n].Periods[len(b.lives[n].Periods)-1]
	if last.State == state {
		return
	}
	last.Until = at
	b.lives[n].Periods = append(b.lives[n].Periods, Period{State: state, From: at})
}

// changesUntil returns the times up to now at which some key may have changed its state, rising.
func (l timeline) changesUntil(now time.Time, retention time.Duration) []time.Time {
	times := []time.Time{now}
	add := func(t time.Time) {
		if !t.IsZero() && !t.After(now) {
			times = append(times, t)
		}
	}
	for _, s := range l.spans {
		add(s.start)
	}
	for i, k := range l.keys {
		add(k.CreatedAt)
		add(k.RevokedAt)
		add(l.unpublishedAt(i, retention))
	}
	slices.SortFunc(times, time.Time.Compare)
	return slices.CompactFunc(times, time.Time.Equal)
}

// asOf returns the time line of what was decided by then.
func (l timeline) asOf(t time.Time) timeline {
	var known []storage.Key
	for _, k := range l.keys {
		if k.CreatedAt.After(t) {
			continue
		}
		if k.RevokedAt.After(t) {
			k.RevokedAt = time.Time{}
		}
		known = append(known, k)
	}
	return newTimeline(known)
}
