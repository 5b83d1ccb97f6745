package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"

	"example.org/signet/storage"
)

// Store keeps the records in one SQLite file. It is safe for use by several
// goroutines, and the file for use by several processes.
type Store struct {
	path    string
	file    fs.FileInfo // the file that was opened, whatever the path leads to later
	readers *readers    // for what requests read
	listers *readers    // for listings
	writer  *writer
	held    storage.HeldPlaces
	close   func() error
}

var _ storage.Store = (*Store)(nil)

// newStore starts the writer.
func newStore(path string, file fs.FileInfo, r, listers *readers, w *writer) *Store {
	s := &Store{path: path, file: file, readers: r, listers: listers, writer: w}
	s.close = sync.OnceValue(func() error {
		// The writer last: the last connection to close clears the log away, which
		// one that only reads may not.
		return errors.Join(s.readers.close(), s.listers.close(), s.writer.close())
	})
	go w.run()
	return s
}

// Path is the absolute path of the database file.
func (s *Store) Path() string { return s.path }

// Close ends the writer after the transaction that it is in, waits for those who
// are reading, and closes the file. Steps still queued are not done and get
// ErrUnavailable.
func (s *Store) Close() error { return s.close() }

// Ping reads from the database, and finds out whether the path still leads to
// the file that is open: what is written to one that was deleted or replaced is
// lost when the process ends.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := readOne(ctx, s, "ping", "SELECT EXISTS (SELECT 1 FROM keys)", scanBool); err != nil {
		return err
	}
	file, err := os.Stat(s.path)
	if err != nil {
		return storage.Unavailable("ping", err)
	}
	if !os.SameFile(file, s.file) {
		return storage.Unavailable("ping", errors.New("the database file was replaced"))
	}
	return nil
}
