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
	// maxBatch bounds the entries of one write: events, and logins with theirs.
	maxBatch = 100

	// maxLogins bounds the logins of one write, some of which take several steps.
	maxLogins = 16

	// maxQueued bounds the entries that wait for the write under way.
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

// entry is one queued event or login, with the channel on which its caller waits.
type entry struct {
	event storage.AuditEvent
	login *login // nil for an event
	state atomic.Int32
	err   error
	done  chan struct{}
}

// Append writes an event, whose id, time and place in the chain it sets, and
// returns its id. The error wraps storage.ErrUnavailable: the event may be there.
func (l *Log) Append(ctx context.Context, e storage.AuditEvent) (id string, err error) {
	w := &entry{event: e, done: make(chan struct{})}
	if err := l.write(ctx, w); err != nil {
		return "", err
	}
	return w.event.ID, nil
}

// login is a login that is written with its events.
type login struct {
	record  storage.LoginRecord
	events  func(storage.LoginOutcome) []storage.AuditEvent
	outcome storage.LoginOutcome
}

// Record writes a login by one step with the events that the function returns for its outcome:
// there is no event where a counter was full. The error wraps storage.ErrUnavailable: the login
// may be there. The function is called at most once, and maybe after Record has returned.
func (l *Log) Record(ctx context.Context, r storage.LoginRecord, events func(storage.LoginOutcome) []storage.AuditEvent) (storage.LoginOutcome, error) {
	w := &entry{login: &login{record: r, events: events}, done: make(chan struct{})}
	if err := l.write(ctx, w); err != nil {
		return storage.LoginOutcome{}, err
	}
	return w.login.outcome, nil
}

// write queues an entry, writes it if nobody else does, and waits until it is written.
func (l *Log) write(ctx context.Context, w *entry) error {
	if err := ctx.Err(); err != nil {
		return storage.Unavailable("append to the audit log", err)
	}
	first, err := l.enqueue(w)
	if err != nil {
		return storage.Unavailable("append to the audit log", err)
	}
	if first {
		l.writeQueued(ctx)
	}
	return w.wait(ctx)
}

// enqueue puts an entry in the queue, and tells whether its owner has to write.
func (l *Log) enqueue(w *entry) (first bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) >= maxQueued {
		return false, errQueueFull
	}
	l.queue = append(l.queue, w)
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
	n := batchLength(l.queue)
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

// batchLength is how many entries go in one write.
func batchLength(queue []*entry) (n int) {
	logins := 0
	for n < min(len(queue), maxBatch) {
		if queue[n].login != nil {
			if logins++; logins > maxLogins {
				break
			}
		}
		n++
	}
	return n
}

func (w *entry) wait(ctx context.Context) error {
	select {
	case <-w.done:
	case <-ctx.Done():
		if w.state.CompareAndSwap(queued, abandoned) {
			return storage.Unavailable("append to the audit log", ctx.Err())
		}
		select {
		case <-w.done:
		default:
			return storage.Unavailable("append to the audit log", fmt.Errorf("outcome unknown: %w", ctx.Err()))
		}
	}
	return w.err
}

// appendBatch adds the batch to the chain by one write. After one that failed nobody
// knows what is there, so the next event begins another chain.
func (l *Log) appendBatch(ctx context.Context, batch []*entry, pending []storage.AuditEvent) (err error) {
	if !l.chain.started() {
		if pending, err = l.startChain(ctx); err != nil {
			return unavailable(err)
		}
	}
	w := &batchWrite{batch: batch, next: l.chain, at: storage.Time(l.now()), pending: pending, macKey: l.macKey}
	l.chain.reset(l.chain.ids.skip(w.at, maxWriteIDs)) // until it is known that they are there
	if err := w.send(ctx, l.store); err != nil {
		return unavailable(err)
	}
	w.answer()
	l.chain = w.next
	l.unanchored.Add(int64(len(w.written)))
	if len(w.written) == 0 {
		l.restorePending(pending)
	}
	return nil
}

// restorePending keeps chain heads for the next event, unless newer ones were read.
func (l *Log) restorePending(pending []storage.AuditEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending == nil {
		l.pending = pending
	}
}

func unavailable(err error) error {
	if errors.Is(err, storage.ErrUnavailable) {
		return err
	}
	return storage.Unavailable("append to the audit log", err)
}
