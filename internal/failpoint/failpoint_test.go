package failpoint_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/failpoint"
)

const variable = "SIGNET_FAILPOINTS"

// build builds the program that walks over all points.
func build(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "walk")
	out, err := exec.Command("go", slices.Concat([]string{"build", "-o", path}, args, []string{"./testdata/walk"})...).CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// walk runs it and returns what it printed and its exit code, -1 for a signal.
func walk(t *testing.T, path, points string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), variable+"="+points)
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// A binary built without the tag has no failpoints: it does not know the name
// of the variable that would set them.
func TestNormalBinaryHasNone(t *testing.T) {
	if failpoint.Enabled {
		t.Skip("these tests were built with the tag")
	}
	path := build(t)
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(binary, []byte(variable)) {
		t.Errorf("a normal binary holds the text %s", variable)
	}
	out, code := walk(t, path, string(failpoint.RefreshUpdating)+"=kill")
	if code != 0 || strings.Count(out, " <nil>\n") != 2*len(failpoint.Points) {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestPoints(t *testing.T) {
	path := build(t, "-tags", "failpoint")
	for name, c := range map[string]struct {
		points string
		code   int
		want   []string
		not    string
	}{
		"nothing":        {"", 0, []string{"built with failpoints", "refresh.updated <nil>"}, "injected"},
		"error":          {"refresh.updated=error", 0, []string{"refresh.updated refresh.updated: failpoint: injected failure", "refresh.updating <nil>"}, "refresh.updated <nil>"},
		"kill":           {"refresh.updated=kill", -1, []string{"refresh.updating <nil>"}, "refresh.updated "},
		"kill, second":   {"refresh.updated=kill@2", -1, []string{"refresh.updated <nil>", "user.deleted <nil>"}, "panic"},
		"never so often": {"refresh.updated=kill@3", 0, []string{"user.deleted <nil>"}, "panic"},
		"two points":     {"refresh.updating=error@1;refresh.updated=kill@2", -1, []string{"injected", "refresh.updating <nil>"}, "panic"},
		"sleep":          {"refresh.updated=sleep:20ms", 0, []string{"refresh.updated <nil>"}, "injected"},
		"no such point":  {"refresh.update=kill", 2, []string{"no such point"}, "<nil>"},
		"no such action": {"refresh.updated=explode", 2, []string{"neither kill, error nor sleep"}, "<nil>"},
		"no hit":         {"refresh.updated=kill@0", 2, []string{"not a number from 1"}, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			out, code := walk(t, path, c.points)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("want %q", want)
				}
			}
			if strings.Contains(out, c.not) {
				t.Errorf("do not want %q", c.not)
			}
			if name == "sleep" && time.Since(begin) < 40*time.Millisecond {
				t.Error("two naps of 20 ms took less than 40 ms")
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

func TestPointsAreDistinct(t *testing.T) {
	sorted := slices.Sorted(slices.Values(failpoint.Points))
	if len(slices.Compact(sorted)) != len(failpoint.Points) {
		t.Errorf("a point is listed twice: %v", sorted)
	}
}
