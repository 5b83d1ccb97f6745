package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"example.org/signet/storage"
)

// Deliverer delivers messages of one kind. It is safe for concurrent use.
type Deliverer interface {
	// Deliver makes one attempt, and gives up at the deadline of ctx. An error that wraps
	// [ErrRejected] is final; after any other the message is tried again. The text of an
	// error goes to the audit log: a fixed sentence, with nothing of the receiver's in it.
	Deliver(ctx context.Context, m storage.Message) error

	// Undelivered returns the audit event for a message that is given up. The worker adds
	// the reason to its Detail.
	Undelivered(m storage.Message) storage.AuditEvent
}

// ErrRejected means that the receiver does not want the message, now or later.
var ErrRejected = errors.New("rejected by the receiver")

// ErrNotThisOne means that the receiver answers, and puts this message off: others for it need not
// wait.
var ErrNotThisOne = errors.New("put off by the receiver")

// auditLog appends events.
type auditLog interface {
	Append(ctx context.Context, e storage.AuditEvent) (id string, err error)
}

// Config says how a Worker works. Zero values mean the defaults.
type Config struct {
	Instance string           // owns the leases; no two running instances may have the same
	Now      func() time.Time // required
	Parallel int              // attempts under way at once; default 8
	Jitter   func() float64   // from 0 to below 1; default random

	// Observe is called after every attempt, with an outcome of below. It must not block.
	Observe func(kind, outcome string)
}

// The outcomes of an attempt.
const (
	Delivered = "delivered"
	Failed    = "failed"  // it is tried again
	GivenUp   = "gave_up" // rejected, or expired
)

const (
	defaultParallel = 8

	// attemptTimeout bounds one attempt, and leaseTime is longer: nobody else takes the
	// message while the attempt is under way.
	attemptTimeout = 10 * time.Second
	leaseTime      = 30 * time.Second

	// pollInterval is how often the store is asked for messages that are due: those of
	// other instances, and those whose back-off is over.
	pollInterval = 5 * time.Second

	// unknownKindDelay is how long a message of a kind that this version does not know is
	// left to newer instances.
	unknownKindDelay = time.Minute
)

// Worker delivers the messages of a store. It is safe for concurrent use.
type Worker struct {
	cfg        Config
	store      storage.Outbox
	log        auditLog
	deliverers map[string]Deliverer // by kind
	slots      chan struct{}        // one element for each attempt under way
	wake       chan struct{}
	targets    targets
	backlog    atomic.Pointer[Backlog]
}

// New returns a Worker for the kinds of messages that have a deliverer.
func New(cfg Config, store storage.Outbox, log auditLog, deliverers map[string]Deliverer) *Worker {
	if cfg.Parallel <= 0 {
		cfg.Parallel = defaultParallel
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string) {}
	}
	w := &Worker{
		cfg: cfg, store: store, log: log, deliverers: deliverers,
		slots: make(chan struct{}, cfg.Parallel), wake: make(chan struct{}, 1),
	}
	w.backlog.Store(&Backlog{})
	return w
}

// Enqueue stores messages and wakes the worker when they are due. One whose ID is waiting
// already is left alone. The error wraps storage.ErrUnavailable where the outcome is unknown.
func (w *Worker) Enqueue(ctx context.Context, messages ...storage.Message) error {
	if len(messages) == 0 {
		return nil
	}
	for _, m := range messages {
		if len(m.Body) > storage.MaxMessage {
			return fmt.Errorf("enqueue a message: its body has %d bytes, more than %d", len(m.Body), storage.MaxMessage)
		}
	}
	if err := w.store.Enqueue(ctx, messages...); err != nil {
		return err
	}
	w.wakeFor(messages)
	return nil
}

// wakeFor wakes the worker when the last of the messages is due, unless it looks before anyway.
func (w *Worker) wakeFor(messages []storage.Message) {
	now, wait := w.cfg.Now(), time.Duration(0)
	for _, m := range messages {
		wait = max(wait, m.DueAt.Sub(now))
	}
	switch {
	case wait <= 0:
		w.Wake()
	case wait < pollInterval:
		time.AfterFunc(wait, w.Wake)
	}
}

// Wake lets Run look for messages at once.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to look
	}
}

// Run delivers messages until ctx ends, then gives the leases of the attempts under way back.
// report is called after every look at the store, with nil where it succeeded.
func (w *Worker) Run(ctx context.Context, report func(error)) {
	var attempts sync.WaitGroup
	defer attempts.Wait()
	measured := time.Time{}
	for {
		more, err := w.start(ctx, &attempts)
		if now := w.cfg.Now(); err == nil && now.Sub(measured).Abs() > measureInterval {
			measured = now
			err = w.Measure(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		report(err)
		if more {
			continue
		}
		select {
		case <-time.After(pollInterval + time.Duration(w.cfg.Jitter()*float64(pollInterval)/5)):
		case <-w.wake:
		case <-ctx.Done():
			return
		}
	}
}

// DeliverDue delivers what is due now, waits for the attempts, and returns how many
// messages it leased.
func (w *Worker) DeliverDue(ctx context.Context) (int, error) {
	total := 0
	for {
		var attempts sync.WaitGroup
		n, _, err := w.leaseAndStart(ctx, &attempts)
		attempts.Wait()
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// start begins attempts of as many messages as there are free slots. more tells that others
// may be due.
func (w *Worker) start(ctx context.Context, attempts *sync.WaitGroup) (more bool, err error) {
	n, asked, err := w.leaseAndStart(ctx, attempts)
	return err == nil && asked > 0 && n == asked, err
}

// leaseAndStart waits for a free slot, leases a message for each free one and begins the
// attempts.
func (w *Worker) leaseAndStart(ctx context.Context, attempts *sync.WaitGroup) (n, asked int, err error) {
	asked = w.takeSlots(ctx)
	if asked == 0 {
		return 0, 0, nil // ctx has ended
	}
	now := storage.Time(w.cfg.Now())
	messages, err := w.store.LeaseMessages(ctx, storage.Lease{Owner: w.cfg.Instance, Now: now, Until: now.Add(leaseTime), Limit: asked})
	for range asked - len(messages) {
		<-w.slots
	}
	for _, m := range messages {
		attempts.Go(func() {
			defer func() { <-w.slots }()
			w.attempt(ctx, m)
		})
	}
	return len(messages), asked, err
}

// takeSlots takes all free slots, at least one; none where ctx ends before.
func (w *Worker) takeSlots(ctx context.Context) (n int) {
	select {
	case w.slots <- struct{}{}:
		n = 1
	case <-ctx.Done():
		return 0
	}
	for {
		select {
		case w.slots <- struct{}{}:
			n++
		default:
			return n
		}
	}
}
