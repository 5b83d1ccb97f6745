package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// consent guards what cannot be undone.
type consent struct{ yes bool }

func (c *consent) add(f *pflag.FlagSet) {
	f.BoolVarP(&c.yes, "yes", "y", false, "do not ask")
}

// ask has the person at the terminal agree. Where nobody can be asked --yes
// must have been given.
func (c *consent) ask(p *process, question string) error {
	if c.yes {
		return nil
	}
	terminal, ok := p.terminal()
	if !ok {
		return usage("no terminal to ask %q: give --yes if it is meant", question)
	}
	_, _ = fmt.Fprint(p.stderr, question+" [y/N] ")
	answer, _ := bufio.NewReader(terminal).ReadString('\n') // the end of the input is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not confirmed, nothing was done")
}
