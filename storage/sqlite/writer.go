package sqlite

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

const (
	// queueLength bounds the callers who wait for the writer; more wait to be
	// let in, until their contexts end.
	queueLength = 1024

	// batchSize bounds the steps of one transaction, and so the time that the
	// first of them waits for the last.
	batchSize = 256

	// walLimit is the size in bytes from which on the writer insists that the
	// write-ahead log starts anew, and waits for readers to let it.
	walLimit = 16 << 20
)

// The states of a job.
const (
	waiting int32 = iota
	running
	cancelled
)

// A job is one step that a caller wants done, and waits for.
type job struct {
	step  func(*tx) error
	multi bool // the step has several statements, which are undone together
	state atomic.Int32
	err   error
	done  chan error // has room for the one answer, so the writer never waits
}

func newJob(multi bool, step func(*tx) error) *job {
	return &job{step: step, multi: multi, done: make(chan error, 1)}
}

// writer owns the one connection that writes.
type writer struct {
	tx      *tx
	conn    *conn
	jobs    chan *job
	closing chan struct{}
	stopped chan struct{}

	background  background
	turns       turns
	busyTimeout time.Duration // how long another process may hold the lock
	wal         string        // path of the write-ahead log
	walLimit    int64         // the size that it should not exceed
	walNext     int64         // the size from which on it is asked to start anew
}

func newWriter(c *conn, path string, busyTimeout time.Duration) *writer {
	return &writer{
		tx:          &tx{conn: c},
		conn:        c,
		jobs:        make(chan *job, queueLength),
		background:  background{jobs: make(chan *job)},
		closing:     make(chan struct{}),
		stopped:     make(chan struct{}),
		busyTimeout: busyTimeout,
		wal:         path + "-wal",
		walLimit:    walLimit,
		walNext:     walLimit,
	}
}

// do has the job done and waits for its outcome. If ctx ends before the job has
// begun it never will; if it ends later the outcome is unknown.
func (w *writer) do(ctx context.Context, j *job) error {
	if err := w.enqueue(ctx, j); err != nil {
		return err
	}
	return w.wait(ctx, j)
}

func (w *writer) enqueue(ctx context.Context, j *job) error { return w.enqueueIn(ctx, w.jobs, j) }

func (w *writer) enqueueIn(ctx context.Context, jobs chan *job, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-w.closing:
		return errClosed
	default:
	}
	select {
	case jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
}

func (w *writer) wait(ctx context.Context, j *job) error {
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return j.abandon(ctx)
	case <-w.stopped:
		return j.afterStop()
	}
}

// abandon is for a caller whose context ended before the answer came.
func (j *job) abandon(ctx context.Context) error {
	if j.state.CompareAndSwap(waiting, cancelled) {
		return ctx.Err()
	}
	select {
	case err := <-j.done:
		return err
	default:
		return fmt.Errorf("outcome unknown: %w", ctx.Err())
	}
}

// afterStop is for a caller who finds that the writer is gone.
func (j *job) afterStop() error {
	select {
	case err := <-j.done:
		return err
	default:
		return errClosed
	}
}

// run is the writer's goroutine.
func (w *writer) run() {
	defer close(w.stopped)
	batch := make([]*job, 0, batchSize)
	for {
		batch = w.next(batch[:0])
		if len(batch) == 0 {
			return
		}
		for rest := batch; len(rest) > 0; {
			rest = w.commit(rest)
		}
		clear(batch) // hold on to nothing that has been answered
	}
}

// drainQueue adds what is waiting now.
func (w *writer) drainQueue(batch []*job) []*job {
	for len(batch) < batchSize {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the jobs in one transaction and answers them. It returns those
// that it did not come to, because an error ended the transaction before.
func (w *writer) commit(batch []*job) (rest []*job) {
	txErr := w.begin(batch)
	if txErr != nil {
		reply(batch, txErr)
		return nil
	}
	for i, j := range batch {
		if !j.state.CompareAndSwap(waiting, running) {
			continue // cancelled: its caller is gone
		}
		if txErr = w.perform(j); txErr != nil {
			batch, rest = batch[:i+1], batch[i+1:]
			break
		}
	}
	if txErr == nil {
		_, txErr = w.tx.exec("COMMIT")
	}
	if txErr != nil {
		w.rollback()
	}
	reply(batch, txErr)
	w.truncateWAL()
	w.turns.give()
	return rest
}

// reply tells every caller the outcome. Where the transaction failed even a no
// is uncertain: it may rest on what another step of the transaction had done.
func reply(batch []*job, txErr error) {
	for _, j := range batch {
		if txErr != nil {
			j.err = txErr
		}
		j.done <- j.err
	}
}

// begin opens the transaction, and takes the lock that keeps other processes
// from writing. While one of them has it the jobs wait, as long as they may and
// somebody still waits for them.
func (w *writer) begin(batch []*job) error {
	_, err := w.tx.exec("BEGIN IMMEDIATE")
	if err == nil {
		return nil
	}
	if !isBusy(err) {
		w.rollback() // in case an earlier transaction would not end
	} else {
		w.turns.met()
	}
	return retryBusy(context.Background(), w.busyTimeout, func() error {
		select {
		case <-w.closing:
			return errClosed
		default:
		}
		if abandoned(batch) {
			return context.Canceled // no caller is left to get this
		}
		_, err := w.tx.exec("BEGIN IMMEDIATE")
		return err
	})
}

func abandoned(batch []*job) bool {
	for _, j := range batch {
		if j.state.Load() != cancelled {
			return false
		}
	}
	return true
}

// perform runs one step. Its own failure goes into the job; what is returned is
// an error that ends the transaction.
func (w *writer) perform(j *job) (txErr error) {
	if j.multi {
		if _, err := w.tx.exec("SAVEPOINT step"); err != nil {
			return err
		}
	}
	j.err = w.runStep(j.step)
	if !isCertain(j.err) && !isStatementError(j.err) {
		return j.err
	}
	if !j.multi {
		return nil
	}
	if j.err != nil {
		if _, err := w.tx.exec("ROLLBACK TO step"); err != nil {
			return err
		}
	}
	_, err := w.tx.exec("RELEASE step")
	return err
}

// runStep runs a step and turns a panic into an error: the writer has to live on.
func (w *writer) runStep(step func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("writing panicked: %v", p)
		}
	}()
	return step(w.tx)
}

// rollback ends the transaction. SQLite may have done so by itself, so an error
// says nothing.
func (w *writer) rollback() { _, _ = w.tx.exec("ROLLBACK") }

// truncateWAL keeps the write-ahead log from growing without end. Commits move it
// into the database as they go, but it starts anew only in a moment in which
// nobody reads from it, and under steady reading there is none: then the writer
// waits for it. If a reader stays long, the next try is a limit later.
func (w *writer) truncateWAL() {
	info, err := os.Stat(w.wal)
	if err != nil || info.Size() < w.walNext {
		return
	}
	_, _ = w.tx.exec("PRAGMA busy_timeout = 100")
	_, _ = w.tx.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	_, _ = w.tx.exec("PRAGMA busy_timeout = 0")
	w.walNext = w.walLimit
	if info, err = os.Stat(w.wal); err == nil {
		w.walNext += info.Size()
	}
}

// close ends the writer. Callers who still wait get errClosed.
func (w *writer) close() error {
	close(w.closing)
	<-w.stopped
	return w.conn.close()
}
