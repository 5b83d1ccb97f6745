package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

const rotators = 16 // callers of one process

func init() { childTasks["rotate"] = taskRotate }

// taskRotate refreshes sessions of its own until its input ends, and prints how many times and how
// long the slowest of a hundred took.
func taskRotate(path string) error {
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	defer s.Close()
	var stop atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop.Store(true)
	}()
	if err := createRotated(s, "child"); err != nil {
		return err
	}
	fmt.Println("ready")
	took, err := rotateBy16(s, "child", func(int) bool { return !stop.Load() })
	if err != nil {
		return err
	}
	fmt.Println(len(took), percentile(took, 99).Microseconds())
	return nil
}

func createRotated(s *sqlite.Store, name string) error {
	for c := range rotators {
		session := storage.Session{ID: fmt.Sprint(name, c), ClientID: "c", RotatedAt: start, CreatedAt: start, ExpiresAt: start.AddDate(1, 0, 0)}
		if err := s.CreateSession(context.Background(), session); err != nil {
			return err
		}
	}
	return nil
}

// rotateBy16 lets 16 callers refresh a session each while more says so, and returns how long each
// refresh took.
func rotateBy16(s *sqlite.Store, name string, more func(n int) bool) ([]time.Duration, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var count atomic.Int64
	for c := range rotators {
		wg.Go(func() {
			var took []time.Duration
			var err error
			for from := int64(0); err == nil && more(int(count.Add(1))-1); from++ {
				begin := time.Now()
				_, err = s.RotateSession(context.Background(), storage.Rotation{SessionID: fmt.Sprint(name, c), ClientID: "c", From: from, At: start.Add(time.Duration(from) * time.Second)})
				took = append(took, time.Since(begin))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	return all, failed
}

// percentile is that of sorted times.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// BenchmarkTwoProcesses lets two processes refresh at once in one file, 16 callers each: what each
// operation of this one costs, the slowest of a hundred in both, and how often the other had its
// turn for each time that this one had.
func BenchmarkTwoProcesses(b *testing.B) {
	path := newPath(b)
	s := open(b, path)
	if err := createRotated(s, "parent"); err != nil {
		b.Fatal(err)
	}
	cmd := child(b, "rotate", path)
	stdin, inErr := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	if inErr != nil || outErr != nil {
		b.Fatal(inErr, outErr)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan() // it is ready
	b.ResetTimer()
	took, err := rotateBy16(s, "parent", func(n int) bool { return n < b.N })
	b.StopTimer()
	if err != nil {
		b.Fatal(err)
	}
	_ = stdin.Close()
	lines.Scan()
	var count, slowest float64
	if _, err := fmt.Sscan(lines.Text(), &count, &slowest); err != nil {
		b.Fatalf("the other process said %q: %v", lines.Text(), err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(percentile(took, 99).Microseconds()), "p99-µs")
	b.ReportMetric(slowest, "other-p99-µs")
	b.ReportMetric(count/float64(len(took)), "other/own")
}
