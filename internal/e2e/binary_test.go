package e2e_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// built is the folder that holds the binary, for TestMain to remove.
var built string

// builtIn makes the folder, once a test run.
var builtIn = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "signet-e2e-"); err != nil {
		return "", err
	}
	built = dir
	return dir, lookAtSources()
})

// extraTags are build tags of the tests that the binaries get, too.
var extraTags []string

// binary is the command under test, built once a test run.
var binary = sync.OnceValues(func() (string, error) { return build("signet") })

// mined is the command with failpoints.
var mined = sync.OnceValues(func() (string, error) { return build("signet-failpoint", "failpoint") })

func build(name string, tags ...string) (string, error) {
	dir, err := builtIn()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	args := []string{"build", "-o", path, "-tags", strings.Join(append(tags, extraTags...), ",")}
	if raceEnabled {
		// An instrumented bcrypt takes many seconds a hash; it shares no memory.
		args = append(args, "-race", "-gcflags=golang.org/x/crypto/...=-race=false")
	}
	out, err := exec.Command("go", append(args, "example.org/signet/cmd/signet")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build cmd/signet: %w\n%s", err, out)
	}
	return path, nil
}

// installed are the folders that package managers fill.
var installed = []string{"node_modules", ".venv", "__pycache__", "target"}

// lookAtSources lists the folders whose files make the binary, the rounds in
// other languages and the examples. `go test` notes what a test looks at, but
// not what the commands look at that it runs: without this it would repeat an
// old result.
func lookAtSources() error {
	for _, room := range []string{"cmd", "endpoints", "issuer", "keys", "storage", "verify", "docs", "internal/failpoint", "internal/openssl", "internal/e2e", "examples"} {
		err := filepath.WalkDir(filepath.Join("..", "..", room), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && slices.Contains(installed, d.Name()) {
				return filepath.SkipDir
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("look at the sources: %w", err)
		}
	}
	return nil
}

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
	return commandFrom(t, binary, args...)
}

// command is the binary that the server is to run next: one with failpoints,
// where points says what they do.
func (s *server) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	switch {
	case s.program != "":
		return commandFrom(t, func() (string, error) { return s.program, nil }, args...)
	case s.points == "":
		return command(t, args...)
	}
	cmd := commandFrom(t, mined, args...)
	cmd.Env = append(cmd.Env, "SIGNET_FAILPOINTS="+s.points)
	return cmd
}

func commandFrom(t *testing.T, binary func() (string, error), args ...string) *exec.Cmd {
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
