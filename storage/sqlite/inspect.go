package sqlite

import (
	"context"
	"fmt"
	"os"

	sqlite3 "zombiezen.com/go/sqlite"
)

// inspect looks at a file that was there before, through connections that cannot
// write, so that what is refused stays as it is.
func inspect(ctx context.Context, r *readers, path string) error {
	if err := inspectOwner(ctx, path); err != nil {
		return err
	}
	c, err := r.acquire(ctx)
	if err != nil {
		return err
	}
	defer r.release(c)
	if err := inspectLength(ctx, c, path); err != nil {
		return ignoreUnrecovered(err)
	}
	return inspectContent(ctx, c, path)
}

// inspectOwner asks whose the file is, of its first page alone: immutable is
// SQLite's word for a file beside which no log and no lock is looked for or made.
func inspectOwner(ctx context.Context, path string) error {
	c, err := openConn(path, readOnly, 0, "immutable")
	if err != nil {
		return err
	}
	id, err := pragma[int64](ctx, c, "PRAGMA application_id")
	if closeErr := c.close(); err == nil {
		err = closeErr
	}
	switch {
	case resultCode(err) == sqlite3.ResultNotADB:
		return fmt.Errorf("%w, nor one of SQLite: %w", ErrForeign, err)
	case resultCode(err) == sqlite3.ResultCorrupt:
		return nil // shorter than it says, which it may be if there is a log
	case err != nil:
		return err
	case id != applicationID:
		return fmt.Errorf("%w: it belongs to another program (application id %#x)", ErrForeign, id)
	}
	return nil
}

// inspectLength refuses a file that ends inside a page, for SQLite would read
// zeros there. Beside a log it may: a crash while the log was moved into the file
// leaves it so, and the log has what is missing.
func inspectLength(ctx context.Context, c *conn, path string) error {
	pageSize, err := pragma[int64](ctx, c, "PRAGMA page_size")
	if err != nil {
		return err
	}
	file, err := os.Stat(path)
	if err != nil || file.Size()%pageSize == 0 {
		return err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return nil
	}
	return fmt.Errorf("%w, restore it from a backup: it ends in the middle of a page", ErrDamaged)
}

// smallFile is the size in bytes up to which opening looks at every page: a few
// milliseconds. Of larger files it looks at the small tables without which
// nothing works; checking all would make starting slower with every session.
const smallFile = 4 << 20

// inspectContent looks for a newer schema and for damage. SQLite itself finds
// that a file is shorter than it says.
func inspectContent(ctx context.Context, c *conn, path string) error {
	version, err := pragma[int](ctx, c, "PRAGMA user_version")
	if err != nil {
		return ignoreUnrecovered(err)
	}
	if err := checkSchemaVersion(version); err != nil || version == 0 {
		return err
	}
	file, err := os.Stat(path)
	if err != nil {
		return err
	}
	checks := []query{"PRAGMA quick_check(1)"}
	if file.Size() > smallFile {
		checks = []query{"PRAGMA quick_check('keys')", "PRAGMA quick_check('roles')", "PRAGMA quick_check('clients')"}
	}
	for _, check := range checks {
		result, err := pragma[string](ctx, c, check)
		if err != nil {
			return err
		}
		if result != "ok" {
			return fmt.Errorf("%w, restore it from a backup: %s", ErrDamaged, result)
		}
	}
	return nil
}

// ignoreUnrecovered lets pass the one thing that a connection which cannot write has to
// refuse though it is right: that the file's very first transaction was cut off,
// and must be undone before anything is read.
func ignoreUnrecovered(err error) error {
	switch resultCode(err) {
	case sqlite3.ResultReadOnly, sqlite3.ResultCantOpen:
		return nil
	}
	return err
}
