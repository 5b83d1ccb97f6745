package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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

// A file that was made is there after a power cut: its content is synced before its
// name is given, and its directory after.
func TestCreateFile_SyncsContentAndName(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for name, write := range map[string]func(string, []byte) error{"create": createFile, "replace": replaceFile} {
		var synced []string
		fsync = func(f *os.File) error {
			_, err := os.Stat(path)
			switch named := err == nil; {
			case f.Name() == dir && named:
				synced = append(synced, "name")
			case f.Name() != dir && (!named || name == "replace"):
				synced = append(synced, "content")
			}
			return f.Sync()
		}
		t.Cleanup(func() { fsync = (*os.File).Sync })
		_ = os.Remove(path)
		if err := write(path, []byte("content")); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(synced, []string{"content", "name"}) {
			t.Errorf("%s: synced %v, want the content and then the name", name, synced)
		}
	}
}

// A file whose content could not be synced is not given its name.
func TestCreateFile_FailedSyncLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	fsync = func(*os.File) error { return errors.New("disk error") }
	t.Cleanup(func() { fsync = (*os.File).Sync })
	if err := createFile(filepath.Join(dir, "file"), []byte("content")); err == nil {
		t.Error("no error")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
