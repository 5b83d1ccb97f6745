package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

const (
	// maxBatch bounds the events of one write.
	maxBatch = 100

	// maxWaiting bounds the events that wait for the write under way.
	maxWaiting = 4096

	// patience bounds a write that no caller's deadline does.
	patience = 10 * time.Second
)

// errFull says for certain that an event was not written.
var errFull = errors.New("too many events wait to be written")

// Log appends events to one chain of a store's audit log. It is safe for
// concurrent use.
type Log struct {
	store  storage.Audit
	seal   sealer
	now    func() time.Time
	random io.Reader

	mu      sync.Mutex
	writing bool // somebody writes, and alone touches the chain
	queue   []*entry
	news    []storage.AuditEvent // heads of chains that were seen and are not yet in an event

	chain chain
}

// New makes a log. Its chain begins with the first event.
func New(store storage.Audit, master keys.MasterKey, now func() time.Time, random io.Reader) *Log {
	return &Log{store: store, seal: newSealer(master), now: now, random: random, chain: chain{ids: ids{random: random}}}
}

// The states of an entry.
const (
	waiting int32 = iota
	taken
	dropped
)

// entry is one event on its way, and who waits for it.
type entry struct {
	event storage.AuditEvent
	state atomic.Int32
	err   error
	done  chan struct{}
}

// Append writes an event, whose id, time and place in the chain it sets, and
// returns its id. The error wraps storage.ErrUnavailable: the event may be there.
func (l *Log) Append(ctx context.Context, e storage.AuditEvent) (id string, err error) {
	if err := ctx.Err(); err != nil {
		return "", storage.Unavailable("append to the audit log", err)
	}
	w := &entry{event: e, done: make(chan struct{})}
	lead, err := l.join(w)
	if err != nil {
		return "", storage.Unavailable("append to the audit log", err)
	}
	if lead {
		l.lead(ctx)
	}
	return w.wait(ctx)
}

// join puts the entry in the queue, and tells whether its owner has to write.
func (l *Log) join(w *entry) (lead bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) >= maxWaiting {
		return false, errFull
	}
	l.queue = append(l.queue, w)
	lead, l.writing = !l.writing, true
	return lead, nil
}

// lead writes what waits, the caller's event first. Should the caller give up, the
// write goes on: others' events are in it.
func (l *Log) lead(ctx context.Context) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	if deadline, ok := ctx.Deadline(); ok {
		bounded, cancel = context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	defer cancel()
	defer l.handOver()
	l.write(bounded)
}

// handOver lets those be written who came meanwhile.
func (l *Log) handOver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.writing = false
		return
	}
	go l.lead(context.Background())
}

// write makes one write of what waits.
func (l *Log) write(ctx context.Context) {
	batch, news := l.take()
	err := errors.New("the write was given up")
	defer func() {
		for _, w := range batch {
			w.err = err
			close(w.done)
		}
	}()
	if len(batch) > 0 {
		err = l.extend(ctx, batch, news)
	}
}

// take takes the entries whose owners still wait, and what was seen meanwhile.
func (l *Log) take() (batch []*entry, news []storage.AuditEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.queue), maxBatch)
	for _, w := range l.queue[:n] {
		if w.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, w)
		}
	}
	l.queue = append([]*entry(nil), l.queue[n:]...)
	if len(batch) > 0 {
		news, l.news = l.news, nil
	}
	return batch, news
}

func (w *entry) wait(ctx context.Context) (string, error) {
	select {
	case <-w.done:
	case <-ctx.Done():
		if w.state.CompareAndSwap(waiting, dropped) {
			return "", storage.Unavailable("append to the audit log", ctx.Err())
		}
		select {
		case <-w.done:
		default:
			return "", storage.Unavailable("append to the audit log", fmt.Errorf("outcome unknown: %w", ctx.Err()))
		}
	}
	if w.err != nil {
		return "", w.err
	}
	return w.event.ID, nil
}

// extend adds the batch to the chain by one write. After one that failed nobody
// knows what is there, so the next event begins another chain.
func (l *Log) extend(ctx context.Context, batch []*entry, news []storage.AuditEvent) (err error) {
	if !l.chain.begun() {
		if news, err = l.begin(ctx); err != nil {
			return unavailable(err)
		}
	}
	next := l.chain
	events := make([]storage.AuditEvent, len(batch))
	for n, w := range batch {
		if w.event, err = next.add(w.event, storage.Time(l.now()), news, l.seal); err != nil {
			return unavailable(err)
		}
		events[n], news = w.event, nil
	}
	l.chain.end(next.ids) // until it is known that they are there
	if err := l.store.AppendAudit(ctx, events...); err != nil {
		return unavailable(err)
	}
	l.chain = next
	return nil
}

func unavailable(err error) error {
	if errors.Is(err, storage.ErrUnavailable) {
		return err
	}
	return storage.Unavailable("append to the audit log", err)
}
