package protocoltest_test

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"example.org/signet/internal/protocoltest"
)

var moduleRow = regexp.MustCompile("(?m)^\\| \\d+ \\| `protocol/(oidcc-[a-z0-9-]+)` \\| ([^|]+) \\|")

// TestConformanceOutcomes_AreThoseOfThePage compares the outcomes that the scenes must have
// with those that docs/conformance.md names.
func TestConformanceOutcomes_AreThoseOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, row := range moduleRow.FindAllStringSubmatch(string(page), -1) {
		said[row[1]] = strings.ReplaceAll(row[2], "`", "")
	}
	want := protocoltest.ConformanceOutcomes()
	for module, outcome := range want {
		if said[module] != outcome {
			t.Errorf("%s: the page says %q, the scene expects %q", module, said[module], outcome)
		}
	}
	if !maps.Equal(said, want) {
		t.Errorf("%d modules on the page, %d scenes", len(said), len(want))
	}
}
