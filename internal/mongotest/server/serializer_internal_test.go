package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// overlap is a backend that remembers how many commands it held at once.
type overlap struct {
	now, most atomic.Int64
	gate      chan struct{} // each answer takes one
}

func (o *overlap) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go o.answer(c)
	}
}

func (o *overlap) answer(c net.Conn) {
	defer func() { _ = c.Close() }()
	for {
		m, err := readMessage(c, nil)
		if err != nil {
			return
		}
		if n := o.now.Add(1); n > o.most.Load() {
			o.most.Store(n)
		}
		<-o.gate
		o.now.Add(-1)
		if _, err := c.Write(m); err != nil {
			return
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// send carries the command through the proxy, over a connection of its own.
func send(t *testing.T, addr string, m []byte) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write(m); err != nil {
		t.Error(err)
		return
	}
	if got, err := readMessage(c, nil); err != nil || !bytes.Equal(got, m) {
		t.Errorf("answer %q, %v", got, err)
	}
}

// race sends the command 16 times at once and returns how many met in the backend.
func race(t *testing.T, name string) int64 {
	t.Helper()
	backend, front := listen(t), listen(t)
	o := &overlap{gate: make(chan struct{})}
	go o.serve(backend)
	go newSerializer(backend.Addr().String(), role{}, &accounts{}).serve(front)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { send(t, front.Addr().String(), message(0, name)) })
	}
	for range 16 {
		time.Sleep(time.Millisecond) // lets others arrive, if the proxy lets them
		o.gate <- struct{}{}
	}
	all.Wait()
	return o.most.Load()
}

func TestWritingCommandsGoOneByOne(t *testing.T) {
	if most := race(t, "findAndModify"); most != 1 {
		t.Errorf("%d writing commands were in the backend at once", most)
	}
}

func TestReadingCommandsOverlap(t *testing.T) {
	if most := race(t, "find"); most < 2 {
		t.Error("reading commands were held back too")
	}
}

// A cursor is drained though a writing command waits for it: the backend
// answers the writer only after the getMore.
func TestOpenCursorIsDrainedBesideAWriter(t *testing.T) {
	backend, front := listen(t), listen(t)
	drained := make(chan struct{})
	go func() {
		for {
			c, err := backend.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				m, err := readMessage(c, nil)
				if err != nil {
					return
				}
				if command(m) == "getMore" {
					close(drained)
				}
				<-drained
				_, _ = c.Write(m)
			}()
		}
	}()
	go newSerializer(backend.Addr().String(), role{}, &accounts{}).serve(front)
	var all sync.WaitGroup
	all.Go(func() { send(t, front.Addr().String(), message(0, "insert")) })
	time.Sleep(10 * time.Millisecond) // lets the writer take the lock first
	all.Go(func() { send(t, front.Addr().String(), message(0, "getMore")) })
	all.Wait()
}

func TestRunEndsWithItsInput(t *testing.T) {
	in, stop := io.Pipe()
	out, printed := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run([]string{"-dir", t.TempDir()}, in, printed) }()
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil || !strings.HasPrefix(string(line[:n]), "mongodb://127.0.0.1:") {
		t.Fatalf("first line %q, %v", line[:n], err)
	}
	_ = stop.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("run: %v", err)
		}
	case <-ctx.Done():
		t.Error("still running though its input ended")
	}
}

func TestRunRefusesAnAddressInUse(t *testing.T) {
	taken := listen(t)
	in, _ := io.Pipe()
	if err := run([]string{"-dir", t.TempDir(), "-listen", taken.Addr().String()}, in, io.Discard); err == nil {
		t.Error("no error for an address in use")
	}
}
