package sqlite

import (
	"slices"
	"strings"
	"testing"
)

// Whoever adds a table decides what a restore does with it: Clear empties it,
// and package backup writes and reads its records, or docs/storage.md says why
// they need no backup.
func TestClearKnowsEveryTable(t *testing.T) {
	s := openTest(t)
	names, err := connAll(s.writer.conn, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", scanString, nil)
	if err != nil || len(names) == 0 {
		t.Fatalf("tables: %q, %v", names, err)
	}
	for _, name := range names {
		cleared := slices.ContainsFunc(clearStatements, func(q query) bool { return strings.TrimPrefix(string(q), "DELETE FROM ") == name })
		if !cleared && name != "epoch" && name != "status_lists" {
			t.Errorf("Clear leaves the table %s as it is", name)
		}
	}
}
