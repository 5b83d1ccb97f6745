package verify_test

import (
	"go/build"
	"os/exec"
	"strings"
	"testing"
)

// Other people import this package: it brings go-jose, internal/strictjson and the
// standard library with it, and nothing else, directly or through others.
func TestImportsOnlyGoJOSEAndTheStandardLibrary(t *testing.T) {
	const jose, json = "github.com/go-jose/go-jose/v4", "example.org/signet/internal/strictjson"
	allowed := func(path string) bool { return path == jose || strings.HasPrefix(path, jose+"/") || path == json }

	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(pkg.IgnoredGoFiles) > 0 {
		t.Errorf("files behind build tags: %v", pkg.IgnoredGoFiles)
	}
	for _, path := range pkg.Imports {
		if strings.Contains(strings.Split(path, "/")[0], ".") && !allowed(path) {
			t.Errorf("imports %s", path)
		}
	}

	list := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	list.Env = append(list.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	self := 0
	for path := range strings.FieldsSeq(string(out)) {
		if strings.HasSuffix(path, "/verify") {
			self++
		} else if !allowed(path) {
			t.Errorf("depends on %s", path)
		}
	}
	if self != 1 {
		t.Errorf("go list answered %q", out)
	}
}
