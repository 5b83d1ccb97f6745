package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// TestGoClients plays the round with Go libraries that are no dependencies of
// this module: the folder go is a module of its own.
func TestGoClients(t *testing.T) {
	long(t)
	t.Parallel()
	runForeign(t, exec.Command(goClients(t), "round"), ".")
}

// builtGoClients is the program of the folder go, built once a test run.
var builtGoClients = sync.OnceValues(func() (string, error) {
	dir, err := builtIn()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "clients")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir, build.Env = "go", append(os.Environ(), "GOFLAGS=-mod=readonly")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// goClients returns the program's path, and skips the test where it cannot be
// built.
func goClients(t *testing.T) string {
	t.Helper()
	path, err := builtGoClients()
	missing(t, err, "the Go clients", "`go mod download` in internal/e2e/go")
	return path
}
