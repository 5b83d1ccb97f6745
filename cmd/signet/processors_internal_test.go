package main

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestAddProcessor_RespectsEnvironment(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	for _, c := range []struct {
		env  string
		want int
	}{{"", before + 1}, {"1", before}} {
		var log bytes.Buffer
		v := &server{process: &process{env: map[string]string{"GOMAXPROCS": c.env}}, log: zerolog.New(&log)}
		restore := v.addProcessor()
		got := runtime.GOMAXPROCS(0)
		restore()
		if got != c.want || strings.Contains(log.String(), "GOMAXPROCS") != (c.env == "") {
			t.Errorf("GOMAXPROCS=%q: %d threads, want %d; logged %q", c.env, got, c.want, &log)
		}
		if back := runtime.GOMAXPROCS(0); back != before {
			t.Errorf("GOMAXPROCS=%q: %d threads after it, %d before", c.env, back, before)
		}
	}
}
