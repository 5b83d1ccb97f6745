package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// createRole writes something, so that there is a log.
func createRole(t *testing.T, s storage.Roles, name string) {
	t.Helper()
	if err := s.CreateRole(t.Context(), storage.Role{Name: name}); err != nil {
		t.Fatalf("CreateRole: %v", err)
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, path := range []string{
		"plain.db", "./under/plain.db", "with space.db", "a?mode=memory.db", "b#c.db", "100%.db", "%41.db", "q'uote\".db",
		"file:x.db", ":memory:", "\u00fcber-\u4e16\u754c.db", "a&b=c;d.db", `back\slash.db`,
	} {
		s := open(t, path)
		createRole(t, s, "a")
		if want := filepath.Join(dir, path); s.Path() != want {
			t.Errorf("Path() = %q, want %q", s.Path(), want)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Size() == 0 {
			t.Errorf("there is no file at %q: %v", path, err)
		}
		again := open(t, path)
		if _, err := again.Role(t.Context(), "a"); err != nil {
			t.Errorf("Role after opening %q again: %v", path, err)
		}
	}
}

func TestOpenRefusesPlaces(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("no directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a directory":        dir,
		"below a file":       filepath.Join(file, "signet.db"),
		"a name with a zero": filepath.Join(dir, "a\x00b.db"),
	} {
		s, err := sqlite.Open(t.Context(), path)
		if err == nil {
			t.Errorf("Open of %s succeeded", name)
			s.Close()
		}
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := newPath(t)
	s, err := sqlite.Open(ctx, path)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Open: got %v, want context.Canceled", err)
	}
	if s != nil {
		s.Close()
	}
	createRole(t, open(t, path), "a") // what it left behind is no obstacle
}

// A store outlives the context that it was opened under.
func TestOpenContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := sqlite.Open(ctx, newPath(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cancel()
	createRole(t, s, "a")
	if _, err := s.Role(t.Context(), "a"); err != nil {
		t.Errorf("Role: %v", err)
	}
}

// Nothing is left beside the database of a store that was closed.
func TestCloseLeavesOneFile(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	createRole(t, s, "a")
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}

// What is written to a file that nobody can find any more is lost, so that is
// no healthy store.
func TestPingMissesTheFile(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"deleted": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.WriteFile(path, nil, 0o600)
		},
	} {
		path := newPath(t)
		s := open(t, path)
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping: %v", err)
		}
		if err := spoil(path); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("Ping with the file %s: got %v, want ErrUnavailable", name, err)
		}
	}
}
