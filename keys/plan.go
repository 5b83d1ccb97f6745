package keys

import (
	"fmt"
	"time"

	"example.org/signet/storage"
)

// PlanRequest names the change whose outcome [Manager.Plan] predicts. The zero
// value asks for what the schedule brings.
type PlanRequest struct {
	Rotate   bool   // as [Manager.Rotate] does it
	Force    bool   // of Rotate: now
	Rollback bool   // as [Manager.Rollback] does it
	Revoke   string // the kid to revoke, as [Manager.Revoke] does it
}

// A Plan lists the coming changes of the keys.
type Plan struct {
	At          time.Time    // when the plan was made
	Keys        []Info       // as they are before, by rising sequence number
	Transitions []Transition // by rising time
}

// Next returns the first change of the key; false where none is known.
func (p Plan) Next(kid string) (Transition, bool) {
	for _, c := range p.Transitions {
		if c.KID == kid && c.KID != "" {
			return c, true
		}
	}
	return Transition{}, false
}

// Plan predicts what the requested change and the time do to the keys: every change
// whose moment is known, and those around the next rotation on schedule. It
// works from the current snapshot. It fails as the change itself would: with
// [ErrRotated], *[ScheduledError], *[RollbackUnavailableError] or [storage.ErrNotFound].
func (m *Manager) Plan(req PlanRequest) (Plan, error) {
	s, now := m.snapshots.get()
	line, err := changedTimeline(m.cfg, s, now, req)
	if err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	stages := []stage{{now, line}}
	if next, ok := scheduledStage(m.cfg, line, now); ok {
		stages = append(stages, next)
	}
	return Plan{At: now, Keys: m.List(), Transitions: transitions(m.cfg, s.infos, stages)}, nil
}

// changedTimeline returns the time line after the requested change, with the keys
// that it makes necessary.
func changedTimeline(cfg Config, s *snapshot, now time.Time, req PlanRequest) (timeline, error) {
	line := s.line
	if req.Revoke != "" {
		if s.pairs[req.Revoke] == nil {
			return timeline{}, fmt.Errorf("key %q: %w", req.Revoke, storage.ErrNotFound)
		}
		line = line.withRevoked(req.Revoke, storage.Time(now))
	}
	for k, missing := line.nextMissing(now); missing; k, missing = line.nextMissing(now) {
		line = line.withRecord(k)
	}
	if req.Rollback {
		record, err := cfg.rollbackRecord(s, now)
		if err != nil {
			return timeline{}, err
		}
		line = line.withRecord(record)
	}
	if req.Rotate {
		at, err := cfg.rotationTime(s, storage.Time(now), req.Force)
		if err != nil {
			return timeline{}, err
		}
		line = line.withRecord(line.rotationRecord(now, at))
	}
	return line, nil
}

// A stage is a time line and the time from which it holds.
type stage struct {
	from time.Time
	line timeline
}

// scheduledStage returns the stage that begins when some instance stores the next
// rotation on schedule; false where none is due.
func scheduledStage(cfg Config, line timeline, now time.Time) (stage, bool) {
	if cfg.RotationInterval == 0 || line.spanAt(now) < 0 {
		return stage{}, false
	}
	last := now
	if next, ok := line.pending(now); ok {
		last = next.start
	}
	due := line.spans[line.spanAt(last)].start.Add(cfg.RotationInterval)
	from := later(now, due.Add(-cfg.lead()))
	at := later(due, cfg.earliestStart(line.describe(from, cfg.Retention()), from))
	return stage{from, line.withRecord(line.rotationRecord(from, at))}, true
}

// transitions returns the changes of state in the stages, by rising time.
func transitions(cfg Config, before []Info, stages []stage) []Transition {
	var changes []Transition
	for n, s := range stages {
		for t := s.from; !t.IsZero(); _, t = s.line.stableWindow(t, cfg.Retention()) {
			if n+1 < len(stages) && !t.Before(stages[n+1].from) {
				break
			}
			after := s.line.describe(t, cfg.Retention())
			changes = append(changes, diff(cfg, t, before, after)...)
			before = after
		}
	}
	return changes
}

// diff returns a transition for each key whose state differs. No record is removed in
// between, so both lists begin with the same keys.
func diff(cfg Config, t time.Time, before, after []Info) []Transition {
	var changes []Transition
	for i, info := range after {
		c := Transition{At: t, KID: info.KID, Seq: info.Seq, To: info.State}
		if i < len(before) {
			c.From = before[i].State
		}
		if c.From == c.To {
			continue
		}
		early := t.Before(publishedSince(info, t).Add(cfg.PublishAhead))
		switch {
		case c.To == Revoked, c.To == Active && early && c.From != Retired:
			c.PropagationDelay = cfg.JWKSMaxAge
		case c.From == Active && c.To == Retired:
			c.LastToken = t.Add(cfg.TokenLifetime)
		}
		changes = append(changes, c)
	}
	return changes
}
