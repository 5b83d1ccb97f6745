package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
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
			key, err := p.masterKeys(newSettings()).makeFile(path)
			if err != nil {
				t.Error(err)
			}
			found[n] = key
		})
	}
	all.Wait()
	stored, err := (&process{stderr: &bytes.Buffer{}}).masterKeys(newSettings()).readFile(path, envMasterKey)
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
