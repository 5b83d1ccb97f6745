package sqlite

import (
	"context"
	"errors"
	"fmt"
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
	openReader := func() (*conn, error) { return openConn(path, readOnly, o.busyTimeout) }
	r := newReaders(maxReaders, openReader)
	defer func() {
		if err != nil {
			_ = r.close()
		}
	}()
	if file.Size() > 0 {
		if err := inspect(ctx, r, path); err != nil {
			return nil, err
		}
	}
	w, err := openWriter(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return newStore(path, file, r, newReaders(maxListers, openReader), w), nil
}

// openWriter opens the connection that writes and brings the file up to date.
func openWriter(ctx context.Context, path string, o options) (*writer, error) {
	c, err := openConn(path, readWrite, 0)
	if err != nil {
		return nil, err
	}
	if err := initialize(ctx, c, o.busyTimeout); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return newWriter(c, path, o.busyTimeout), nil
}

// initialize makes an empty file a database of Signet's, and says how it is written.
func initialize(ctx context.Context, c *conn, busyTimeout time.Duration) error {
	for _, step := range []func(context.Context, *conn) error{claimFile, enableWAL, setDurability, migrate, checkWritable} {
		if err := retryBusy(ctx, busyTimeout, func() error { return step(ctx, c) }); err != nil {
			return err
		}
	}
	return nil
}

// claimFile writes the application id, in the first transaction that the file sees,
// before the log exists: so from its first byte on the file says whose it is.
func claimFile(ctx context.Context, c *conn) error {
	id, err := pragma[int64](ctx, c, "PRAGMA application_id")
	if err != nil || id == applicationID {
		return err
	}
	return withExclusiveTx(ctx, c, func() error {
		id, err := pragma[int64](ctx, c, "PRAGMA application_id")
		if err != nil || id == applicationID {
			return err // another process was first
		}
		objects, err := pragma[int64](ctx, c, "SELECT count(*) FROM sqlite_schema")
		if err != nil {
			return err
		}
		if id != 0 || objects != 0 {
			return ErrForeign
		}
		return run(ctx, c, setApplicationID)
	})
}

func enableWAL(ctx context.Context, c *conn) error {
	mode, err := pragma[string](ctx, c, "PRAGMA journal_mode = WAL")
	if err == nil && mode != "wal" {
		err = fmt.Errorf("this place has no write-ahead log (journal mode %s): use a local file system", mode)
	}
	return err
}

// setDurability: in WAL mode FULL is what survives a power cut, NORMAL is not.
// fullfsync says the same to macOS, whose fsync leaves data in the drive.
func setDurability(ctx context.Context, c *conn) error {
	return run(ctx, c, "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; "+
		"PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
}

// checkWritable finds a file that the process may only read while it starts, and not
// at the first login. A lock that another process has is no obstacle.
func checkWritable(ctx context.Context, c *conn) error {
	err := run(ctx, c, "DELETE FROM keys WHERE FALSE")
	if isBusy(err) {
		return nil
	}
	return err
}
