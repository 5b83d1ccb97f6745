package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built is the folder that holds the binary, for TestMain to remove.
var built string

// binary builds the command under test, once a test run.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "signet-e2e-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "signet")
	args := []string{"build", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "example.org/signet/cmd/signet")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build cmd/signet: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// command is the binary with args, away from the settings of whoever runs the
// tests.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SIGNET_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	return cmd
}
