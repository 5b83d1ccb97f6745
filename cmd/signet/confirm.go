package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// confirmation is the flag --yes of commands that cannot be undone.
type confirmation struct{ yes bool }

func (c *confirmation) add(f *pflag.FlagSet) {
	f.BoolVarP(&c.yes, "yes", "y", false, "do not ask")
}

// ask asks for confirmation at the terminal. Without a terminal, --yes is
// required.
func (c *confirmation) ask(p *process, question string) error {
	if c.yes {
		return nil
	}
	terminal, ok := terminalOf(p.stdin)
	if !ok {
		return usageErrorf("no terminal to ask %q: give --yes if it is meant", question)
	}
	_, _ = fmt.Fprint(p.stderr, question+" [y/N] ")
	answer, _ := bufio.NewReader(terminal).ReadString('\n') // the end of the input is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not confirmed, nothing was done")
}
