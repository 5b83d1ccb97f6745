package main

import (
	"bytes"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Bounds of the buffered log.
const (
	logInterval   = 200 * time.Millisecond // a line waits at most this long to be written
	logPatience   = 250 * time.Millisecond // a request waits at most this long for the stream
	logCloseLimit = 5 * time.Second        // the end of the process waits at most this long
	logFlushSize  = 32 << 10               // bytes that are written without waiting for logInterval
	logMaxPending = 1 << 20                // bytes that may wait; more lines are dropped and counted
	logChunk      = 4096                   // PIPE_BUF of Linux: other writers to one pipe do not cut a write of this size
)

// logBuffer passes whole lines on to a stream, many with one write and in their order, from
// a goroutine of its own. Warnings, errors and, after writeAtOnce, all lines are waited for,
// for at most logPatience; other lines leave within logInterval. If the stream takes nothing,
// up to logMaxPending bytes wait, and further lines are dropped, counted and reported when it
// goes on. It is safe for concurrent use.
type logBuffer struct {
	out  io.Writer
	now  chan struct{} // asks for a write; its capacity is 1
	done chan struct{} // closed when the goroutine has ended
	tick *time.Timer

	writing sync.Mutex // held while lines are written, so that they stay in order

	mu       sync.Mutex
	pending  []byte
	spare    []byte // an empty buffer to be used again, nil while its lines are being written
	appended uint64 // bytes, of all lines ever accepted
	written  uint64 // bytes, of those that were written or failed
	progress chan struct{}
	stalled  bool // the stream did not take a line within logPatience: nobody waits for it until it does
	atOnce   bool
	closed   bool
	dropped  uint64 // lines, of all time
	reported uint64 // lines dropped that report was told of
	report   func(lines uint64)
}

var _ zerolog.LevelWriter = (*logBuffer)(nil)

// newLogBuffer starts a buffer in front of the stream. Close it.
func newLogBuffer(out io.Writer) *logBuffer {
	l := &logBuffer{
		out: out, now: make(chan struct{}, 1), done: make(chan struct{}),
		progress: make(chan struct{}), report: func(uint64) {},
	}
	l.tick = time.AfterFunc(time.Hour, l.askForWrite)
	go l.run()
	return l
}

// onDrop sets what is told, in a goroutine of its own, how many lines were dropped.
func (l *logBuffer) onDrop(report func(lines uint64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report = report
}

// Write implements [io.Writer] for one line, which is waited for as an error is.
func (l *logBuffer) Write(line []byte) (int, error) { return l.WriteLevel(zerolog.ErrorLevel, line) }

// WriteLevel implements [zerolog.LevelWriter] for one line. It never fails: there is nowhere
// to say so.
func (l *logBuffer) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	l.mu.Lock()
	if l.full(line) {
		l.waitFor(l.appended) // until all is written or the stream has stalled
	}
	if l.full(line) {
		l.dropped++
		l.mu.Unlock()
		return len(line), nil
	}
	if len(l.pending) == 0 {
		l.tick.Reset(logInterval)
	}
	if l.pending == nil {
		l.pending, l.spare = l.spare, nil
	}
	l.pending = append(l.pending, line...)
	l.appended += uint64(len(line))
	urgent := l.atOnce || level >= zerolog.WarnLevel
	if urgent || len(l.pending) >= logFlushSize {
		l.askForWrite()
	}
	if urgent {
		l.waitFor(l.appended)
	}
	closed := l.closed
	l.mu.Unlock()
	if closed {
		l.writeLate()
	}
	return len(line), nil
}

// writeLate writes lines that came after close, unless the stream is still stalled.
func (l *logBuffer) writeLate() {
	select {
	case <-l.done:
		l.writePending()
	case <-time.After(logPatience):
	}
}

func (l *logBuffer) full(line []byte) bool { return len(l.pending)+len(line) > logMaxPending }

// waitFor waits until that many bytes have been written, for at most logPatience, and not at
// all on a stream that has stalled. The caller holds mu, which is free meanwhile.
func (l *logBuffer) waitFor(position uint64) {
	if l.stalled || l.closed || l.written >= position {
		return
	}
	timeout := time.NewTimer(logPatience)
	defer timeout.Stop()
	l.askForWrite()
	for !l.stalled && !l.closed && l.written < position {
		progress := l.progress
		l.mu.Unlock()
		select {
		case <-progress:
			l.mu.Lock()
		case <-timeout.C:
			l.mu.Lock()
			l.stalled = l.written < position
			return
		}
	}
}

// askForWrite asks for a write without waiting for it.
func (l *logBuffer) askForWrite() {
	select {
	case l.now <- struct{}{}:
	default: // somebody has asked already
	}
}

// run writes whenever it is asked to, until the buffer is closed.
func (l *logBuffer) run() {
	defer close(l.done)
	for range l.now {
		l.writePending()
		l.mu.Lock()
		closed := l.closed
		l.mu.Unlock()
		if closed {
			l.writePending() // what came meanwhile
			return
		}
	}
}

// writePending writes the lines that wait, and tells of dropped ones.
func (l *logBuffer) writePending() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	lines := l.pending
	l.pending = nil
	l.mu.Unlock()
	for rest := lines; len(rest) > 0; {
		var chunk []byte
		chunk, rest = cutLines(rest)
		_, err := l.out.Write(chunk)
		l.advance(chunk, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if cap(lines) <= 2*logFlushSize {
		l.spare = lines[:0]
	}
	if n := l.dropped - l.reported; n > 0 && !l.stalled {
		l.reported = l.dropped
		go l.report(n)
	}
}

// advance records that the stream has taken a chunk, or has failed on it.
func (l *logBuffer) advance(chunk []byte, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written += uint64(len(chunk))
	l.stalled = err != nil // on a closed stream nobody needs to wait
	if err != nil {
		l.dropped += uint64(bytes.Count(chunk, []byte("\n")))
	}
	close(l.progress)
	l.progress = make(chan struct{})
}

// cutLines returns as many whole lines as fit into a chunk, at least one, and the rest.
func cutLines(lines []byte) (chunk, rest []byte) {
	if len(lines) <= logChunk {
		return lines, nil
	}
	end := bytes.LastIndexByte(lines[:logChunk], '\n') + 1
	if end == 0 { // one long line
		end = bytes.IndexByte(lines, '\n') + 1
	}
	if end == 0 {
		end = len(lines)
	}
	return lines[:end], lines[end:]
}

// flush waits until everything so far is written, as a request waits.
func (l *logBuffer) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waitFor(l.appended)
}

// writeAtOnce makes every line from now on be waited for, and writes what waits.
func (l *logBuffer) writeAtOnce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.atOnce = true
	l.waitFor(l.appended)
}

// droppedLines returns how many lines were dropped so far.
func (l *logBuffer) droppedLines() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// close writes what waits, for at most logCloseLimit. Lines after it are written by who
// logs them.
func (l *logBuffer) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.askForWrite()
	select {
	case <-l.done:
	case <-time.After(logCloseLimit):
	}
	l.tick.Stop()
}
