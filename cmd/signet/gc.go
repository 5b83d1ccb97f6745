package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
)

// Settings of the garbage collector where the environment has none. A small process collects
// a third as often as Go's default has it; one that uses more than memoryTarget collects as
// often as by default, so that it never needs more memory than it would there.
const (
	gcPercent      = 200
	memoryTarget   = 64 << 20  // bytes
	memoryOverhead = 16 << 20  // bytes that the runtime itself may use
	memProfileRate = 512 << 10 // one allocation in so many bytes is sampled, as by default
)

// tuneRuntime sets the garbage collector and the samples of --pprof. The returned function
// undoes it.
func (v *server) tuneRuntime() (restore func()) {
	if v.settings.pprof {
		runtime.MemProfileRate = memProfileRate
	}
	return v.tuneCollector()
}

// tuneCollector sets the garbage collector up, unless GOGC or GOMEMLIMIT say how. The returned
// function undoes it.
func (v *server) tuneCollector() (restore func()) {
	if v.env["GOGC"] != "" || v.env["GOMEMLIMIT"] != "" {
		v.log.Debug().Str("GOGC", v.env["GOGC"]).Str("GOMEMLIMIT", v.env["GOMEMLIMIT"]).Msg("garbage collector: set by the environment")
		return func() {}
	}
	limit := memoryLimit{ceiling: cgroupMemory("/sys/fs/cgroup", "/proc/self/cgroup") / 10 * 9}
	percent := debug.SetGCPercent(gcPercent)
	before := debug.SetMemoryLimit(-1)
	adapt := func() {
		if bytes, changed := limit.adapt(readLiveMemory()); changed {
			debug.SetMemoryLimit(bytes)
		}
	}
	adapt()
	stop := afterCollections(adapt)
	v.log.Debug().Int("percent", gcPercent).Int64("soft_limit", limit.current).Msg("garbage collector: set by default")
	return func() {
		stop()
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(before)
	}
}

// memoryLimit is the soft limit of the process's memory, in bytes.
type memoryLimit struct {
	current int64 // 0 at first
	ceiling int64 // what the container allows; 0 for no bound
}

// adapt returns the limit for a process with so many live bytes: memoryTarget, or twice what is
// live where that is more, up to the ceiling. A limit near what is live would make the collector
// run without a pause. changed is false as long as the limit is good enough.
func (m *memoryLimit) adapt(live int64) (bytes int64, changed bool) {
	wanted := max(memoryTarget, 2*live+memoryOverhead)
	if m.ceiling > 0 {
		wanted = min(wanted, m.ceiling)
	}
	if wanted <= m.current && wanted > m.current/2 {
		return m.current, false
	}
	m.current = wanted
	return wanted, true
}

// readLiveMemory returns the bytes that the last collection found in use, and those of stacks.
func readLiveMemory() int64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	var live int64
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			live += int64(s.Value.Uint64())
		}
	}
	return live
}

// collection is garbage whose finalizer tells that a collection has taken place. It is large
// enough to share its block of memory with nothing that lives longer.
type collection [32]byte

// afterCollections calls do after each collection, until it is stopped.
func afterCollections(do func()) (stop func()) {
	stopped := make(chan struct{})
	var again func(*collection)
	again = func(c *collection) {
		select {
		case <-stopped:
		default:
			do()
			runtime.SetFinalizer(c, again)
		}
	}
	runtime.SetFinalizer(&collection{}, again)
	return func() { close(stopped) }
}

// cgroupMemory returns the least memory limit of the process's control groups, in bytes, 0 for
// none: of version 2 at root, or of version 1 below root/memory. membership is
// /proc/self/cgroup.
func cgroupMemory(root, membership string) int64 {
	var least int64
	note := func(file string) {
		text, err := os.ReadFile(file)
		if err != nil {
			return
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is no number
		if err == nil && n > 0 && n < 1<<60 && (least == 0 || n < least) {
			least = n
		}
	}
	note(filepath.Join(root, "memory", "memory.limit_in_bytes"))
	groups, _ := os.ReadFile(membership) // without it the root's own limit counts, as in a container
	for line := range strings.Lines(string(groups)) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		for ok && group != "/" && group != "." && group != "" {
			note(filepath.Join(root, group, "memory.max"))
			group = filepath.Dir(group)
		}
	}
	note(filepath.Join(root, "memory.max"))
	return least
}
