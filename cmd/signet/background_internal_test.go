package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// Of a row of failures the first is logged, and then that it is over.
func TestRepeatLogsChangesOnly(t *testing.T) {
	var log bytes.Buffer
	v := &server{process: &process{}, log: zerolog.New(&log)}
	ctx, cancel := context.WithCancel(t.Context())
	outcomes := []error{nil, errors.New("first"), errors.New("second"), errors.New("third"), nil, nil, errors.New("fourth")}
	v.repeat(ctx, time.Microsecond, "count", func(context.Context) error {
		next := outcomes[0]
		if outcomes = outcomes[1:]; len(outcomes) == 0 {
			cancel()
		}
		return next
	})
	if len(outcomes) > 0 {
		t.Fatalf("%d were not asked for", len(outcomes))
	}
	got := log.String()
	if strings.Count(got, "\n") != 2 || !strings.Contains(got, `"error":"first","message":"could not count, will try again"`) || !strings.Contains(got, `"message":"could count again"`) {
		t.Errorf("logged: %s", got)
	}
}

// A signal that comes before the server is ready is no failure; anything else is.
func TestServe_SignalBeforeReadyIsNoError(t *testing.T) {
	v := &server{log: zerolog.Nop()}
	openErr := fmt.Errorf("open the store: %w", context.Canceled)
	for _, c := range []struct {
		name  string
		cause error
		err   error
		want  bool
	}{
		{"terminated while opening", errTerminated, openErr, true},
		{"interrupted while opening", errInterrupted, openErr, true},
		{"another fault at the same time", errTerminated, errors.New("disk full"), false},
		{"cancelled by the caller", nil, openErr, false},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(c.cause)
		if got := v.ignoreSignal(ctx, c.err) == nil; got != c.want {
			t.Errorf("%s: taken for fine: %v", c.name, got)
		}
	}
	if err := v.ignoreSignal(t.Context(), nil); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
}
