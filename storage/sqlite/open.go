package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"
)

// applicationID marks a database as Signet's, at byte 68 of the file: "Sgnt".
const (
	applicationID    = 0x53676e74
	setApplicationID = query("PRAGMA application_id = 0x53676e74")
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
//
// While a store is open its process must not open the file by other means, not
// even to read it: on most systems closing it again takes away the locks that
// keep other processes apart. A backup goes through SQLite or another process.
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
		return nil, fmt.Errorf("open %s: %w", path, wrapDamaged(err))
	}
	return s, nil
}

func open(ctx context.Context, path string, o options) (_ *Store, err error) {
	file, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	r, err := openReaders(dataSource(path, o.busyTimeout, "ro"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = r.close()
		}
	}()
	if file.Size() > 0 {
		if err := inspect(ctx, r.db, path); err != nil {
			return nil, err
		}
	}
	w, err := openWriter(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return newStore(path, file, r, w), nil
}

// dataSource names the file to the driver as a URI, in which no character of a
// path has a meaning of its own.
func dataSource(path string, busyTimeout time.Duration, mode string, flags ...string) string {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	q := url.Values{"mode": {mode}, "_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())}}
	for _, flag := range flags {
		q.Set(flag, "1")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// openWriter opens the connection that writes and brings the file up to date.
func openWriter(ctx context.Context, path string, o options) (*writer, error) {
	db, err := sql.Open("sqlite", dataSource(path, 0, "rw"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := initialize(ctx, conn, o.busyTimeout); err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	return newWriter(db, conn, path, o.busyTimeout), nil
}

// initialize makes an empty file a database of Signet's, and says how it is written.
func initialize(ctx context.Context, conn *sql.Conn, busyTimeout time.Duration) error {
	for _, step := range []func(context.Context, *sql.Conn) error{claimFile, enableWAL, setDurability, migrate, checkWritable} {
		if err := retryBusy(ctx, busyTimeout, func() error { return step(ctx, conn) }); err != nil {
			return err
		}
	}
	return nil
}

// claimFile writes the application id, in the first transaction that the file sees,
// before the log exists: so from its first byte on the file says whose it is.
func claimFile(ctx context.Context, conn *sql.Conn) error {
	id, err := pragma[int64](ctx, conn, "PRAGMA application_id")
	if err != nil || id == applicationID {
		return err
	}
	return withExclusiveTx(ctx, conn, func() error {
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

func enableWAL(ctx context.Context, conn *sql.Conn) error {
	mode, err := pragma[string](ctx, conn, "PRAGMA journal_mode = WAL")
	if err == nil && mode != "wal" {
		err = fmt.Errorf("this place has no write-ahead log (journal mode %s): use a local file system", mode)
	}
	return err
}

// setDurability: in WAL mode FULL is what survives a power cut, NORMAL is not.
// fullfsync says the same to macOS, whose fsync leaves data in the drive.
func setDurability(ctx context.Context, conn *sql.Conn) error {
	return run(ctx, conn, "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; "+
		"PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
}

// checkWritable finds a file that the process may only read while it starts, and not
// at the first login. A lock that another process has is no obstacle.
func checkWritable(ctx context.Context, conn *sql.Conn) error {
	err := run(ctx, conn, "DELETE FROM keys WHERE FALSE")
	if isBusy(err) {
		return nil
	}
	return err
}
