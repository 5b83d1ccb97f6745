package e2e_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// waitTimeout bounds every wait. A wait ends with the event it waits for; only a
// failure takes this long.
const waitTimeout = time.Minute

// long leaves the test out of the short run: it takes several processes, foreign
// programs, or seconds of waiting.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short")
	}
}

// eventually polls until done says so, and fails the test when it never does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	eventuallyWithin(t, waitTimeout, what, done)
}

func eventuallyWithin(t *testing.T, timeout time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("still waiting after %s: %s", timeout, what)
		}
	}
}

// child is a process of the binary under test.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// launch starts cmd. Whoever calls it sees to its end.
func launch(t *testing.T, cmd *exec.Cmd, stdout, stderr io.Writer) *child {
	t.Helper()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the exit code is read from ProcessState
		close(c.done)
	}()
	return c
}

// signal sends sig to the process, by its id.
func (c *child) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil && !c.ended() {
		t.Errorf("signal process %d: %v", c.cmd.Process.Pid, err)
	}
}

// end sends sig and waits until the process is gone. It returns its exit code.
func (c *child) end(t *testing.T, sig os.Signal) int {
	t.Helper()
	c.signal(t, sig)
	return c.wait(t)
}

func (c *child) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(waitTimeout):
		t.Errorf("process %d does not end", c.cmd.Process.Pid)
		_ = c.cmd.Process.Kill()
		<-c.done
	}
	return c.cmd.ProcessState.ExitCode()
}

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// logBuffer collects what the processes on one store print.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
