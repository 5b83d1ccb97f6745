// Package testdir gives tests a folder for databases that need not outlive the
// machine: in memory where the system has such a file system, since each commit
// of a database waits for its disk.
package testdir

import (
	"os"
	"testing"
)

// inMemory is Linux's file system in memory.
const inMemory = "/dev/shm"

// New returns an empty folder that is removed when the test ends. For a
// benchmark, and where there is no file system in memory, it is t.TempDir().
func New(t testing.TB) string {
	t.Helper()
	if _, bench := t.(*testing.B); bench {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(inMemory, "signet-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the test's folder: %v", err)
		}
	})
	return dir
}
