package sqlite

import (
	"context"
	"errors"
	"sync"

	"example.org/signet/storage"
)

// readers is a small pool of read-only connections, opened as they are needed.
type readers struct {
	open    func() (*conn, error)
	slots   chan struct{} // taken by those who read
	closing chan struct{}

	mu   sync.Mutex
	idle []*conn // the one that was used last is taken first: what it read is in its cache
}

// maxReaders bounds the readers of requests: a point read takes some microseconds, so few
// are enough to keep every core busy. maxListers bounds those of listings, which are others, so
// that no read of a request ever waits for a listing.
const (
	maxReaders = 4
	maxListers = 2
)

func newReaders(most int, open func() (*conn, error)) *readers {
	return &readers{open: open, slots: make(chan struct{}, most), closing: make(chan struct{})}
}

// acquire waits for a connection to be free; release gives it back.
func (r *readers) acquire(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-r.closing:
		return nil, errClosed
	default:
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.closing:
		return nil, errClosed
	}
	c, err := r.take()
	if err != nil {
		<-r.slots
	}
	return c, err
}

// take returns a connection that nobody uses, or a new one.
func (r *readers) take() (*conn, error) {
	r.mu.Lock()
	if last := len(r.idle) - 1; last >= 0 {
		c := r.idle[last]
		r.idle = r.idle[:last]
		r.mu.Unlock()
		return c, nil
	}
	r.mu.Unlock()
	return r.open()
}

func (r *readers) release(c *conn) {
	r.mu.Lock()
	r.idle = append(r.idle, c)
	r.mu.Unlock()
	<-r.slots
}

// close waits for those who are reading, each a short while.
func (r *readers) close() error {
	close(r.closing)
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	var errs []error
	for _, c := range r.idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// readOne reads the one row of a point query; storage.ErrNotFound where there is none.
// A point query takes microseconds: watching over the context meanwhile would cost
// more than the query.
func readOne[T any](ctx context.Context, s *Store, op string, q query, scan func(scanner) (T, error), args ...any) (T, error) {
	var zero T
	c, err := s.readers.acquire(ctx)
	if err != nil {
		return zero, storage.Unavailable(op, err)
	}
	defer s.readers.release(c)
	v, found, err := connOne(c, q, scan, args)
	switch {
	case err != nil:
		return zero, storage.Unavailable(op, err)
	case !found:
		return zero, storage.ErrNotFound
	}
	return v, nil
}

// readMany reads the few rows that a request needs. It ends with the context. No rows are nil.
func readMany[T any](ctx context.Context, s *Store, op string, q selection, scan func(scanner) (T, error)) ([]T, error) {
	return readRows(ctx, s.readers, op, q, scan)
}

// readList is readMany for listings, sweeps and exports.
func readList[T any](ctx context.Context, s *Store, op string, q selection, scan func(scanner) (T, error)) ([]T, error) {
	return readRows(ctx, s.listers, op, q, scan)
}

func readRows[T any](ctx context.Context, r *readers, op string, q selection, scan func(scanner) (T, error)) ([]T, error) {
	c, err := r.acquire(ctx)
	if err != nil {
		return nil, storage.Unavailable(op, err)
	}
	defer r.release(c)
	defer c.watch(ctx)()
	all, err := connAll(c, q.query, scan, q.args)
	if err != nil {
		return nil, storage.Unavailable(op, interruption(ctx, err))
	}
	return all, nil
}

func scanBool(row scanner) (v bool, err error) {
	err = row.Scan(&v)
	return v, err
}

func scanString(row scanner) (v string, err error) {
	err = row.Scan(&v)
	return v, err
}
