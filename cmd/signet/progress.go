package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progressInterval is the least time between two updates of the progress line.
const progressInterval = 100 * time.Millisecond

// progress keeps one line on a terminal that says how far a command has come.
// Elsewhere it writes messages only.
type progress struct {
	mu      sync.Mutex
	w       io.Writer
	now     func() time.Time
	what    string
	size    int64 // in bytes, -1 for unknown
	shown   bool
	started time.Time
	drawn   time.Time
}

// clearLine returns to the beginning of the line and erases it (ECMA-48, EL).
const clearLine = "\r\x1b[K"

// newProgress shows progress through size bytes; -1 stands for not known.
func newProgress(w io.Writer, what string, size int64, shown bool) *progress {
	return &progress{w: w, now: time.Now, what: what, size: size, shown: shown, started: time.Now()}
}

// set says that the command has come to the offset.
func (p *progress) set(offset int64) {
	p.show(func() string { return p.line(offset, p.drawn.Sub(p.started)) })
}

// show draws the line that text returns, unless another one was drawn just before.
func (p *progress) show(text func() string) {
	if !p.shown {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Sub(p.drawn) < progressInterval {
		return
	}
	p.drawn = now
	p.print(clearLine + text())
}

// line is what is shown: "importing 40 %, 2.0 of 5.0 MB, 3s left", or without a size
// "exporting 2.0 MB".
func (p *progress) line(offset int64, elapsed time.Duration) string {
	const mega = 1e6
	if p.size <= 0 {
		return fmt.Sprintf("%s %.1f MB", p.what, float64(offset)/mega)
	}
	text := fmt.Sprintf("%s %d %%, %.1f of %.1f MB", p.what, 100*offset/p.size, float64(offset)/mega, float64(p.size)/mega)
	if offset > 0 && offset < p.size && elapsed >= time.Second {
		left := time.Duration(float64(elapsed) * float64(p.size-offset) / float64(offset))
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}

// println writes a message on a line of its own.
func (p *progress) println(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		p.print(clearLine)
		p.drawn = time.Time{} // draw again at once
	}
	p.print(message + "\n")
}

// finish removes the progress line.
func (p *progress) finish() {
	if !p.shown {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(clearLine)
}

func (p *progress) print(text string) { _, _ = io.WriteString(p.w, text) } // the summary counts all the same
