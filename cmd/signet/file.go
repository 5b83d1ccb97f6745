package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// createWhole makes a file that only its owner may read, all of it or none of
// it, and never in the place of another: then the error is fs.ErrExist.
func createWhole(path string, content []byte) error {
	return createWith(path, func(w io.Writer) error { _, err := w.Write(content); return err })
}

// createWith is like createWhole for what is too long to be held at once.
func createWith(path string, write func(io.Writer) error) error {
	return placeWhole(path, write, os.Link)
}

// replaceWhole is like createWhole but puts the file in the place of another.
func replaceWhole(path string, content []byte) error {
	return placeWhole(path, func(w io.Writer) error { _, err := w.Write(content); return err }, os.Rename)
}

// placeWhole writes a temporary file to the disk and then moves it to its
// place in one step.
func placeWhole(path string, write func(io.Writer) error, place func(from, to string) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already after a rename
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes the new name survive a power cut.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // some file systems cannot, and keep the name all the same
	return nil
}

// shellWord quotes a word for a POSIX shell where it needs it.
func shellWord(s string) string {
	special := func(r rune) bool {
		alphanumeric := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !alphanumeric && !strings.ContainsRune("_-./:=@%+,", r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
