//go:build unix

package sqlite_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func wantMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Errorf("Stat: %v", err)
		return
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
	}
}

// setUmask is of the whole process; no test here runs beside another.
func setUmask(t *testing.T, mask int) {
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

func TestFileModes(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		setUmask(t, mask)
		path := filepath.Join(t.TempDir(), "new", "newer", "signet.db")
		s := open(t, path)
		createRole(t, s, "a")
		for _, file := range []string{path, path + "-wal", path + "-shm"} {
			wantMode(t, file, 0o600)
		}
		wantMode(t, filepath.Dir(path), 0o700)
		wantMode(t, filepath.Dir(filepath.Dir(path)), 0o700)
	}
}

// A copy or an unpacked backup may have any mode. The directory is its owner's
// business.
func TestLaxModesAreTightened(t *testing.T) {
	setUmask(t, 0)
	path := newPath(t)
	dir := filepath.Dir(path)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	first := open(t, path)
	createRole(t, first, "a")
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(file, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	second := open(t, path)
	createRole(t, second, "b")
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		wantMode(t, file, 0o600)
	}
	wantMode(t, dir, 0o755)
}

// Opening a store a second time in one process, and closing it, takes no lock
// away from the first. POSIX takes every lock that a process has on a file when
// it closes that file anywhere, so nothing but SQLite may open it.
func TestOpenAgainKeepsLocks(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	createRole(t, s, "before")
	wantLocked := func(when string) {
		t.Helper()
		if out, err := child(t, "locked", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", when, err, out)
		}
	}
	wantLocked("one store")
	again := open(t, path)
	wantLocked("two stores")
	if err := again.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wantLocked("one store again")
	createRole(t, s, "after")
}

func init() { childTasks["locked"] = taskLocked }

// taskLocked asks the system whether a process keeps others from having the
// database for themselves. SQLite's locks are on bytes that no page has.
func taskLocked(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: 0x40000002, Len: 510}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		return err
	}
	if lock.Type == syscall.F_UNLCK {
		return errors.New("nobody has a lock on the database")
	}
	return nil
}
