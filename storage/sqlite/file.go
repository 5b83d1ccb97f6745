package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// createMu is held while a file is made. Closing a file takes away every lock
// that the process has on it (POSIX has it so), and here that can only be one
// that another call of Open got a moment ago.
var createMu sync.Mutex

// prepareFile makes sure that there is a file and that its mode is right. It
// opens none that was there: see createMu.
func prepareFile(path string) (fs.FileInfo, error) {
	if err := makeDirs(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := createFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := ownerOnly(path, path+"-wal", path+"-shm"); err != nil {
		return nil, err
	}
	file, err := os.Stat(path)
	if err == nil && !file.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not a file")}
	}
	return file, err
}

func createFile(path string) error {
	createMu.Lock()
	defer createMu.Unlock()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(fsync(f), f.Close(), syncDir(filepath.Dir(path)))
}

// fsync is replaced by tests, which look at what is synced.
var fsync = (*os.File).Sync

// syncDir makes the names in a directory survive a power cut. SQLite syncs what it
// writes into the database, not the name of a file that it did not make.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = fsync(d) // some file systems cannot, and keep the name all the same
	return d.Close()
}

// makeDirs makes the directory and those above it, and syncs the name of each that
// it made.
func makeDirs(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDirs(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return syncDir(parent)
}

// ownerOnly takes from others what an earlier copy or unpacking gave them.
// SQLite makes the companions with the mode of the database.
func ownerOnly(paths ...string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm() != 0o600 {
			err = os.Chmod(path, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
