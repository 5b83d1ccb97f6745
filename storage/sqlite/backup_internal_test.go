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
	rows, err := s.writer.conn.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		name, err := scanString(rows)
		if err != nil {
			t.Fatal(err)
		}
		cleared := slices.ContainsFunc(clearStatements, func(q query) bool { return strings.TrimPrefix(string(q), "DELETE FROM ") == name })
		if !cleared && name != "epoch" && name != "status_lists" {
			t.Errorf("Clear leaves the table %s as it is", name)
		}
	}
}
