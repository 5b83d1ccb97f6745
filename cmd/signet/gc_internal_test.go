package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestMemoryLimit_FollowsWhatIsLive(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name                   string
		current, ceiling, live int64
		want                   int64
		changed                bool
	}{
		{"at the start", 0, 0, 3 * mib, memoryTarget, true},
		{"little is live", memoryTarget, 0, 5 * mib, memoryTarget, false},
		{"much is live: twice that", memoryTarget, 0, 500 * mib, 1016 * mib, true},
		{"a little less than before", 1016 * mib, 0, 400 * mib, 1016 * mib, false},
		{"far less than before", 1016 * mib, 0, 100 * mib, 216 * mib, true},
		{"no more than the container allows", memoryTarget, 300 * mib, 500 * mib, 300 * mib, true},
		{"a container smaller than the target", 0, 48 * mib, 3 * mib, 48 * mib, true},
	} {
		m := memoryLimit{current: c.current, ceiling: c.ceiling}
		if got, changed := m.adapt(c.live); got != c.want || changed != c.changed || m.current != c.want {
			t.Errorf("%s: got %d MiB, changed %v; want %d MiB, %v", c.name, got/mib, changed, c.want/mib, c.changed)
		}
	}
}

func TestCgroupMemory_TakesLeastLimit(t *testing.T) {
	for _, c := range []struct {
		name, membership string
		files            map[string]string
		want             int64
	}{
		{"none", "0::/\n", nil, 0},
		{"no limit", "0::/\n", map[string]string{"memory.max": "max\n"}, 0},
		{"of a container", "0::/\n", map[string]string{"memory.max": "134217728\n"}, 134217728},
		{"of a service and of the group above it", "0::/system.slice/signet.service\n",
			map[string]string{"system.slice/signet.service/memory.max": "300000000\n", "system.slice/memory.max": "200000000\n"}, 200000000},
		{"of version 1", "3:memory:/x\n", map[string]string{"memory/memory.limit_in_bytes": "100000000\n"}, 100000000},
		{"of version 1, unlimited", "", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		membership := filepath.Join(t.TempDir(), "cgroup")
		if err := os.WriteFile(membership, []byte(c.membership), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := cgroupMemory(dir, membership); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// The environment decides where it says anything; the log tells which it was.
func TestTuneCollector_RespectsEnvironment(t *testing.T) {
	for _, variable := range []string{"", "GOGC", "GOMEMLIMIT"} {
		var log bytes.Buffer
		v := &server{process: &process{env: map[string]string{variable: "300"}}, log: zerolog.New(&log)}
		percent, limit := readCollector()
		restore := v.tuneCollector()
		tuned, tunedLimit := readCollector()
		restore()
		if changed := tuned != percent || tunedLimit != limit; changed != (variable == "") {
			t.Errorf("%q set: from %d %% and %d bytes to %d %% and %d bytes", variable, percent, limit, tuned, tunedLimit)
		}
		if by := map[bool]string{true: "by default", false: "by the environment"}[variable == ""]; !strings.Contains(log.String(), by) {
			t.Errorf("%q set: logged %s", variable, &log)
		}
		if back, backLimit := readCollector(); back != percent || backLimit != limit {
			t.Errorf("%q set: not restored: %d %%, %d bytes", variable, back, backLimit)
		}
	}
}

func readCollector() (percent int, limit int64) {
	percent = debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent, debug.SetMemoryLimit(-1)
}

func TestAfterCollections_CallsUntilStopped(t *testing.T) {
	calls := make(chan struct{}, 1000)
	stop := afterCollections(func() { calls <- struct{}{} })
	for range 3 { // each call needs a collection of its own
		runtime.GC()
		<-calls
	}
	stop()
}
