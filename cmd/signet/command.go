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
	root := commandGroup("signet", "An OAuth 2.0 and OpenID Connect issuer in one binary",
		newServe(p), newDev(p), newUser(p), newRole(p), newScope(p), newAttribute(p), newClient(p), newConnector(p), newKeys(p), newSession(p), newAudit(p), newToken(p), newLogin(p), newLogout(p), newHealth(p), newMigrate(p), newStorage(p), newBackup(p), newRestore(p), newBench(p), newStatus(p), newSettingsList(p), newVersion(p))
	root.Example = "  signet dev                                   try it, with a demo user and the lines to paste\n" +
		"  signet serve --issuer https://id.example.com --behind-proxy --trusted-proxies 10.0.0.0/8\n" +
		"  signet user create alice --role admin"
	root.SilenceErrors, root.SilenceUsage = true, true
	addVersionFlag(p, root)
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

// commandGroup builds a command that only has subcommands. An unknown
// subcommand is a usage error.
func commandGroup(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(subcommands...)
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			writeHelp(c.ErrOrStderr(), c)
			return usageErrorf("say which command: %s", strings.Join(subcommandNames(c), ", "))
		}
		return unknownCommandError(c, args[0])
	}
	return c
}

func subcommandNames(c *cobra.Command) []string {
	var names []string
	for _, m := range c.Commands() {
		if m.IsAvailableCommand() {
			names = append(names, m.Name())
		}
	}
	return names
}

func unknownCommandError(c *cobra.Command, name string) error {
	c.SuggestionsMinimumDistance = 2
	if similar := c.SuggestionsFor(name); len(similar) > 0 {
		return usageErrorf("there is no command %q: did you mean %s %s?", name, c.CommandPath(), similar[0])
	}
	return usageErrorf("there is no command %q: %s --help lists them", name, c.CommandPath())
}

// flagError converts an error of pflag to a usage error.
func flagError(c *cobra.Command, err error) error {
	switch e := err.(type) {
	case *pflag.InvalidValueError:
		return usageErrorf("--%s: %s", e.GetFlag().Name, wrongValue(e.GetFlag(), e.GetValue()))
	case *pflag.NotExistError:
		switch e.GetSpecifiedName() {
		case "password", "secret", "client-secret", "master-key":
			return usageErrorf("a secret is never a flag, others can see it: see %s --help for --…-stdin and --…-file", c.CommandPath())
		}
		if len(e.GetSpecifiedShortnames()) > 1 {
			return usageErrorf("%v: an argument that begins with - goes behind --: %s -- …", err, c.CommandPath())
		}
		if meant := nearestFlag(e.GetSpecifiedName(), flagNames(c.Flags())); meant != "" {
			return usageErrorf("%v: did you mean --%s?", err, meant)
		}
	}
	return usageErrorf("%v: see %s --help", err, c.CommandPath())
}

// exactArgs requires exactly the named arguments. What was typed is not repeated:
// it may be a secret in the wrong place.
func exactArgs(wantedArgs ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(wantedArgs):
			return usageErrorf("%s is missing: %s", wantedArgs[len(args)], c.UseLine())
		case len(args) > len(wantedArgs):
			return usageErrorf("too many arguments: %s", c.UseLine())
		}
		return nil
	}
}

// runFunc is the work of a command, after its settings have been resolved.
type runFunc func(ctx context.Context, args []string) error

// withSettings sets the command's RunE: it resolves and checks the settings, and has
// execute call run.
func (p *process) withSettings(c *cobra.Command, s *settings, run runFunc) *cobra.Command {
	c.DisableFlagsInUseLine = true
	c.Flags().SortFlags = false
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := s.resolve(c.Flags(), p.env); err != nil {
			return err
		}
		p.started = true
		p.work = func(ctx context.Context) error { return run(ctx, args) }
		return nil
	}
	return c
}

// execute parses the arguments and then runs the command. The tree of all commands with
// their flags, a megabyte, is garbage while the command runs.
func (p *process) execute(ctx context.Context, args []string) error {
	if err := p.parse(ctx, args); err != nil || p.work == nil {
		return err
	}
	return p.work(ctx)
}

func (p *process) parse(ctx context.Context, args []string) error {
	root := newRoot(p)
	root.SetArgs(append([]string{}, args...)) // never nil, which would stand for os.Args
	return root.ExecuteContext(ctx)
}

func (p *process) messagef(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stderr, format+"\n", args...) // remarks may get lost
}
