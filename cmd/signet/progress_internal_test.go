package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// Messages are written on lines of their own, also while the progress line is shown.
func TestProgress(t *testing.T) {
	var screen bytes.Buffer
	p := newProgress(&screen, "importing", 100, true)
	p.set(50)
	p.println("line 3: no user")
	p.set(100)
	p.finish()
	if !strings.Contains(screen.String(), "importing") || !strings.Contains(screen.String(), "\r\x1b[Kline 3: no user\n") || !strings.HasSuffix(screen.String(), "\r\x1b[K") {
		t.Errorf("screen: %q", &screen)
	}
	var plain bytes.Buffer
	p = newProgress(&plain, "importing", -1, false)
	p.set(50)
	p.println("line 3: no user")
	p.finish()
	if plain.String() != "line 3: no user\n" {
		t.Errorf("written: %q", &plain)
	}
}

func TestProgress_DrawsTenTimesASecond(t *testing.T) {
	var screen bytes.Buffer
	now := time.Unix(1_700_000_000, 0)
	p := newProgress(&screen, "importing", 1000, true)
	p.now, p.started = func() time.Time { return now }, now
	for n := range int64(1000) { // one second
		p.set(n)
		now = now.Add(time.Millisecond)
	}
	if got := strings.Count(screen.String(), "importing"); got != 10 {
		t.Errorf("drawn %d times, want 10", got)
	}
}

func TestProgress_Line(t *testing.T) {
	for _, c := range []struct {
		size, offset int64
		elapsed      time.Duration
		want         string
	}{
		{5e6, 2e6, 2 * time.Second, "importing 40 %, 2.0 of 5.0 MB, 3s left"},
		{5e6, 0, 2 * time.Second, "importing 0 %, 0.0 of 5.0 MB"},
		{5e6, 5e6, 2 * time.Second, "importing 100 %, 5.0 of 5.0 MB"},
		{5e6, 2e6, time.Millisecond, "importing 40 %, 2.0 of 5.0 MB"},
		{-1, 2e6, time.Second, "importing 2.0 MB"},
		{0, 0, time.Second, "importing 0.0 MB"},
	} {
		p := &progress{what: "importing", size: c.size}
		if got := p.line(c.offset, c.elapsed); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
