package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// applicationID marks a database as Signet's, at byte 68 of the file: "Sgnt".
const (
	applicationID     = 0x53676e74
	setApplicationID  = query("PRAGMA application_id = 0x53676e74")
	headerSize        = 100
	headerMagic       = "SQLite format 3\x00"
	headerPageSize    = 16
	headerApplication = 68
)

type options struct {
	busyTimeout time.Duration
}

// An Option changes how a store is opened.
type Option func(*options)

// BusyTimeout is how long a write waits for another process that is writing,
// beyond which it ends in ErrUnavailable; 5 s if not set. A write whose context
// ends before waits no longer.
func BusyTimeout(d time.Duration) Option {
	return func(o *options) { o.busyTimeout = d }
}

// Open opens the database file at path, and makes it, with the directories above
// it, where it does not exist. The file and its two companions (-wal, -shm) are
// for their owner alone, mode 0600; directories that it makes have mode 0700.
//
// It refuses, and leaves as it is, a file that is not Signet's ([ErrForeign]),
// one of a newer schema ([storage.SchemaError]), and one that is visibly broken
// ([ErrDamaged]). Several processes may open one path at the same time, also for
// the first time.
func Open(ctx context.Context, path string, opts ...Option) (*Store, error) {
	o := options{busyTimeout: 5 * time.Second}
	for _, opt := range opts {
		opt(&o)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, damaged(err))
	}
	return s, nil
}

func open(ctx context.Context, path string, o options) (_ *Store, err error) {
	file, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	r, err := openReaders(dataSource(path, "ro", o.busyTimeout))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = r.close()
		}
	}()
	// The first look is one that cannot write.
	if file.Size() > 0 {
		if err := inspect(ctx, r.db, file.Size()); err != nil {
			return nil, err
		}
	}
	w, err := openWriter(ctx, path, o)
	if err != nil {
		return nil, err
	}
	if file, err = os.Stat(path); err != nil {
		_ = errors.Join(w.conn.Close(), w.db.Close())
		return nil, err
	}
	return newStore(path, file, r, w), nil
}

// prepareFile makes sure that there is a file, that its mode is right, and that
// its first bytes are nobody else's.
func prepareFile(path string) (os.FileInfo, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkHeader(f); err != nil {
		return nil, err
	}
	if err := ownerOnly(path, path+"-wal", path+"-shm"); err != nil {
		return nil, err
	}
	return f.Stat()
}

// ownerOnly takes from others what an earlier copy or unpacking gave them.
// SQLite makes the companions with the mode of the database.
func ownerOnly(paths ...string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.Mode().Perm() != 0o600 {
			if err := os.Chmod(path, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkHeader reads the 100 bytes with which every SQLite database begins. An
// empty file is a database to be.
func checkHeader(f *os.File) error {
	header := make([]byte, headerSize)
	n, err := io.ReadFull(f, header)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it has %d bytes", ErrForeign, n)
	case err != nil:
		return err
	case string(header[:len(headerMagic)]) != headerMagic:
		return fmt.Errorf("%w, nor one of SQLite", ErrForeign)
	}
	if id := binary.BigEndian.Uint32(header[headerApplication:]); id != applicationID {
		return fmt.Errorf("%w: it belongs to another program (application id %#x)", ErrForeign, id)
	}
	return wholePages(f, binary.BigEndian.Uint16(header[headerPageSize:]))
}

// wholePages refuses a file that ends inside a page, for SQLite would read zeros
// there. Beside a log it may: a crash while the log was moved into the file leaves
// it so, and the log has what is missing.
func wholePages(f *os.File, pageSize uint16) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if pageSize < 512 || info.Size()%int64(pageSize) == 0 { // 1 stands for 65536, which Signet never chose
		return nil
	}
	if log, err := os.Stat(f.Name() + "-wal"); err == nil && log.Size() > 0 {
		return nil
	}
	return fmt.Errorf("%w, restore it from a backup: it ends in the middle of a page", ErrDamaged)
}

// dataSource names the file to the driver as a URI, in which no character of a
// path has a meaning of its own.
func dataSource(path, mode string, busyTimeout time.Duration) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	u.RawQuery = url.Values{
		"mode":          {mode},
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())},
	}.Encode()
	return u.String()
}

