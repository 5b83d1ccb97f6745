package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
)

// gatedStream is a stream that takes nothing until it is opened, and records each write.
type gatedStream struct {
	open   chan struct{}
	mu     sync.Mutex
	writes []string
}

func newGatedStream() *gatedStream { return &gatedStream{open: make(chan struct{})} }

func (g *gatedStream) Write(p []byte) (int, error) {
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	g.writes = append(g.writes, string(p))
	return len(p), nil
}

func (g *gatedStream) text() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.writes, "")
}

func TestLogBuffer_KeepsLinesWholeAndInOrder(t *testing.T) {
	stream := newGatedStream()
	close(stream.open)
	l := newLogBuffer(stream)
	const writers, lines = 8, 500
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range lines {
				line := fmt.Sprintf("%d %d %s\n", w, n, strings.Repeat("x", n))
				if n == lines/2 { // longer than one write may be
					line = fmt.Sprintf("%d %d %s\n", w, n, strings.Repeat("x", 2*logChunk))
				}
				if _, err := l.WriteLevel(zerolog.InfoLevel, []byte(line)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	l.close()
	for _, write := range stream.writes {
		if !strings.HasSuffix(write, "\n") || len(write) > logChunk && strings.Count(write, "\n") > 1 {
			t.Fatalf("a write of %d bytes cuts a line or is too long", len(write))
		}
	}
	next := [writers]int{}
	for line := range strings.Lines(stream.text()) {
		var w, n int
		var rest string
		_, _ = fmt.Sscan(line, &w, &n, &rest) // the rest of line 0 is empty
		if n != next[w] {
			t.Fatalf("line %d of writer %d comes where %d should", n, w, next[w])
		}
		next[w]++
	}
	for w, n := range next {
		if n != lines {
			t.Errorf("writer %d: %d lines of %d were written", w, n, lines)
		}
	}
	if l.droppedLines() != 0 {
		t.Errorf("%d lines dropped", l.droppedLines())
	}
}

// A warning has been written when the call returns, and so has what came before it.
func TestLogBuffer_WarningIsWaitedFor(t *testing.T) {
	stream := newGatedStream()
	close(stream.open)
	l := newLogBuffer(stream)
	defer l.close()
	for n, level := range []zerolog.Level{zerolog.WarnLevel, zerolog.ErrorLevel} {
		_, _ = l.WriteLevel(zerolog.InfoLevel, []byte("before\n"))
		_, _ = l.WriteLevel(level, []byte("after\n"))
		if got, want := stream.text(), strings.Repeat("before\nafter\n", n+1); got != want {
			t.Errorf("level %s: written is %q, want %q", level, got, want)
		}
	}
	_, _ = l.WriteLevel(zerolog.InfoLevel, []byte("last\n"))
	l.writeAtOnce()
	_, _ = l.WriteLevel(zerolog.InfoLevel, []byte("very last\n"))
	if !strings.HasSuffix(stream.text(), "last\nvery last\n") {
		t.Error("a line is not written at once after writeAtOnce")
	}
}

// A stream that takes nothing stops nobody. Each line is written later or counted, and the
// count is reported.
func TestLogBuffer_BlockedStreamDropsAndCounts(t *testing.T) {
	stream := newGatedStream()
	l := newLogBuffer(stream)
	reported := make(chan uint64, 1)
	l.onDrop(func(lines uint64) { reported <- lines })
	line := bytes.Repeat([]byte("x"), 1024)
	line[len(line)-1] = '\n'
	const sent = 3 * logMaxPending / 1024
	for range sent {
		_, _ = l.WriteLevel(zerolog.InfoLevel, line)
	}
	dropped := l.droppedLines()
	if dropped == 0 || dropped >= sent {
		t.Fatalf("%d of %d lines dropped", dropped, sent)
	}
	close(stream.open)
	if n := <-reported; n != dropped {
		t.Errorf("%d lines reported, %d dropped", n, dropped)
	}
	_, _ = l.WriteLevel(zerolog.InfoLevel, []byte("goes on\n"))
	l.close()
	if written := strings.Count(stream.text(), "x\n"); uint64(written)+dropped != sent {
		t.Errorf("%d lines written and %d dropped, of %d", written, dropped, sent)
	}
	if !strings.HasSuffix(stream.text(), "goes on\n") {
		t.Error("the log does not go on")
	}
}

func TestLogBuffer_LineAfterCloseIsWritten(t *testing.T) {
	stream := newGatedStream()
	close(stream.open)
	l := newLogBuffer(stream)
	_, _ = l.WriteLevel(zerolog.InfoLevel, []byte("before\n"))
	l.close()
	_, _ = l.WriteLevel(zerolog.InfoLevel, []byte("after\n"))
	if got := stream.text(); got != "before\nafter\n" {
		t.Errorf("written is %q", got)
	}
}
