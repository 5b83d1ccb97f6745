package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newRoot is the tree of all commands.
func newRoot(p *process) *cobra.Command {
	root := group("signet", "An OAuth 2.0 and OpenID Connect issuer in one binary",
		newServe(p), newDev(p), newUser(p), newRole(p), newClient(p), newKeys(p), newSession(p), newAudit(p), newToken(p), newHealth(p), newMigrate(p), newBackup(p), newRestore(p), newVersion(p))
	root.Example = "  signet dev                                   try it, with a demo user and the lines to paste\n" +
		"  signet serve --issuer https://id.example.com --behind-proxy --trusted-proxies 10.0.0.0/8\n" +
		"  signet user create alice --role admin"
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { writeHelp(p.stdout, c) })
	root.SetFlagErrorFunc(flagError)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	describeCompletion(root)
	return root
}

// group is a command that only holds others. It refuses what it does not know
// instead of showing its help and calling that a success.
func group(use, short string, members ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(members...)
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			writeHelp(c.ErrOrStderr(), c)
			return usage("say which command: %s", strings.Join(memberNames(c), ", "))
		}
		return unknownMember(c, args[0])
	}
	return c
}

func memberNames(c *cobra.Command) []string {
	var names []string
	for _, m := range c.Commands() {
		if m.IsAvailableCommand() {
			names = append(names, m.Name())
		}
	}
	return names
}

func unknownMember(c *cobra.Command, name string) error {
	c.SuggestionsMinimumDistance = 2
	if like := c.SuggestionsFor(name); len(like) > 0 {
		return usage("there is no command %q: did you mean %s %s?", name, c.CommandPath(), like[0])
	}
	return usage("there is no command %q: %s --help lists them", name, c.CommandPath())
}

// flagError words what pflag refuses.
func flagError(c *cobra.Command, err error) error {
	switch e := err.(type) {
	case *pflag.InvalidValueError:
		return usage("--%s: %s", e.GetFlag().Name, wrongValue(e.GetFlag(), e.GetValue()))
	case *pflag.NotExistError:
		switch e.GetSpecifiedName() {
		case "password", "secret", "client-secret", "master-key":
			return usage("a secret is never a flag, others can see it: see %s --help for --…-stdin and --…-file", c.CommandPath())
		}
		if len(e.GetSpecifiedShortnames()) > 1 {
			return usage("%v: an argument that begins with - goes behind --: %s -- …", err, c.CommandPath())
		}
	}
	return usage("%v: see %s --help", err, c.CommandPath())
}

// names demands exactly the named arguments. What was typed is not repeated:
// it may be a secret in the wrong place.
func names(wanted ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(wanted):
			return usage("%s is missing: %s", wanted[len(args)], c.UseLine())
		case len(args) > len(wanted):
			return usage("too many arguments: %s", c.UseLine())
		}
		return nil
	}
}

// action is what a command does once its settings are known.
type action func(ctx context.Context, args []string) error

// does makes act the command's work, after its settings have been taken from
// their sources and checked.
func (p *process) does(c *cobra.Command, s *settings, act action) *cobra.Command {
	c.DisableFlagsInUseLine = true
	c.Flags().SortFlags = false
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := s.resolve(c.Flags(), p.env); err != nil {
			return err
		}
		p.acting = true
		return act(c.Context(), args)
	}
	return c
}

func (p *process) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stderr, format+"\n", args...) // remarks may get lost
}
