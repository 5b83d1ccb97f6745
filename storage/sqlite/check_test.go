package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	findings, err := sqlite.Check(t.Context(), filepath.Join(dir, "signet.db"))
	if err != nil || len(findings) != 2 || findings[0].Verdict != storage.Passed || findings[1].Verdict == storage.Failed {
		t.Errorf("got %+v, %v", findings, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if _, err := sqlite.Check(t.Context(), filepath.Join(dir, "none", "signet.db")); err == nil {
		t.Error("no error for a directory that is not there")
	}
}
