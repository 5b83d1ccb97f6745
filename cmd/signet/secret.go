package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"example.org/signet/issuer"
)

// maxSecret bounds what is read as one secret, in bytes.
const maxSecret = 64 << 10

// secretSource is where a command takes one secret from. Never from a flag or
// the environment of the command: both are seen by others.
type secretSource struct {
	what  string // password, secret
	stdin bool
	file  string
}

func (s *secretSource) add(f *pflag.FlagSet, what string) {
	s.what = what
	f.BoolVar(&s.stdin, what+"-stdin", false, "read the "+what+" from standard input")
	f.StringVar(&s.file, what+"-file", "", "read the "+what+" from `FILE`")
}

// given tells whether a source is named.
func (s *secretSource) given() bool { return s.stdin || s.file != "" }

// read takes the secret from the source that is named.
func (s *secretSource) read(p *process) (issuer.Secret, error) {
	if s.stdin && s.file != "" {
		return "", usage("--%s-stdin and --%s-file: give one of the two", s.what, s.what)
	}
	if s.file != "" {
		text, err := readBounded(s.file, maxSecret)
		if err != nil {
			return "", fmt.Errorf("--%s-file: %w", s.what, err)
		}
		return s.one(string(text))
	}
	text, err := io.ReadAll(io.LimitReader(p.stdin, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("--%s-stdin: %w", s.what, err)
	}
	return s.one(string(text))
}

// one takes off the line's end that editors and echo add.
func (s *secretSource) one(text string) (issuer.Secret, error) {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	switch {
	case text == "":
		return "", fmt.Errorf("the %s is empty", s.what)
	case len(text) > maxSecret:
		return "", fmt.Errorf("the %s is too long", s.what)
	case strings.ContainsAny(text, "\r\n"):
		return "", fmt.Errorf("the %s has more than one line", s.what)
	}
	return issuer.Secret(text), nil
}

// readOrAsk takes the secret from the source that is named, else from the
// person at the terminal, twice.
func (s *secretSource) readOrAsk(p *process) (issuer.Secret, error) {
	if s.given() {
		return s.read(p)
	}
	terminal, ok := p.terminal()
	if !ok {
		return "", usage("no terminal to ask for the %s: give --%s-stdin or --%s-file", s.what, s.what, s.what)
	}
	first, err := p.ask(terminal, "New "+s.what+": ")
	if err != nil {
		return "", err
	}
	again, err := p.ask(terminal, "Again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two are not the same, nothing was done")
	}
	return s.one(first)
}

// terminal is standard input, if a person sits there.
func (p *process) terminal() (*os.File, bool) {
	f, ok := p.stdin.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// ask reads a line without showing it.
func (p *process) ask(terminal *os.File, prompt string) (string, error) {
	_, _ = fmt.Fprint(p.stderr, prompt) // whoever cannot see it can still type
	text, err := term.ReadPassword(int(terminal.Fd()))
	_, _ = fmt.Fprintln(p.stderr)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return string(text), nil
}
