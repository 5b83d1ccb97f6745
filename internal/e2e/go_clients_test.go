package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGoClients plays the round with Go libraries that are no dependencies of
// this module: the folder go is a module of its own.
func TestGoClients(t *testing.T) {
	t.Parallel()
	runForeign(t, exec.Command(buildGoClients(t)), ".")
}

func buildGoClients(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clients")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir, build.Env = "go", append(os.Environ(), "GOFLAGS=-mod=readonly")
	out, err := build.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	missing(t, err, "the Go clients", "`go mod download` in internal/e2e/go")
	return path
}
