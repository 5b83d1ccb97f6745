package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// A query is the text of an SQL statement or a part of one. Only constants of
// this package become queries, by Go's rule that nothing but an untyped constant
// converts by itself, and nothing here converts explicitly: so no value that
// came from outside is ever part of a statement.
type query string

// A selection is a query that grows by conditions.
type selection struct {
	query query
	args  []any
}

func (s *selection) and(condition query, args ...any) {
	s.query += " AND " + condition
	s.args = append(s.args, args...)
}

// page ends the selection with the order by id and one record more than asked
// for: whether it is there tells whether there is a next page.
func (s *selection) page(size int) { s.pageBy("id", size) }

// pageBy is page by another column.
func (s *selection) pageBy(column query, size int) {
	s.query += " ORDER BY " + column + " LIMIT ?"
	s.args = append(s.args, int64(size)+1)
}

// pageDown is page by falling id.
func (s *selection) pageDown(size int) {
	s.query += " ORDER BY id DESC LIMIT ?"
	s.args = append(s.args, int64(size)+1)
}

// trimPage cuts the record too many off a page and returns the cursor that it calls
// for. An empty page is nil.
func trimPage[T any](records []T, size int, id func(T) string) (page []T, next string) {
	if len(records) <= size {
		return records, ""
	}
	return records[:size], id(records[size-1])
}

// scanner is the part of *sql.Row and *sql.Rows that fills variables.
type scanner interface {
	Scan(dest ...any) error
}

// preparer is the part of *sql.DB and *sql.Conn that makes statements.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// statements keeps every statement that was prepared, for there are only so
// many queries.
type statements struct {
	db    preparer
	mu    sync.RWMutex
	cache map[query]*sql.Stmt
}

func newStatements(on preparer) *statements {
	return &statements{db: on, cache: make(map[query]*sql.Stmt)}
}

func (s *statements) prepare(ctx context.Context, q query) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.cache[q]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt = s.cache[q]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.db.PrepareContext(ctx, string(q))
	if err == nil {
		s.cache[q] = stmt
	}
	return stmt, err
}

// close gives the statements back: a connection on which one is left does not
// close.
func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.cache {
		errs = append(errs, stmt.Close())
	}
	clear(s.cache)
	return errors.Join(errs...)
}
