package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() {
	withoutCoreDumps()
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitFine   = 0
	exitFailed = 1 // it was understood and did not succeed
	exitUsage  = 2 // it was typed or configured wrongly, and nothing was done
)

// process is the world outside as a command may touch it.
type process struct {
	env    map[string]string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	random io.Reader

	acting bool // the command line was understood and the command runs
}

// run is the whole program and returns its exit status.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &process{env: environment(env), stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, random: rand.Reader}
	root := newRoot(p)
	root.SetArgs(append([]string{}, args...)) // never nil, which would stand for os.Args
	return p.conclude(root.ExecuteContext(ctx))
}

// conclude reports err in one line and decides the exit status.
func (p *process) conclude(err error) int {
	if err == nil {
		return exitFine
	}
	var wrong *usageError
	var faults settingFaults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			p.complain(f.Error())
		}
		return exitUsage
	case errors.As(err, &wrong), !p.acting:
		p.complain(err.Error())
		return exitUsage
	}
	p.complain(explain(err))
	return exitFailed
}

// complain writes one line to standard error, whatever the text holds.
func (p *process) complain(text string) {
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
