package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.org/signet/keys"
)

// Of 64 that start on a new store at once one makes the master key, and all
// use it.
func TestMasterKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "master.key")
	found := make([]keys.MasterKey, 64)
	var all sync.WaitGroup
	for n := range found {
		all.Go(func() {
			p := &process{random: rand.Reader, stderr: &bytes.Buffer{}}
			key, err := p.makeMasterKey(path)
			if err != nil {
				t.Error(err)
			}
			found[n] = key
		})
	}
	all.Wait()
	stored, err := readMasterKey(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, key := range found {
		if key.Encode() != stored.Encode() {
			t.Errorf("number %d has another key than the file", n)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

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

func TestReadBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	writeFile(t, path, []byte("12345"))
	if got, err := readBounded(path, 5); err != nil || string(got) != "12345" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := readBounded(path, 4); err == nil || !strings.Contains(err.Error(), "longer than 4 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{
		"":            "''",
		"plain-1.2/x": "plain-1.2/x",
		"a b":         "'a b'",
		"it's":        `'it'\''s'`,
		"$HOME":       "'$HOME'",
		"a;b":         "'a;b'",
		"ü":           "'ü'",
		"x\ny":        "'x\ny'",
	} {
		if got := shellQuote(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}

func TestFirstError_IsKept(t *testing.T) {
	full := &firstError{w: failingWriter{}}
	writeTable(full, []string{"A"}, [][]string{{"1"}})
	writeFields(full, "name", "value")
	if !errors.Is(full.err, fs.ErrClosed) {
		t.Errorf("got %v", full.err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, fs.ErrClosed }

// Messages are written on lines of their own, also while a bar is shown.
func TestProgress(t *testing.T) {
	var screen bytes.Buffer
	p := newProgress(&screen, "importing", 100, true)
	p.set(50)
	p.println("line 3: no user")
	p.set(100)
	p.finish()
	if !strings.Contains(screen.String(), "importing") || !strings.Contains(screen.String(), "\rline 3: no user\n") {
		t.Errorf("screen: %q", &screen)
	}
	var plain bytes.Buffer
	p = newProgress(&plain, "importing", -1, false)
	p.set(50)
	p.println("line 3: no user")
	p.finish()
	if plain.String() != "line 3: no user\n" {
		t.Errorf("written: %q", &plain)
	}
}
