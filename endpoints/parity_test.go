package endpoints_test

import (
	"os"
	"regexp"
	"testing"

	"example.org/signet/internal/protocoltest"
)

// The pages of the console that docs/parity.md names are there.
func TestParity_ConsolePages(t *testing.T) {
	page, err := os.ReadFile("../docs/parity.md")
	if err != nil {
		t.Fatal(err)
	}
	s := protocoltest.Start(t, openSQLite, func(o *protocoltest.Options) { o.Endpoints.AdminMerged = true })
	there := map[string]bool{}
	for _, r := range s.Handler.Routes() {
		there[r.Path] = true
	}
	named := regexp.MustCompile("`(/console[^`]*)` \\|").FindAllStringSubmatch(string(page), -1)
	if len(named) < 30 {
		t.Fatalf("%d pages are named: the table is not read right", len(named))
	}
	for _, path := range named {
		if !there[path[1]] {
			t.Errorf("the console has no page %s", path[1])
		}
	}
}
