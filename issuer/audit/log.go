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

	// maxQueued bounds the events that wait for the write under way.
	maxQueued = 4096

	// writeTimeout bounds a write that no caller's deadline does.
	writeTimeout = 10 * time.Second
)

// errQueueFull says for certain that an event was not written.
var errQueueFull = errors.New("too many events wait to be written")

// Log appends events to one chain of a store's audit log. It is safe for
// concurrent use.
type Log struct {
	store      Store
	macKey     macKey
	anchorKeys []macKey // that an anchor may be sealed under
	now        func() time.Time
	random     io.Reader
	unanchored atomic.Int64 // events appended and not yet counted by an anchor

	mu      sync.Mutex
	writing bool // somebody writes, and alone touches the chain
	queue   []*entry
	pending []storage.AuditEvent // chain heads that were read and are not yet in an event

	chain chain
}

// New makes a log. Its chain begins with the first event. Others are master keys beside
// the own one, while the master key changes.
func New(store Store, master keys.MasterKey, now func() time.Time, random io.Reader, others ...keys.MasterKey) *Log {
	own := newMACKey(master)
	return &Log{store: store, macKey: own, anchorKeys: anchorKeysOf(own, others), now: now, random: random, chain: chain{ids: idGenerator{random: random}}}
}

// The states of an entry.
const (
	queued int32 = iota
	inFlight
	abandoned
)

// entry is one queued event, with the channel on which its caller waits.
type entry struct {
	event storage.AuditEvent
	state atomic.Int32
	err   error
	done  chan struct{}
}

// Append writes an event, whose id, time and place in the chain it sets, and
// returns its id. The error wraps storage.ErrUnavailable: the event may be there.
func (l *Log) Append(ctx context.Context, e storage.AuditEvent) (id string, err error) {
	ids, err := l.AppendAll(ctx, e)
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// AppendAll writes events one behind the other, by one write, and returns their ids. The error
// wraps storage.ErrUnavailable: the events may be there.
func (l *Log) AppendAll(ctx context.Context, events ...storage.AuditEvent) (ids []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, storage.Unavailable("append to the audit log", err)
	}
	entries := make([]*entry, len(events))
	for n, e := range events {
		entries[n] = &entry{event: e, done: make(chan struct{})}
	}
	first, err := l.enqueue(entries)
	if err != nil {
		return nil, storage.Unavailable("append to the audit log", err)
	}
	if first {
		l.writeQueued(ctx)
	}
	for _, w := range entries {
		id, failed := w.wait(ctx)
		ids, err = append(ids, id), errors.Join(err, failed)
	}
	return ids, err
}

// enqueue puts the entries in the queue, and tells whether their owner has to write.
func (l *Log) enqueue(entries []*entry) (first bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue)+len(entries) > maxQueued {
		return false, errQueueFull
	}
	l.queue = append(l.queue, entries...)
	first, l.writing = !l.writing, true
	return first, nil
}

// writeQueued writes what waits, the caller's event first. Should the caller give up, the
// write goes on: others' events are in it.
func (l *Log) writeQueued(ctx context.Context) {
	writeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	if deadline, ok := ctx.Deadline(); ok {
		writeCtx, cancel = context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	defer cancel()
	defer l.continueQueue()
	l.writeBatch(writeCtx)
}

// continueQueue starts the next write if events were queued meanwhile.
func (l *Log) continueQueue() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.writing = false
		return
	}
	go l.writeQueued(context.Background())
}

// writeBatch makes one write of what waits.
func (l *Log) writeBatch(ctx context.Context) {
	batch, pending := l.dequeue()
	err := errors.New("the write was given up")
	defer func() {
		for _, w := range batch {
			w.err = err
			close(w.done)
		}
	}()
	if len(batch) > 0 {
		err = l.appendBatch(ctx, batch, pending)
	}
}

// dequeue takes the entries whose owners still wait, and what was seen meanwhile.
func (l *Log) dequeue() (batch []*entry, pending []storage.AuditEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.queue), maxBatch)
	for _, w := range l.queue[:n] {
		if w.state.CompareAndSwap(queued, inFlight) {
			batch = append(batch, w)
		}
	}
	l.queue = append([]*entry(nil), l.queue[n:]...)
	if len(batch) > 0 {
		pending, l.pending = l.pending, nil
	}
	return batch, pending
}

func (w *entry) wait(ctx context.Context) (string, error) {
	select {
	case <-w.done:
	case <-ctx.Done():
		if w.state.CompareAndSwap(queued, abandoned) {
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

// appendBatch adds the batch to the chain by one write. After one that failed nobody
// knows what is there, so the next event begins another chain.
func (l *Log) appendBatch(ctx context.Context, batch []*entry, pending []storage.AuditEvent) (err error) {
	if !l.chain.started() {
		if pending, err = l.startChain(ctx); err != nil {
			return unavailable(err)
		}
	}
	next := l.chain
	events := make([]storage.AuditEvent, len(batch))
	for n, w := range batch {
		if w.event, err = next.add(w.event, storage.Time(l.now()), pending, l.macKey); err != nil {
			return unavailable(err)
		}
		events[n], pending = w.event, nil
	}
	l.chain.reset(next.ids) // until it is known that they are there
	if err := l.store.AppendAudit(ctx, events...); err != nil {
		return unavailable(err)
	}
	l.chain = next
	l.unanchored.Add(int64(len(events)))
	return nil
}

func unavailable(err error) error {
	if errors.Is(err, storage.ErrUnavailable) {
		return err
	}
	return storage.Unavailable("append to the audit log", err)
}
