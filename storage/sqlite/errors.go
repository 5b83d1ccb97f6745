package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

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

// resultCode is SQLite's primary result code, 0 where the error is not SQLite's.
func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// isBusy tells that another process holds the lock that is needed.
func isBusy(err error) bool {
	return resultCode(err) == sqlite3.SQLITE_BUSY || resultCode(err) == sqlite3.SQLITE_LOCKED
}

// isStatementError tells that a statement failed by itself and was undone by itself, so
// that its transaction can go on. Of everything else (disk full, I/O error, out
// of memory) SQLite may have ended the transaction already.
func isStatementError(err error) bool {
	switch resultCode(err) {
	case 0, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
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
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w, restore it from a backup: %w", ErrDamaged, err)
	}
	return err
}
