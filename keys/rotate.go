package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/signet/storage"
)

// Change says how the keys are to be changed, and who asked for it. The zero
// value is a change by the instance itself, without force.
type Change struct {
	Force bool   // of [Manager.Rotate]: at once, however long the standby has been published
	By    string // the user id or command that the events name; empty for the instance itself
}

// Rotation is the outcome of a rotation or a rollback.
type Rotation struct {
	NewStandby string    // kid of the key made for the next time
	Activates  string    // kid of the key that starts to sign
	At         time.Time // and when
}

// Rotate makes the standby the signing key: at once if it has been published
// for PublishAhead, else at the moment it will have been; Force makes it now.
// Verifiers that cached the JWKS before the key was in it then refuse its
// tokens for up to JWKSMaxAge.
//
// Of racing rotations one wins, the others get [ErrRotated]; so does one
// within [Config.Refresh] of the last, whose keys not every instance has
// published yet. While a rotation is scheduled and still to come it fails with
// *[ScheduledError]; Force makes that one happen now.
func (m *Manager) Rotate(ctx context.Context, c Change) (Rotation, error) {
	done, err := m.changer.storeDecision(ctx, Event{Kind: EventRotated, By: c.By}, func(s *snapshot, now time.Time) (storage.Key, error) {
		at, err := m.cfg.rotationTime(s, storage.Time(now), c.Force)
		return s.line.rotationRecord(now, at), err
	})
	if err != nil {
		return Rotation{}, fmt.Errorf("rotate the keys: %w", err)
	}
	return done, nil
}

// storeDecision stores the record that propose makes of the current snapshot, as the
// newest decision on who signs, and reports the event. Of racing ones one wins,
// the others get [ErrRotated].
func (c *changer) storeDecision(ctx context.Context, event Event, propose func(*snapshot, time.Time) (storage.Key, error)) (done Rotation, err error) {
	afterSeq := c.snapshots.current.Load().maxSeq()
	err = c.withLock(ctx, func() (err error) {
		if err = c.snapshots.reload(ctx); err != nil {
			return err
		}
		done, err = c.tryDecision(ctx, afterSeq, event, propose)
		return err
	})
	return done, err
}

// maxAttempts bounds the tries of one change. Each failed one means that another
// instance stored a record, so few are needed; a store that does not list what it
// holds must not be asked for ever.
const maxAttempts = 20

var errNoProgress = fmt.Errorf("the store does not list the keys that it holds: %w", storage.ErrUnavailable)

// tryDecision proposes and inserts records until one is stored. It fails with
// [ErrRotated] once another decision above afterSeq is stored.
func (c *changer) tryDecision(ctx context.Context, afterSeq int64, event Event, propose func(*snapshot, time.Time) (storage.Key, error)) (Rotation, error) {
	for range maxAttempts {
		if err := c.ensureStandby(ctx, event.By); err != nil {
			return Rotation{}, err
		}
		s, now := c.snapshots.get()
		if _, ok := s.lastDecision(afterSeq); ok {
			return Rotation{}, ErrRotated
		}
		record, err := propose(s, now)
		if err != nil {
			return Rotation{}, err
		}
		done, err := c.insertDecision(ctx, s, event, record)
		if !errors.Is(err, storage.ErrConflict) {
			return done, err
		}
		if err := c.snapshots.reload(ctx); err != nil {
			return Rotation{}, err
		}
	}
	return Rotation{}, errNoProgress
}

// rotationTime returns when a rotation that is made now takes effect.
func (c Config) rotationTime(s *snapshot, now time.Time, force bool) (time.Time, error) {
	if next, ok := s.line.pending(now); ok {
		if !force {
			return time.Time{}, &ScheduledError{KID: s.line.keys[next.key].KID, At: next.start}
		}
		return now, nil
	}
	if last, ok := s.lastDecision(0); ok && now.Sub(last.CreatedAt).Abs() < c.Refresh {
		return time.Time{}, ErrRotated
	}
	if force {
		return now, nil
	}
	return c.earliestStart(s.infos, now), nil
}

// earliestStart returns the first time at which the newest standby may sign unforced.
func (c Config) earliestStart(infos []Info, now time.Time) time.Time {
	at := now
	for _, info := range infos {
		if info.State == Standby {
			at = later(at, publishedSince(info, now).Add(c.PublishAhead))
		}
	}
	return at
}

// publishedSince returns since when the key is published: now for a record from the
// future, which a wrong clock made.
func publishedSince(info Info, now time.Time) time.Time {
	if info.CreatedAt.After(now) {
		return now
	}
	return info.CreatedAt
}

// insertDecision stores a new standby whose record says which other key signs
// from when on, and reports the event.
func (c *changer) insertDecision(ctx context.Context, s *snapshot, event Event, record storage.Key) (Rotation, error) {
	record, err := c.insertNewKey(ctx, record)
	if err != nil {
		return Rotation{}, err
	}
	done := Rotation{NewStandby: record.KID, At: later(record.PredecessorActivatesAt, record.RestoresAt)}
	line := s.line.withRecord(record)
	for _, span := range line.spans {
		if !span.start.After(done.At) {
			done.Activates = line.keys[span.key].KID
		}
	}
	event.KID, event.At = done.Activates, done.At
	c.cfg.report(event)
	return done, nil
}
