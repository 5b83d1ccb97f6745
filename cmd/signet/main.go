package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

func main() {
	withoutCoreDumps()
	runtime.MemProfileRate = 0 // samples cost memory and time; --pprof turns them on
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1 // the command failed
	exitUsage   = 2 // wrong arguments or settings; nothing was done
)

// process is the environment of a command: streams, variables, clock, randomness.
type process struct {
	env    map[string]string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	random io.Reader
	every  intervals

	started bool                        // arguments and settings are valid and the command runs
	work    func(context.Context) error // the command that was named; nil if it is done already, as help is
}

// run is the whole program and returns its exit status.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &process{env: environment(env), stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, random: rand.Reader, every: defaultIntervals}
	return p.exitCode(p.execute(ctx, args))
}

// exitCode prints err in one line and returns the exit status.
func (p *process) exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var usageErr *usageError
	var errs settingErrors
	switch {
	case errors.As(err, &errs):
		for _, f := range errs {
			p.printError(f.Error())
		}
		return exitUsage
	case errors.As(err, &usageErr), !p.started:
		p.printError(err.Error())
		return exitUsage
	}
	p.printError(explain(err))
	return exitFailure
}

// printError writes one line to standard error, with control characters removed.
func (p *process) printError(text string) {
	text = strings.ReplaceAll(text, "\n", "; ") // between errors that are joined
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' }), " ")
	_, _ = fmt.Fprintln(p.stderr, "signet: "+line) // nowhere else to say it
}

// environment indexes NAME=value pairs; of a repeated name the last one counts.
func environment(pairs []string) map[string]string {
	env := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	return env
}
