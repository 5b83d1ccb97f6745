package sqlite

import (
	"errors"
	"fmt"

	sqlite3 "zombiezen.com/go/sqlite"

	"example.org/signet/storage"
)

var (
	// ErrForeign refuses a file that is no database of Signet's.
	ErrForeign = errors.New("not a Signet database")

	// ErrDamaged refuses a file that is broken. It has to come from a backup.
	ErrDamaged = errors.New("the database is damaged")

	errClosed = errors.New("the store is closed")
)

// isCertain tells whether an error is a certain answer, as opposed to an unknown outcome.
func isCertain(err error) bool {
	return errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict)
}

func notFound(err error) bool { return errors.Is(err, storage.ErrNotFound) }

// An engineErr is an error of SQLite itself.
type engineErr struct {
	code sqlite3.ResultCode
	err  error
}

func (e *engineErr) Error() string { return e.err.Error() }
func (e *engineErr) Unwrap() error { return e.err }

// engineError marks an error that came from SQLite.
func engineError(err error) error {
	if err == nil {
		return nil
	}
	return &engineErr{sqlite3.ErrCode(err), err}
}

// resultCode is SQLite's primary result code, 0 where the error is not SQLite's.
func resultCode(err error) sqlite3.ResultCode {
	var e *engineErr
	if errors.As(err, &e) {
		return e.code.ToPrimary()
	}
	return sqlite3.ResultOK
}

// isBusy tells that another process holds the lock that is needed.
func isBusy(err error) bool {
	code := resultCode(err)
	return code == sqlite3.ResultBusy || code == sqlite3.ResultLocked
}

// isStatementError tells that a statement failed by itself and was undone by itself, so
// that its transaction can go on. Of everything else (disk full, I/O error, out
// of memory) SQLite may have ended the transaction already.
func isStatementError(err error) bool {
	switch resultCode(err) {
	case sqlite3.ResultOK, sqlite3.ResultConstraint, sqlite3.ResultMismatch, sqlite3.ResultTooBig:
		return true
	}
	return false
}

// wrapDamaged adds ErrDamaged to what SQLite says of a file that it cannot read. One
// that never was Signet's is not in need of a backup.
func wrapDamaged(err error) error {
	if errors.Is(err, ErrForeign) {
		return err
	}
	switch resultCode(err) {
	case sqlite3.ResultCorrupt, sqlite3.ResultNotADB:
		return fmt.Errorf("%w, restore it from a backup: %w", ErrDamaged, err)
	}
	return err
}
