package main

import (
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// logTimeFormat is RFC 3339 with milliseconds.
const logTimeFormat = "2006-01-02T15:04:05.000Z07:00"

// newLogger returns a logger on standard error: JSON, or lines on a terminal. Close the
// buffer that it writes through.
func newLogger(p *process, s *settings) (zerolog.Logger, *logBuffer) {
	buffer := newLogBuffer(p.stderr)
	var w io.Writer = buffer
	if s.logFormat == "console" || s.logFormat == "auto" && isTerminal(p.stderr) {
		w = zerolog.ConsoleWriter{Out: buffer, TimeFormat: time.TimeOnly, NoColor: p.env["NO_COLOR"] != "" || !isTerminal(p.stderr)}
		w = zerolog.SyncWriter(w)
	}
	if isTerminal(p.stderr) {
		buffer.writeAtOnce()
	}
	level, err := s.level()
	if err != nil {
		level = zerolog.InfoLevel // the settings have been checked
	}
	clock := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Str(zerolog.TimestampFieldName, p.now().UTC().Format(logTimeFormat))
	})
	logger := zerolog.New(w).Level(level).Hook(clock)
	buffer.onDrop(func(lines uint64) {
		logger.Warn().Uint64("lines", lines).Msg("log lines were dropped: standard error did not take them in time")
	})
	return logger, buffer
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
