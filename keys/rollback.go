package keys

import (
	"context"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// Rollback has the previous key sign again, at once: the newest one below the
// signing key that has signed and is still published. Every verifier knows it,
// so no token is refused, and the tokens of the key that it takes over from
// stay valid too. That one retires and does not come back; the next rotation
// starts the newest standby, an interval from now.
//
// It is possible until [Config.StaleAfter] (with allowances for clocks and for
// reading) before the key leaves the JWKS, so that every instance hears of it
// in time: then it fails with *[RollbackUnavailableError], as where there is no such key.
// A second rollback is refused that way too, so a repeated command does not go
// back further than intended. Of racing rollbacks and rotations one wins, the
// others get [ErrRotated]; while a rotation is scheduled it fails with
// *[ScheduledError].
func (m *Manager) Rollback(ctx context.Context, c Change) (Rotation, error) {
	done, err := m.changer.storeDecision(ctx, Event{Kind: EventRolledBack, By: c.By}, m.cfg.rollbackRecord)
	if err != nil {
		return Rotation{}, fmt.Errorf("roll the keys back: %w", err)
	}
	return done, nil
}

// rollbackRecord returns the record of a rollback that is made now.
func (c Config) rollbackRecord(s *snapshot, now time.Time) (storage.Key, error) {
	if next, ok := s.line.pending(now); ok {
		return storage.Key{}, &ScheduledError{KID: s.line.keys[next.key].KID, At: next.start}
	}
	if last, ok := s.lastDecision(0); ok && last.Restores != "" && now.Sub(last.CreatedAt).Abs() < c.Refresh {
		return storage.Key{}, ErrRotated
	}
	previous, ok := s.line.previous(now, c.Retention())
	if !ok {
		return storage.Key{}, &RollbackUnavailableError{}
	}
	if until := previous.UnpublishedAt.Add(-c.propagationDelay()); now.After(until) {
		return storage.Key{}, &RollbackUnavailableError{KID: previous.KID, Until: until}
	}
	record := s.line.nextRecord(now)
	record.Restores, record.RestoresAt = previous.KID, record.CreatedAt
	return record, nil
}

// propagationDelay returns how long it takes at most until every instance that signs
// knows of a decision, by a clock that may be behind.
func (c Config) propagationDelay() time.Duration { return c.StaleAfter() + c.Refresh + c.Leeway }

// previous returns the newest key below the signing one that has signed before and is
// still published.
func (l timeline) previous(now time.Time, retention time.Duration) (Info, bool) {
	i := l.spanAt(now)
	if i < 0 {
		return Info{}, false
	}
	infos := l.describe(now, retention)
	for key := l.spans[i].key - 1; key >= 0; key-- {
		if infos[key].State == Retired && !infos[key].ActivatesAt.IsZero() {
			return infos[key], true
		}
	}
	return Info{}, false
}