// openWriter opens the connection that writes and brings the file up to date.
func openWriter(ctx context.Context, path string, o options) (*writer, error) {
	db, err := sql.Open("sqlite", dataSource(path, "rw", 0))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := setUp(ctx, conn, o.busyTimeout); err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	return newWriter(db, conn, path, o.busyTimeout), nil
}

// setUp makes an empty file a database of Signet's, and says how it is written.
func setUp(ctx context.Context, conn *sql.Conn, patience time.Duration) error {
	for _, step := range []func(context.Context, *sql.Conn) error{claim, useLog, syncEveryCommit, migrate} {
		if err := whenFree(ctx, patience, func() error { return step(ctx, conn) }); err != nil {
			return err
		}
	}
	return nil
}

// claim writes the application id, in the first transaction that the file sees,
// before the log exists: so from its first byte on the file says whose it is.
func claim(ctx context.Context, conn *sql.Conn) error {
	id, err := pragma[int64](ctx, conn, "PRAGMA application_id")
	if err != nil || id == applicationID {
		return err
	}
	return exclusively(ctx, conn, func() error {
		id, err := pragma[int64](ctx, conn, "PRAGMA application_id")
		if err != nil || id == applicationID {
			return err // another process was first
		}
		objects, err := pragma[int64](ctx, conn, "SELECT count(*) FROM sqlite_schema")
		if err != nil {
			return err
		}
		if id != 0 || objects != 0 {
			return ErrForeign
		}
		return run(ctx, conn, setApplicationID)
	})
}

func useLog(ctx context.Context, conn *sql.Conn) error {
	mode, err := pragma[string](ctx, conn, "PRAGMA journal_mode = WAL")
	if err == nil && mode != "wal" {
		err = fmt.Errorf("this place has no write-ahead log (journal mode %s): use a local file system", mode)
	}
	return err
}

// syncEveryCommit: in WAL mode FULL is what survives a power cut, NORMAL is not.
// fullfsync says the same to macOS, whose fsync leaves data in the drive.
func syncEveryCommit(ctx context.Context, conn *sql.Conn) error {
	return run(ctx, conn, "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; "+
		"PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
}

// smallFile is the size in bytes up to which opening looks at every page: a few
// milliseconds. Of larger files it looks at the small tables without which
// nothing works; checking all would make starting slower with every session.
const smallFile = 4 << 20

// inspect looks for a newer schema and for damage through a connection that
// cannot write, so that what is refused stays as it is. SQLite itself finds that
// a file is shorter than it says.
func inspect(ctx context.Context, db *sql.DB, size int64) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return unfinished(err)
	}
	defer conn.Close()
	version, err := pragma[int](ctx, conn, "PRAGMA user_version")
	if err != nil {
		return unfinished(err)
	}
	if err := knownSchema(version); err != nil {
		return err
	}
	checks := []query{"PRAGMA quick_check(1)"}
	if size > smallFile {
		checks = []query{"PRAGMA quick_check('keys')", "PRAGMA quick_check('roles')", "PRAGMA quick_check('clients')"}
	}
	if version == 0 {
		return nil // made a moment ago; there is no table yet
	}
	for _, check := range checks {
		result, err := pragma[string](ctx, conn, check)
		if err != nil {
			return err
		}
		if result != "ok" {
			return fmt.Errorf("%w, restore it from a backup: %s", ErrDamaged, result)
		}
	}
	return nil
}

// unfinished lets pass the one thing that a connection which cannot write has to
// refuse though it is right: that the file's very first transaction was cut off,
// and must be undone before anything is read.
func unfinished(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return nil
	}
	return err
}
