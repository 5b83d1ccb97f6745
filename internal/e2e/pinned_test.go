package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNodePackagesArePinned: exact versions, and no address that would tie a
// clone to one registry.
func TestNodePackagesArePinned(t *testing.T) {
	for _, folder := range []string{"node", "../../examples/node", "../../examples/node-web", "../../examples/spa"} {
		t.Run(folder, func(t *testing.T) { wantPinned(t, folder) })
	}
}

func wantPinned(t *testing.T, folder string) {
	t.Helper()
	var manifest struct{ Dependencies map[string]string }
	var lock struct {
		Packages map[string]struct{ Version, Integrity, Resolved string }
	}
	for name, into := range map[string]any{"package.json": &manifest, "package-lock.json": &lock} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(manifest.Dependencies) == 0 {
		t.Fatal("no dependencies found")
	}
	for name, version := range manifest.Dependencies {
		got := lock.Packages["node_modules/"+name]
		if got.Version != version || !strings.HasPrefix(got.Integrity, "sha512-") {
			t.Errorf("%s is %q in package.json, %q with integrity %q in the lock", name, version, got.Version, got.Integrity)
		}
	}
	for name, got := range lock.Packages {
		if got.Resolved != "" {
			t.Errorf("%s is locked to %s", name, got.Resolved)
		}
	}
}

// TestPythonPackagesArePinned: exact versions, and no address.
func TestPythonPackagesArePinned(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z0-9_-]+(\[[a-z]+\])?==[0-9][a-z0-9.]*$`)
	for _, folder := range []string{"python", "../../examples/python"} {
		text, err := os.ReadFile(filepath.Join(folder, "requirements.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && !pinned.MatchString(line) {
				t.Errorf("%s: %q is not pinned", folder, line)
			}
		}
	}
}
