package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// The environment of a process that plays another user of a database.
const (
	childPart = "SIGNET_SQLITE_TEST_PART"
	childPath = "SIGNET_SQLITE_TEST_PATH"
)

const counts = 100

var start = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// childTasks are what the other process can do: it prints what was answered to it.
var childTasks = map[string]func(path string) error{"count": taskCount, "create": taskCreate}

func runTask(part, path string) error { return childTasks[part](path) }

func taskCount(path string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	return count(ctx, s, func(n int64) { fmt.Println(n) })
}

// taskCreate goes on until it is killed.
func taskCreate(path string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("session-%d-%06d", w, n)
				if s.CreateSession(ctx, storage.Session{ID: id, ExpiresAt: start}) != nil {
					return
				}
				fmt.Println(id)
			}
		})
	}
	wg.Wait()
	return nil
}

func count(ctx context.Context, s storage.RateCounters, told func(int64)) error {
	for range counts {
		got, err := s.ReserveCounters(ctx, start, 0, storage.CounterClaim{Key: "ann", Limit: math.MaxInt64, Window: time.Hour})
		if err != nil {
			return err
		}
		told(got.Taken[0].Count)
	}
	return nil
}

func child(t testing.TB, part, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childPart+"="+part, childPath+"="+path)
	return cmd
}

// Two processes (a server and a command, say) share one file: each value of one
// counter is given out once. Both find the place empty.
func TestTwoProcesses(t *testing.T) {
	path := newPath(t)
	outputs := make([]string, 2)
	var wg sync.WaitGroup
	for i := range outputs {
		cmd := child(t, "count", path)
		wg.Go(func() {
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("the other process: %v", err)
			}
			outputs[i] = string(out)
		})
	}
	seen := make(map[string]int)
	if err := count(t.Context(), open(t, path), func(n int64) { seen[fmt.Sprint(n)]++ }); err != nil {
		t.Errorf("ReserveCounters: %v", err)
	}
	wg.Wait()
	for _, line := range strings.Fields(strings.Join(outputs, "\n")) {
		seen[line]++
	}
	for n := 1; n <= 3*counts; n++ {
		if seen[fmt.Sprint(n)] != 1 {
			t.Errorf("value %d was given out %d times, want once", n, seen[fmt.Sprint(n)])
		}
	}
}

// What was answered is there after the process was killed, whatever it was doing.
func TestKilledProcess(t *testing.T) {
	path := newPath(t)
	for range 3 {
		cmd := child(t, "create", path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var answered []string
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			answered = append(answered, lines.Text())
			if len(answered) == 50 {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait()
		if len(answered) < 50 {
			t.Fatalf("the other process answered %d times", len(answered))
		}
		s := open(t, path)
		for _, id := range answered {
			if _, err := s.Session(t.Context(), id); err != nil {
				t.Errorf("session %s was answered and is gone: %v", id, err)
			}
		}
		for swept := int64(-1); swept != 0; {
			if swept, err = s.SweepSessions(t.Context(), start.Add(time.Hour), 1000); err != nil {
				t.Fatalf("SweepSessions: %v", err)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}
