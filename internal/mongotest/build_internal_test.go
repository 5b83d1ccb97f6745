package mongotest

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// program writes a module whose build takes no time and no network.
func program(t *testing.T, body string) (src string) {
	t.Helper()
	src = t.TempDir()
	for name, text := range map[string]string{"go.mod": "module server\n\ngo 1.26\n", "main.go": body} {
		if err := os.WriteFile(filepath.Join(src, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return src
}

func TestBuildsOnceForManyWaiters(t *testing.T) {
	src, cache := program(t, "package main\n\nfunc main() {}\n"), t.TempDir()
	paths := make([]string, 4)
	var all sync.WaitGroup
	for i := range paths {
		all.Go(func() {
			var err error
			if paths[i], err = ensureBuilt(src, cache); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	before, err := os.Stat(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	again, err := ensureBuilt(src, cache)
	if err != nil || again != paths[3] {
		t.Fatalf("second time %s, %v; want %s", again, err, paths[3])
	}
	if after, err := os.Stat(again); err != nil || !os.SameFile(before, after) {
		t.Errorf("built again though nothing changed (%v)", err)
	}
}

func TestChangedSourcesAreBuiltAnew(t *testing.T) {
	src, cache := program(t, "package main\n\nfunc main() {}\n"), t.TempDir()
	first, err := ensureBuilt(src, cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(src, "more.go"), []byte("package main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := ensureBuilt(src, cache)
	if err != nil || second == first {
		t.Errorf("after a change %s, %v; before %s", second, err, first)
	}
}

func TestBrokenBuildLeavesNothingAndSaysWhy(t *testing.T) {
	src, cache := program(t, "package main\n\nfunc main() { nowhere() }\n"), t.TempDir()
	_, err := ensureBuilt(src, cache)
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error %v does not name the fault", err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "*", "mongoserver*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestServerThatPrintsNothingIsAnError(t *testing.T) {
	src := program(t, "package main\n\nimport \"os\"\n\nfunc main() { os.Stderr.WriteString(\"no disk\"); os.Exit(1) }\n")
	path, err := ensureBuilt(src, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := launch(path); !errors.Is(err, errNoURI) || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("launch: %v", err)
	}
}

// A server must not outlive a test binary that dies without cleaning up: all
// that is left of it then is a closed pipe.
func TestServerEndsWithItsStandardInput(t *testing.T) {
	path, err := binary()
	if err != nil {
		missing(t, err)
	}
	c, err := launch(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.kill()
	ended := make(chan error, 1)
	_ = c.stdin.Close()
	go func() { ended <- c.cmd.Wait() }()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestWithDatabase(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://h:1":                         "mongodb://h:1/d",
		"mongodb://h:1/":                        "mongodb://h:1/d",
		"mongodb://h:1/x?replicaSet=rs0":        "mongodb://h:1/d?replicaSet=rs0",
		"mongodb://h1,h2/?w=1":                  "mongodb://h1,h2/d?w=1",
		"mongodb://u:p@h/":                      "mongodb://u:p@h/d?authSource=admin",
		"mongodb://u:p@h/users?tls=true":        "mongodb://u:p@h/d?authSource=users&tls=true",
		"mongodb+srv://u:p@h/?authSource=other": "mongodb+srv://u:p@h/d?authSource=other",
	} {
		if got := withDatabase(uri, "d"); got != want {
			t.Errorf("withDatabase(%s) = %s, want %s", uri, got, want)
		}
	}
}

// recorder is a test that was told to stop, and how.
type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Fatalf(string, ...any) { r.failed = true }
func (r *recorder) Skipf(string, ...any)  { r.skipped = true }

func TestMissingServerFailsOnlyInCI(t *testing.T) {
	t.Setenv("CI", "")
	var local recorder
	if missing(&local, io.EOF); !local.skipped || local.failed {
		t.Errorf("on a desk: skipped %t, failed %t", local.skipped, local.failed)
	}
	t.Setenv("CI", "true")
	var ci recorder
	if missing(&ci, io.EOF); !ci.failed {
		t.Error("in CI a missing server must fail the test")
	}
}
