package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/signet/internal/bench"
)

// benchAddress waits for the server that bench starts in a folder below dir, and returns its
// URL.
func benchAddress(t *testing.T, dir string) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(dir, "signet-bench-*", "addr"))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			url, err := awaitFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			return url
		}
	}
	t.Fatal("no server was started within a minute")
	return ""
}

// A run that is interrupted leaves neither the store nor the server.
func TestBench_InterruptedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("signet", "bench", "--dir", dir, "--workloads", "jwks", "--duration", "10m", "--connections", "1")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // ended already is fine
	url := benchAddress(t, dir)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(complaints.String(), "interrupted") {
		t.Errorf("got %v, %s", err, &complaints)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if resp, err := http.Get(url); err == nil {
		t.Errorf("the server still answers %d", resp.StatusCode)
		_ = resp.Body.Close()
	}
}

func TestBenchOutput_SaysWhatIsDoubtful(t *testing.T) {
	report := bench.Report{
		Issuer: "http://127.0.0.1:1", Connections: 1, CPUError: "no URL of the metrics is given", LeftOver: 2,
		Signature: bench.Signature{Mean: time.Millisecond, Min: time.Millisecond / 2, Max: 2 * time.Millisecond},
		Results:   []bench.Result{{Name: "login", Requests: 3, Errors: map[string]int{"503": 4, "429": 1}}, {Name: "code", Skipped: "no redirect URI is given"}},
	}
	var text bytes.Buffer
	newBenchOutput(report, nil).write(&text)
	for _, want := range []string{
		"429 ×1, 503 ×4", "code      skipped: no redirect URI is given\n", "S is unknown: no URL of the metrics is given.",
		"The machine was not quiet: a signature cost 500 to 2000 µs.", "2 sessions could not be ended",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in %s", want, &text)
		}
	}
}

func TestGrowthOutput_Ratios(t *testing.T) {
	s := func(v float64) map[string]float64 {
		return map[string]float64{"refresh": v, "introspection": v, "authorize": v, "user-search": v}
	}
	o := growthOutput{Connections: 16, Rows: []growthRow{
		{Size: 1000, S: s(1), P50: s(2), StartMillis: 40, RSS: 100, SessionBytes: 400, UserBytes: 300},
		{Size: 10000, S: s(1.5), P50: s(1), StartMillis: 60, RSS: 120, SessionBytes: 410, UserBytes: 310},
		{Size: 20000},
	}}
	var text bytes.Buffer
	o.write(&text)
	lines := strings.Split(text.String(), "\n")
	if got, want := strings.Join(strings.Fields(lines[2]), " "), "10000 1.50 1.50 1.50 1.50 0.50 1.50 1.20 410 310"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !strings.Contains(lines[3], "unknown") {
		t.Errorf("what is unknown is not said: %s", lines[3])
	}
}

func TestBar(t *testing.T) {
	for part, want := range map[float64]string{-1: "[----]", 0: "[----]", .5: "[##--]", 1: "[####]", 7: "[####]"} {
		if got := bar(part, 4); got != want {
			t.Errorf("%g: %s", part, got)
		}
	}
}
