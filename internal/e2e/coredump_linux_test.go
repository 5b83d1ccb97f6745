package e2e_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"
)

// TestServerDumpsNoCore: what a crash leaves on disk holds no key (K03).
func TestServerDumpsNoCore(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", s.child.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
		t.Errorf("the server may dump its memory:\n%s", limits)
	}
}
