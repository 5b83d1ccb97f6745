package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"example.org/signet/issuer/admin"
)

// TestEventTypes_AllDeclared compares the types that --type takes with those that the packages declare.
func TestEventTypes_AllDeclared(t *testing.T) {
	files, err := filepath.Glob("../../issuer/audit/*.go")
	if err != nil {
		t.Fatal(err)
	}
	declaration := regexp.MustCompile(`(?m)^(?:const |\t)Event\w+ +(?:EventKind )?= "([a-z_.]+)"`)
	var declared []string
	for _, file := range append(files, "../../keys/event.go") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range declaration.FindAllStringSubmatch(string(text), -1) {
			if match[1] != "keys.refresh_failed" && match[1] != "keys.refreshed" && match[1] != "key.refused_by_openssl" { // these are logged only
				declared = append(declared, match[1])
			}
		}
	}
	slices.Sort(declared)
	if got := admin.EventTypes(); len(got) < 30 || !slices.Equal(got, declared) {
		t.Errorf("types %v, want %v", got, declared)
	}
}
