package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	sqlite3 "zombiezen.com/go/sqlite"
)

// conn is one connection to the file, for one goroutine at a time. It keeps the statements
// that were prepared on it.
type conn struct {
	db         *sqlite3.Conn
	statements map[query]*statement
	uses       uint64 // of statements, to find the one that was not used for longest
}

// maxStatements bounds the statements that a connection keeps. Queries are constants, but a
// listing has one for each set of conditions.
const maxStatements = 200

// The ways to open the file. None makes it.
const (
	readWrite = "rw"
	readOnly  = "ro"
)

// openConn opens the file at path, and waits as long as busyTimeout for a lock of another process.
func openConn(path, mode string, busyTimeout time.Duration, flags ...string) (*conn, error) {
	access := sqlite3.OpenReadWrite
	if mode == readOnly {
		access = sqlite3.OpenReadOnly
	}
	db, err := sqlite3.OpenConn(fileURI(path, mode, flags...), access|sqlite3.OpenURI)
	if err != nil {
		return nil, engineError(err)
	}
	db.SetBusyTimeout(busyTimeout)
	return &conn{db: db, statements: make(map[query]*statement)}, nil
}

// fileURI names the file as a URI, in which no character of a path has a meaning of its own.
func fileURI(path, mode string, flags ...string) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	q := url.Values{"mode": {mode}}
	for _, flag := range flags {
		q.Set(flag, "1")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// close gives the statements back, for a connection on which one is left does not close, and closes.
func (c *conn) close() error {
	clear(c.statements)
	return engineError(c.db.Close())
}

// prepare returns the statement of a query, ready for its arguments.
func (c *conn) prepare(q query) (*statement, error) {
	c.uses++
	if s := c.statements[q]; s != nil {
		s.used = c.uses
		return s, nil
	}
	if len(c.statements) >= maxStatements {
		if err := c.forgetOldest(); err != nil {
			return nil, err
		}
	}
	stmt, err := c.db.Prepare(string(q))
	if err != nil {
		return nil, engineError(err)
	}
	s := &statement{stmt: stmt, used: c.uses, row: row{stmt: stmt}}
	c.statements[q] = s
	return s, nil
}

// forgetOldest gives back the statement that was not used for longest.
func (c *conn) forgetOldest() error {
	var oldest query
	least := c.uses
	for q, s := range c.statements {
		if s.used < least {
			oldest, least = q, s.used
		}
	}
	s := c.statements[oldest]
	delete(c.statements, oldest)
	return engineError(s.stmt.Finalize())
}

// watch interrupts what the connection does from now on when ctx ends. The function that it
// returns ends that, and must be called before another goroutine gets the connection.
func (c *conn) watch(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	c.db.SetInterrupt(ctx.Done())
	return func() { c.db.SetInterrupt(nil) }
}

// exec runs a statement to its end and returns how many rows it changed.
func (c *conn) exec(q query, args ...any) (changed int64, err error) {
	s, err := c.prepare(q)
	if err != nil {
		return 0, err
	}
	if err := s.bind(args); err != nil {
		return 0, errors.Join(err, s.reset())
	}
	for more := true; more; {
		if more, err = s.step(); err != nil {
			return 0, err
		}
	}
	return int64(c.db.Changes()), s.reset()
}

// connOne runs a statement that gives at most one row; found tells whether it gave one.
func connOne[T any](c *conn, q query, scan func(scanner) (T, error), args []any) (v T, found bool, err error) {
	s, err := c.prepare(q)
	if err != nil {
		return v, false, err
	}
	if err := s.bind(args); err != nil {
		return v, false, errors.Join(err, s.reset())
	}
	found, err = s.step()
	if err != nil || !found {
		return v, false, errors.Join(err, s.reset())
	}
	v, scanErr := scan(&s.row)
	if err := s.reset(); err != nil {
		return v, true, err
	}
	return v, true, scanErr
}

// connAll runs a statement and returns its rows. No rows are nil.
func connAll[T any](c *conn, q query, scan func(scanner) (T, error), args []any) (all []T, err error) {
	s, err := c.prepare(q)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.reset()) }()
	if err := s.bind(args); err != nil {
		return nil, err
	}
	for {
		more, err := s.step()
		if err != nil || !more {
			return all, err
		}
		v, err := scan(&s.row)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

// script runs statements that take no arguments, until ctx ends.
func (c *conn) script(ctx context.Context, text string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer c.watch(ctx)()
	for text = strings.TrimSpace(text); text != ""; {
		stmt, left, err := c.db.PrepareTransient(text)
		if err != nil {
			return interruption(ctx, engineError(err))
		}
		for more := true; more && err == nil; {
			more, err = stmt.Step()
		}
		if err = engineError(errors.Join(err, stmt.Finalize())); err != nil {
			return interruption(ctx, err)
		}
		text = strings.TrimSpace(text[len(text)-left:])
	}
	return nil
}

// run runs statements of this package.
func run(ctx context.Context, c *conn, q query) error { return c.script(ctx, string(q)) }

// pragma asks for one value, until ctx ends.
func pragma[T any](ctx context.Context, c *conn, q query) (v T, err error) {
	if err := ctx.Err(); err != nil {
		return v, err
	}
	defer c.watch(ctx)()
	v, found, err := connOne(c, q, func(row scanner) (v T, err error) {
		err = row.Scan(&v)
		return v, err
	}, nil)
	if err == nil && !found {
		err = fmt.Errorf("%s gave no value", q)
	}
	return v, interruption(ctx, err)
}

// interruption returns the reason where err says no more than that ctx had ended.
func interruption(ctx context.Context, err error) error {
	if resultCode(err) == sqlite3.ResultInterrupt && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
