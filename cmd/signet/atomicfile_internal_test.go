package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestCreateFile_NeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := createFile(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := createFile(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := replaceFile(path, []byte("third")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "third" {
		t.Errorf("got %q, %v", got, err)
	}
}
