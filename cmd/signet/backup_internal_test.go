package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// Nothing starts on a store that holds a part of a backup, and the message says
// what to do.
func TestIncompleteStoreIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signet.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RaiseEpoch(t.Context(), storage.EpochRaise{At: time.Now(), Incomplete: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"user", "list"}, {"serve", "--listen", "127.0.0.1:0", "--admin-listen", "", "--metrics-listen", ""}} {
		var stderr bytes.Buffer
		args := append(command, "--storage", "sqlite:"+path)
		if code := run(t.Context(), args, nil, strings.NewReader(""), &bytes.Buffer{}, &stderr); code != 1 || !strings.Contains(stderr.String(), "--replace does it again") {
			t.Errorf("%v: exit status %d, %s", command, code, stderr.String())
		}
	}
}
