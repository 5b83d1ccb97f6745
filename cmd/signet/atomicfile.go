package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// createFile atomically creates a file with mode 0600. It never replaces a file:
// then the error is fs.ErrExist.
func createFile(path string, content []byte) error {
	return createFileFunc(path, func(w io.Writer) error { _, err := w.Write(content); return err })
}

// createFileFunc is createFile for content that is streamed.
func createFileFunc(path string, write func(io.Writer) error) error {
	return writeAtomic(path, write, os.Link)
}

// replaceFile is createFile that replaces an existing file.
func replaceFile(path string, content []byte) error {
	return writeAtomic(path, func(w io.Writer) error { _, err := w.Write(content); return err }, os.Rename)
}

// fsync is replaced by tests, which look at what is synced.
var fsync = (*os.File).Sync

// writeAtomic writes and syncs a temporary file, then publishes it under its name
// in one step.
func writeAtomic(path string, write func(io.Writer) error, publish func(from, to string) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already after a rename
	if err := errors.Join(write(f), fsync(f), f.Close()); err != nil {
		return err
	}
	if err := publish(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir syncs the directory, so that the new name survives a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = fsync(d) // some file systems cannot, and keep the name all the same
	return nil
}
