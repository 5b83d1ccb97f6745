package openssl_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// With the tag and without cgo nothing is built, and the compiler says what is missing.
func TestTagWithoutCgo_FailsToBuild(t *testing.T) {
	build := exec.Command("go", "build", "-tags", "openssl", ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "openssl_needs_CGO_ENABLED_1") {
		t.Errorf("got %v: %s", err, out)
	}
}
