package sqlite

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A database that was just made, and the directories above it, are there after a
// power cut: the names are synced too.
func TestNewFileIsSynced(t *testing.T) {
	var synced []string
	fsync = func(f *os.File) error {
		synced = append(synced, f.Name())
		return f.Sync()
	}
	t.Cleanup(func() { fsync = (*os.File).Sync })
	top := t.TempDir()
	one := filepath.Join(top, "one")
	two := filepath.Join(one, "two")
	path := filepath.Join(two, "signet.db")
	if err := openClose(t, path); err != nil {
		t.Fatal(err)
	}
	if want := []string{top, one, path, two}; !slices.Equal(synced, want) {
		t.Errorf("synced %q, want %q", synced, want)
	}
	synced = nil
	if err := openClose(t, path); err != nil || len(synced) != 0 {
		t.Errorf("opened again: synced %q, %v; want nothing", synced, err)
	}
}
