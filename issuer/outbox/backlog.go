package outbox

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

const (
	// measureInterval is how often Run counts the messages that wait.
	measureInterval = 30 * time.Second

	// maxMeasured bounds the pages of storage.MaxPage messages that are counted.
	maxMeasured = 10
)

// Backlog is what waits for delivery, as last measured.
type Backlog struct {
	Waiting int       // messages, at most maxMeasured*storage.MaxPage
	Oldest  time.Time // when the oldest of them was enqueued; zero for none
}

// Backlog returns the newest measurement.
func (w *Worker) Backlog() Backlog { return *w.backlog.Load() }

// OldestAge is how long the oldest message has been waiting; 0 where none is.
func (w *Worker) OldestAge() time.Duration {
	oldest := w.Backlog().Oldest
	if oldest.IsZero() {
		return 0
	}
	return max(0, w.cfg.Now().Sub(oldest))
}

// Measure counts the messages that wait, on all instances.
func (w *Worker) Measure(ctx context.Context) error {
	var b Backlog
	page := storage.Page{Limit: storage.MaxPage}
	for range maxMeasured {
		got, err := w.store.ListMessages(ctx, page)
		if err != nil {
			return err
		}
		for _, m := range got.Messages {
			b.Waiting++
			if b.Oldest.IsZero() || m.CreatedAt.Before(b.Oldest) {
				b.Oldest = m.CreatedAt
			}
		}
		if page.After = got.Next; page.After == "" {
			break
		}
	}
	w.backlog.Store(&b)
	return nil
}

// errExpired is the reason of a message that expired while no instance tried it.
var errExpired = errors.New("it expired")

// Sweep deletes up to limit messages that expired before the given time, with an audit event
// for each, and returns how many.
func (w *Worker) Sweep(ctx context.Context, before time.Time, limit int) (int64, error) {
	expired, err := w.store.SweepMessages(ctx, before, limit)
	for _, m := range expired {
		e := storage.AuditEvent{Type: audit.EventDeliveryFailed, Target: m.ID, Detail: m.Kind}
		if d, known := w.deliverers[m.Kind]; known {
			e = undelivered(d, m, errExpired)
		}
		w.cfg.Observe(m.Kind, GivenUp)
		if _, auditErr := w.log.Append(ctx, e); auditErr != nil && err == nil {
			err = auditErr
		}
	}
	return int64(len(expired)), err
}
