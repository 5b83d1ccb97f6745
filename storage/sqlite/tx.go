package sqlite

import (
	"context"

	"example.org/signet/storage"
)

// tx is what a step works on: the connection inside a transaction.
type tx struct{ conn *conn }

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(q query, args ...any) (changed int64, err error) { return t.conn.exec(q, args...) }

// queryOne runs a statement that gives at most one row; storage.ErrNotFound for none.
func queryOne[T any](t *tx, q query, scan func(scanner) (T, error), args ...any) (T, error) {
	v, found, err := connOne(t.conn, q, scan, args)
	if err == nil && !found {
		err = storage.ErrNotFound
	}
	return v, err
}

// queryAll runs a statement and returns its rows. No rows are nil.
func queryAll[T any](t *tx, q query, scan func(scanner) (T, error), args ...any) ([]T, error) {
	return connAll(t.conn, q, scan, args)
}

// write has one statement done: by itself it happens wholly or not at all.
func write[T any](ctx context.Context, s *Store, op string, step func(*tx) (T, error)) (T, error) {
	return submit(ctx, s, op, false, step)
}

// writeMulti has several statements done as one step.
func writeMulti[T any](ctx context.Context, s *Store, op string, step func(*tx) (T, error)) (T, error) {
	return submit(ctx, s, op, true, step)
}

func submit[T any](ctx context.Context, s *Store, op string, multi bool, step func(*tx) (T, error)) (T, error) {
	var v, zero T
	j := newJob(multi, func(t *tx) (err error) {
		v, err = step(t)
		return err
	})
	if err := s.writer.do(ctx, j); err != nil {
		return zero, outcome(op, err) // not v: after an unknown outcome the step may still be setting it
	}
	return v, nil
}

// outcome wraps every error but the certain ones in ErrUnavailable.
func outcome(op string, err error) error {
	if err == nil || isCertain(err) {
		return err
	}
	return storage.Unavailable(op, err)
}
