package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Users go out and come in again with their hashes, in memory that does not grow with
// their number.
func TestExportImport_ConstantMemory(t *testing.T) {
	users := 3000
	if os.Getenv("SIGNET_TEST_SLOW") != "" {
		users = 100_000
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "users.jsonl")
	writeManyUsers(t, file, users)
	from, to := "sqlite:"+filepath.Join(dir, "a", "signet.db"), "sqlite:"+filepath.Join(dir, "b", "signet.db")

	// Held at once, 100,000 such users would take more than 100 MiB.
	const bound = 48 << 20
	began := time.Now()
	if grown := heapGrowth(t, "user", "import", file, "--storage", from); grown > bound {
		t.Errorf("the import of %d users took %d bytes of heap", users, grown)
	}
	imported := time.Since(began)
	out := filepath.Join(dir, "out.jsonl")
	if grown := heapGrowth(t, "user", "export", out, "--storage", from); grown > bound {
		t.Errorf("the export of %d users took %d bytes of heap", users, grown)
	}
	t.Logf("%d users: imported in %v, exported in %v", users, imported, time.Since(began)-imported)
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the export: %v, %v", info, err)
	}
	heapGrowth(t, "user", "import", out, "--storage", to)
	again := filepath.Join(dir, "again.jsonl")
	heapGrowth(t, "user", "export", again, "--storage", to)
	wantSameUsers(t, out, again, users)
}

func writeManyUsers(t *testing.T, file string, users int) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for n := range users {
		fmt.Fprintf(w, `{"username":"user%06d","email":"user%06d@example.com","full_name":"%s","phone":"+1 555 %07d","roles":["user","admin"],"created_at":"2021-05-03T10:00:00Z","disabled":%t,"hashed_password":%q}`+"\n",
			n, n, strings.Repeat("Name ", 40), n, n%10 == 0, tutorialHash)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// heapGrowth runs a command in this process and returns by how much the heap in use grew.
func heapGrowth(t *testing.T, args ...string) int64 {
	t.Helper()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := int64(m.HeapAlloc)
	var most atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), int64(m.HeapAlloc)))
			time.Sleep(20 * time.Millisecond)
		}
	})
	var stderr bytes.Buffer
	status := run(t.Context(), args, nil, strings.NewReader(""), io.Discard, &stderr)
	stop()
	watching.Wait()
	if status != exitOK {
		t.Fatalf("%v: status %d: %s", args, status, &stderr)
	}
	return most.Load() - before
}

// wantSameUsers compares the files as sets of lines: ids, and with them the order, are
// assigned again.
func wantSameUsers(t *testing.T, a, b string, users int) {
	t.Helper()
	lines := map[string]int{}
	for file, add := range map[string]int{a: 1, b: -1} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
		if len(all) != users || !strings.Contains(all[0], tutorialHash) {
			t.Fatalf("%s: %d lines, the first is %.200s", file, len(all), all[0])
		}
		for _, line := range all {
			lines[line] += add
		}
	}
	for line, n := range lines {
		if n != 0 {
			t.Fatalf("%+d of %s", n, line)
		}
	}
}
