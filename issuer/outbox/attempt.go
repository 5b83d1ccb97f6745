package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
)

// settleTimeout bounds what is written after an attempt, also when the worker stops.
const settleTimeout = 5 * time.Second

// attempt delivers a leased message once and settles its lease. A failure of the store is
// not reported: the lease lapses, and the message is leased again.
func (w *Worker) attempt(ctx context.Context, m storage.Message) {
	d, known := w.deliverers[m.Kind]
	if !known {
		w.postpone(ctx, m, w.cfg.Now().Add(unknownKindDelay))
		return
	}
	if until, resting := w.targets.resting(m, w.cfg.Now()); resting {
		w.postpone(ctx, m, until.Add(w.spread()))
		return
	}
	began := w.cfg.Now()
	if !w.targets.begin(m, began) {
		w.postpone(ctx, m, began.Add(backoff(m.Attempts, w.cfg.Jitter())))
		return
	}
	defer func() { w.targets.end(m, began, w.cfg.Now()) }()
	attemptCtx, cancel := context.WithTimeout(ctx, attemptTimeout)
	err := deliver(attemptCtx, d, m)
	cancel()
	now := w.cfg.Now()
	switch {
	case err == nil:
		w.targets.succeeded(m)
		w.cfg.Observe(m.Kind, Delivered)
		w.finish(ctx, m)
	case errors.Is(err, ErrRejected):
		w.targets.succeeded(m) // it answers
		w.giveUp(ctx, d, m, err)
	case ctx.Err() != nil: // the worker stops: this was no fault of the receiver
		w.postpone(ctx, m, now)
	default:
		w.retry(ctx, d, m, err, now)
	}
}

func deliver(ctx context.Context, d Deliverer, m storage.Message) error {
	if err := failpoint.Hit(failpoint.MessageSending); err != nil {
		return err
	}
	if err := d.Deliver(ctx, m); err != nil {
		return err
	}
	return failpoint.Hit(failpoint.MessageSent)
}

// retry postpones a message after a failed attempt, or gives it up where it will have expired.
func (w *Worker) retry(ctx context.Context, d Deliverer, m storage.Message, cause error, now time.Time) {
	if errors.Is(cause, ErrNotThisOne) {
		w.targets.succeeded(m)
	} else {
		w.targets.failed(m, now, w.cfg.Jitter())
	}
	due := now.Add(backoff(m.Attempts, w.cfg.Jitter()))
	if !due.Before(m.ExpiresAt) {
		w.giveUp(ctx, d, m, cause)
		return
	}
	w.cfg.Observe(m.Kind, Failed)
	w.postpone(ctx, m, due)
}

// giveUp audits and then deletes a message. Without its event it stays.
func (w *Worker) giveUp(ctx context.Context, d Deliverer, m storage.Message, cause error) {
	ctx, cancel := settleContext(ctx)
	defer cancel()
	if _, err := w.log.Append(ctx, undelivered(d, m, cause)); err != nil {
		w.postpone(ctx, m, w.cfg.Now().Add(backoff(m.Attempts, w.cfg.Jitter())))
		return
	}
	w.cfg.Observe(m.Kind, GivenUp)
	w.finish(ctx, m)
}

// undelivered is the event for a message that is given up.
func undelivered(d Deliverer, m storage.Message, cause error) storage.AuditEvent {
	e := d.Undelivered(m)
	e.Detail = strings.TrimSpace(fmt.Sprintf("%s after %s: %v", e.Detail, times(m.Attempts), cause))
	return e
}

func times(attempts int64) string {
	if attempts == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", attempts)
}

func (w *Worker) finish(ctx context.Context, m storage.Message) {
	ctx, cancel := settleContext(ctx)
	defer cancel()
	_ = w.store.FinishMessage(ctx, m.ID, w.cfg.Instance, m.Attempts) // after a failure it is delivered again
}

func (w *Worker) postpone(ctx context.Context, m storage.Message, due time.Time) {
	ctx, cancel := settleContext(ctx)
	defer cancel()
	_ = w.store.PostponeMessage(ctx, m.ID, w.cfg.Instance, m.Attempts, storage.Time(due)) // after a failure its lease lapses
}

// settleContext goes on after the end of ctx, for a short time.
func settleContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
}

const (
	firstBackoff = 2 * time.Second
	maxBackoff   = 15 * time.Minute
)

// backoff is the time from the given attempt to the next: it doubles from firstBackoff to
// maxBackoff, and is spread over half of it to one and a half times as much.
func backoff(attempts int64, jitter float64) time.Duration {
	d := maxBackoff
	if attempts = max(attempts, 1); attempts < 10 {
		d = min(firstBackoff<<(attempts-1), maxBackoff)
	}
	return d/2 + time.Duration(jitter*float64(d))
}

// spread keeps the messages for a receiver that rests from becoming due at once.
func (w *Worker) spread() time.Duration { return time.Duration(w.cfg.Jitter() * float64(firstBackoff)) }
