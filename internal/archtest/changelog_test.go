package archtest_test

import (
	"os"
	"strings"
	"testing"
)

// TestChangelog_NamesEachChangeOnce finds what a merge has left twice: a part, or a change by its
// first words.
func TestChangelog_NamesEachChangeOnce(t *testing.T) {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for n, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "## ") {
			clear(seen) // parts are named again for each version
		}
		if !strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "**") && !strings.HasPrefix(line, "#") {
			continue
		}
		start := line[:min(len(line), 40)]
		if first := seen[start]; first > 0 {
			t.Errorf("lines %d and %d begin alike: %s", first, n+1, start)
		}
		seen[start] = n + 1
	}
}
