package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// requestUnknown sends n requests, several at a time, for paths that do not exist, each with
// an address of its own as a proxy would name it.
func requestUnknown(t *testing.T, url string, n int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	work := make(chan int)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for id := range work {
				if err := requestOne(client, url, id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for id := range n {
		work <- id
	}
	close(work)
	all.Wait()
}

func requestOne(client *http.Client, url string, id int) error {
	r, err := http.NewRequest(http.MethodGet, url+"/nowhere", nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-Request-Id", fmt.Sprintf("test-%d", id))
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusNotFound {
		return fmt.Errorf("got %s", res.Status)
	}
	return nil
}

// noticePrefix begins the lines for people that stand beside the log.
const noticePrefix = "signet: "

// checkLogged checks that every line of the log is whole, and that each of the n requests is
// in it once.
func checkLogged(t *testing.T, log string, n int) {
	t.Helper()
	seen := map[string]int{}
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, noticePrefix) {
			continue
		}
		var event struct {
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("not a whole line: %q: %v", line, err)
		}
		seen[event.RequestID]++
	}
	for id := range n {
		if got := seen[fmt.Sprintf("test-%d", id)]; got != 1 {
			t.Fatalf("request %d is logged %d times", id, got)
		}
	}
}

func skipWithoutSignals(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
}

// Every answered request is in the log of a process that was told to end, by whichever
// signal.
func TestLog_IsCompleteAfterSignal(t *testing.T) {
	skipWithoutSignals(t)
	const requests = 300
	for _, c := range []struct {
		name    string
		delay   string
		signals []os.Signal
	}{
		{"SIGTERM", "0s", []os.Signal{syscall.SIGTERM}},
		{"SIGINT", "0s", []os.Signal{syscall.SIGINT}},
		{"a second SIGTERM while it drains", "1m", []os.Signal{syscall.SIGTERM, syscall.SIGTERM}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, t.TempDir(), "serve", "--issuer", "http://127.0.0.1:0", "--trusted-proxies", "127.0.0.0/8", "--drain-delay", c.delay)
			requestUnknown(t, s.url, requests)
			for _, signal := range c.signals {
				if err := s.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				if len(c.signals) > 1 {
					eventually(t, "the server drains", func() bool { return strings.Contains(s.log.String(), "draining") })
				}
			}
			_ = s.cmd.Wait() // the second signal is no success
			checkLogged(t, s.log.String(), requests)
		})
	}
}

// A line is in the log without a signal too, and an error at once.
func TestLog_IsWrittenWhileTheServerRuns(t *testing.T) {
	s := startServer(t, t.TempDir(), "serve", "--issuer", "http://127.0.0.1:0", "--trusted-proxies", "127.0.0.0/8")
	requestUnknown(t, s.url, 1)
	eventually(t, "the request is logged", func() bool { return strings.Contains(s.log.String(), "test-0") })
}

// A server whose log nobody reads, or that nobody can read any more, goes on answering.
func TestLog_UnreadOrClosedStreamStopsNoRequest(t *testing.T) {
	skipWithoutSignals(t)
	const requests = 600 // several times what a pipe holds
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprintf("closed %v", closed), func(t *testing.T) {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			dir := t.TempDir()
			addr := filepath.Join(dir, "addr")
			cmd := exec.Command("signet", "serve", "--issuer", "http://127.0.0.1:0", "--listen", "127.0.0.1:0", "--admin-listen", "", "--metrics-listen", "",
				"--addr-file", addr, "--trusted-proxies", "127.0.0.0/8", "--drain-delay", "0s")
			cmd.Dir, cmd.Stderr = dir, writer
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // ended already is fine
			_ = writer.Close()
			url, err := awaitFile(addr)
			if err != nil {
				t.Fatal(err)
			}
			if closed {
				_ = reader.Close()
			}
			requestUnknown(t, url, requests)
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			log, _ := io.ReadAll(reader) // fails if it is closed
			if err := cmd.Wait(); err != nil {
				t.Errorf("ended with %v", err)
			}
			if !closed {
				checkLogged(t, string(log), requests)
			}
		})
	}
}

// panicInJob is a program whose background job logs a line and panics.
func panicInJob() {
	logs := newLogBuffer(os.Stderr)
	v := &server{process: &process{every: defaultIntervals}, log: zerolog.New(logs), logs: logs}
	v.job(func() {
		v.log.Info().Msg("before the panic")
		panic("test")
	})
	time.Sleep(time.Hour)
}

// A line that was logged before a job panicked stands above the panic.
func TestLog_IsCompleteAtPanic(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "panics").CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Fatalf("ended with %v, %v", err, ctx.Err())
	}
	first, rest, _ := strings.Cut(string(out), "\n")
	if !strings.Contains(first, "before the panic") || !strings.Contains(rest, "panic: test") {
		t.Errorf("printed: %s", out)
	}
}

// A process that is killed loses the newest lines at most: what is there is whole.
func TestLog_LinesOfKilledProcessAreWhole(t *testing.T) {
	s := startServer(t, t.TempDir(), "serve", "--issuer", "http://127.0.0.1:0", "--trusted-proxies", "127.0.0.0/8")
	requestUnknown(t, s.url, 300)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // it was killed
	lines := bufio.NewScanner(strings.NewReader(s.log.String()))
	for lines.Scan() {
		if !json.Valid(lines.Bytes()) && !strings.HasPrefix(lines.Text(), noticePrefix) {
			t.Fatalf("not a whole line: %q", lines.Text())
		}
	}
}
