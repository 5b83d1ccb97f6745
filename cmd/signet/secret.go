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

// secretInput says where a command reads one secret from. Other users can see flags and the
// environment, so neither holds a secret.
type secretInput struct {
	what  string // password, secret
	stdin bool
	file  string
}

func (s *secretInput) add(f *pflag.FlagSet, what string) {
	s.what = what
	f.BoolVar(&s.stdin, what+"-stdin", false, "read the "+what+" from standard input")
	f.StringVar(&s.file, what+"-file", "", "read the "+what+" from `FILE`")
}

// isSet tells whether one of the flags was given.
func (s *secretInput) isSet() bool { return s.stdin || s.file != "" }

// read reads the secret from standard input or the file.
func (s *secretInput) read(p *process) (issuer.Secret, error) {
	if s.stdin && s.file != "" {
		return "", usageErrorf("--%s-stdin and --%s-file: give one of the two", s.what, s.what)
	}
	if s.file != "" {
		text, err := readBounded(s.file, maxSecret)
		if err != nil {
			return "", fmt.Errorf("--%s-file: %w", s.what, err)
		}
		return s.parse(string(text))
	}
	text, err := readBoundedFrom(p.stdin, "standard input", maxSecret)
	if err != nil {
		return "", fmt.Errorf("--%s-stdin: %w", s.what, err)
	}
	return s.parse(string(text))
}

// parse removes the line end that editors and echo add.
func (s *secretInput) parse(text string) (issuer.Secret, error) {
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

// readOrPrompt reads the secret as the flags say, or else prompts for it twice at
// the terminal.
func (s *secretInput) readOrPrompt(p *process) (issuer.Secret, error) {
	if s.isSet() {
		return s.read(p)
	}
	terminal, ok := terminalOf(p.stdin)
	if !ok {
		return "", usageErrorf("no terminal to ask for the %s: give --%s-stdin or --%s-file", s.what, s.what, s.what)
	}
	first, err := readHidden(terminal, p.stderr, "New "+s.what+": ")
	if err != nil {
		return "", err
	}
	again, err := readHidden(terminal, p.stderr, "Again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two are not the same, nothing was done")
	}
	return s.parse(first)
}

// terminalOf returns the reader if it is a terminal.
func terminalOf(r io.Reader) (*os.File, bool) {
	f, ok := r.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// readHidden prints the prompt to w and reads a line without echo.
func readHidden(terminal *os.File, w io.Writer, prompt string) (string, error) {
	_, _ = fmt.Fprint(w, prompt) // whoever cannot see it can still type
	text, err := term.ReadPassword(int(terminal.Fd()))
	_, _ = fmt.Fprintln(w)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return string(text), nil
}
