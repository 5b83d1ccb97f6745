package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"example.org/signet/storage"
)

// readers is a small pool of read-only connections.
type readers struct {
	db         *sql.DB
	statements *statements
	slots      chan struct{} // taken by those who read, so that database/sql never queues
	closing    chan struct{}
}

// maxReaders bounds the readers: a point read takes some microseconds, so few
// are enough to keep every core busy, with some to spare for long listings.
const maxReaders = 4

func openReaders(dsn string) (*readers, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return &readers{
		db:         db,
		statements: newStatements(db),
		slots:      make(chan struct{}, maxReaders),
		closing:    make(chan struct{}),
	}, nil
}

// acquire waits for a connection to be free; release gives it back.
func (r *readers) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-r.closing:
		return errClosed
	default:
	}
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closing:
		return errClosed
	}
}

func (r *readers) release() { <-r.slots }

// close waits for those who are reading, each a short while.
func (r *readers) close() error {
	close(r.closing)
	for range cap(r.slots) {
		r.slots <- struct{}{}
	}
	return errors.Join(r.statements.close(), r.db.Close())
}

// readOne reads the one row of a point query; storage.ErrNotFound where there is none.
func readOne[T any](ctx context.Context, s *Store, op string, q query, scan func(scanner) (T, error), args ...any) (T, error) {
	var zero T
	if err := s.readers.acquire(ctx); err != nil {
		return zero, storage.Unavailable(op, err)
	}
	defer s.readers.release()
	// A point query takes microseconds: watching over the context meanwhile
	// would cost more than the query.
	ctx = context.WithoutCancel(ctx)
	stmt, err := s.readers.statements.prepare(ctx, q)
	if err != nil {
		return zero, storage.Unavailable(op, err)
	}
	v, err := scan(stmt.QueryRowContext(ctx, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return zero, storage.ErrNotFound
	case err != nil:
		return zero, storage.Unavailable(op, err)
	}
	return v, nil
}

// readMany reads the rows of a listing. It may have to look at many more than it
// returns, so it ends with the context. No rows are nil.
func readMany[T any](ctx context.Context, s *Store, op string, q selection, scan func(scanner) (T, error)) ([]T, error) {
	if err := s.readers.acquire(ctx); err != nil {
		return nil, storage.Unavailable(op, err)
	}
	defer s.readers.release()
	stmt, err := s.readers.statements.prepare(context.WithoutCancel(ctx), q.query)
	if err != nil {
		return nil, storage.Unavailable(op, err)
	}
	all, err := collect(ctx, stmt, scan, q.args)
	if err != nil {
		return nil, storage.Unavailable(op, err)
	}
	return all, nil
}

func collect[T any](ctx context.Context, stmt *sql.Stmt, scan func(scanner) (T, error), args []any) (all []T, err error) {
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func scanBool(row scanner) (v bool, err error) {
	err = row.Scan(&v)
	return v, err
}

func scanString(row scanner) (v string, err error) {
	err = row.Scan(&v)
	return v, err
}
