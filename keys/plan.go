package keys

import (
	"fmt"
	"time"

	"example.org/signet/storage"
)

// An Intent is a change of the keys that somebody considers. The zero value is
// to let things take their course.
type Intent struct {
	Rotate   bool   // as [Manager.Rotate] does it
	Force    bool   // of Rotate: now
	Rollback bool   // as [Manager.Rollback] does it
	Revoke   string // the kid to revoke, as [Manager.Revoke] does it
}

// A Plan tells what will happen to the keys, and changes nothing.
type Plan struct {
	At      time.Time // the moment that it is made for
	Keys    []Info    // as they are before, by rising sequence number
	Changes []Change  // by rising time
}

// Next is the first change of the key; false where none is in sight.
func (p Plan) Next(kid string) (Change, bool) {
	for _, c := range p.Changes {
		if c.KID == kid && c.KID != "" {
			return c, true
		}
	}
	return Change{}, false
}

// Plan foretells what the intent and the time do to the keys: every change
// whose moment is known, and those around the next rotation on schedule. It
// works from the current view. It fails as the change itself would: with
// [ErrRotated], *[ScheduledError], *[NoWayBackError] or [storage.ErrNotFound].
func (m *Manager) Plan(intent Intent) (Plan, error) {
	s, now := m.view()
	line, err := m.intended(s, now, intent)
	if err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	stages := []stage{{now, line}}
	if next, ok := m.onSchedule(line, now); ok {
		stages = append(stages, next)
	}
	return Plan{At: now, Keys: m.List(), Changes: m.changes(s.infos, stages)}, nil
}

// intended is the time line after the intent, with all that it entails.
func (m *Manager) intended(s *snapshot, now time.Time, intent Intent) (timeline, error) {
	line := s.line
	if intent.Revoke != "" {
		if s.pairs[intent.Revoke] == nil {
			return timeline{}, fmt.Errorf("key %q: %w", intent.Revoke, storage.ErrNotFound)
		}
		line = line.withRevoked(intent.Revoke, storage.Time(now))
	}
	for k, lacking := line.lacking(now); lacking; k, lacking = line.lacking(now) {
		line = line.with(k)
	}
	if intent.Rollback {
		record, err := m.rollback(s, now)
		if err != nil {
			return timeline{}, err
		}
		line = line.with(record)
	}
	if intent.Rotate {
		at, err := m.startOf(s, storage.Time(now), intent.Force)
		if err != nil {
			return timeline{}, err
		}
		line = line.with(line.rotation(now, at))
	}
	return line, nil
}

// A stage is a time line and the moment from which it holds.
type stage struct {
	from time.Time
	line timeline
}

// onSchedule is the stage that begins when some instance stores the rotation
// that ends the interval of the last key known to sign.
func (m *Manager) onSchedule(line timeline, now time.Time) (stage, bool) {
	if m.cfg.RotationInterval == 0 || line.at(now) < 0 {
		return stage{}, false
	}
	last := now
	if next, ok := line.pending(now); ok {
		last = next.start
	}
	due := line.spans[line.at(last)].start.Add(m.cfg.RotationInterval)
	from := later(now, due.Add(-m.cfg.notice()))
	at := later(due, m.earliest(line.describe(from, m.cfg.Retention()), from))
	return stage{from, line.with(line.rotation(from, at))}, true
}

// changes walks through the stages and notes what differs from one moment to
// the next.
func (m *Manager) changes(before []Info, stages []stage) []Change {
	var changes []Change
	for n, s := range stages {
		for t := s.from; !t.IsZero(); _, t = s.line.window(t, m.cfg.Retention()) {
			if n+1 < len(stages) && !t.Before(stages[n+1].from) {
				break
			}
			after := s.line.describe(t, m.cfg.Retention())
			changes = append(changes, m.differences(t, before, after)...)
			before = after
		}
	}
	return changes
}

// differences are the keys whose state is another one. No record is removed in
// between, so both lists begin with the same keys.
func (m *Manager) differences(t time.Time, before, after []Info) []Change {
	var changes []Change
	for i, info := range after {
		c := Change{At: t, KID: info.KID, Seq: info.Seq, To: info.State}
		if i < len(before) {
			c.From = before[i].State
		}
		if c.From == c.To {
			continue
		}
		early := t.Before(publishedSince(info, t).Add(m.cfg.PublishAhead))
		switch {
		case c.To == Revoked, c.To == Active && early && c.From != Retired:
			c.Lag = m.cfg.JWKSMaxAge
		case c.From == Active && c.To == Retired:
			c.LastToken = t.Add(m.cfg.TokenLifetime)
		}
		changes = append(changes, c)
	}
	return changes
}
