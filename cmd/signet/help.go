package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settingFlags are the flags that the environment and the file can set too.
var settingFlags = newSettings().all

// writeHelp says what a command does, by example, and where settings come from.
func writeHelp(w io.Writer, c *cobra.Command) {
	text := c.Long
	if text == "" {
		text = c.Short
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", text, useLine(c))
	if c.Example != "" {
		fmt.Fprintf(w, "\nExample:\n%s\n", c.Example)
	}
	writeSubcommands(w, c)
	groups := splitFlags(c)
	for _, g := range groups {
		if g.flags.HasAvailableFlags() {
			fmt.Fprintf(w, "\n%s:\n%s", g.title, flagUsages(g.flags))
		}
	}
	if groups.anySetting() {
		fmt.Fprint(w, "\nA setting is taken from its flag, else from the environment (--access-token-ttl is\n"+
			"SIGNET_ACCESS_TOKEN_TTL), else from the YAML file of --config (access-token-ttl: 5m).\n")
	}
}

func useLine(c *cobra.Command) string {
	if c.HasAvailableSubCommands() {
		return c.CommandPath() + " COMMAND"
	}
	return c.UseLine() + " [flags]"
}

func writeSubcommands(w io.Writer, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	var rows [][]string
	for _, m := range c.Commands() {
		if m.IsAvailableCommand() {
			rows = append(rows, []string{"  " + m.Name(), m.Short})
		}
	}
	fmt.Fprintln(w)
	writeTable(w, []string{"Commands:"}, rows)
	fmt.Fprintf(w, "\n%s COMMAND --help shows more, with an example.\n", c.CommandPath())
}

// flagGroups are the flags of a command in the order of its help: its own, the settings
// that few commands have, the settings that nearly all have.
type flagGroups [3]flagGroup

type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

func (g flagGroups) anySetting() bool {
	return g[1].flags.HasAvailableFlags() || g[2].flags.HasAvailableFlags()
}

// commonSettings are offered by nearly every command.
var commonSettings = func() *pflag.FlagSet {
	s, f := newSettings(), pflag.NewFlagSet("common", pflag.ContinueOnError)
	s.offer(f, &s.outputSettings, &s.configSettings, &s.storeSettings)
	return f
}()

func splitFlags(c *cobra.Command) flagGroups {
	var groups flagGroups
	for n, title := range []string{"Flags", "Settings", "Common settings"} {
		groups[n] = flagGroup{title, pflag.NewFlagSet(title, pflag.ContinueOnError)}
		groups[n].flags.SortFlags = false
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		_, own := f.Annotations[commandOnly]
		switch {
		case own:
			groups[0].flags.AddFlag(f)
		case commonSettings.Lookup(f.Name) != nil:
			groups[2].flags.AddFlag(f)
		case settingFlags.Lookup(f.Name) != nil:
			groups[1].flags.AddFlag(f)
		default:
			groups[0].flags.AddFlag(f)
		}
	})
	return groups
}

// durationFlag matches the flag of a duration in pflag's list.
var durationFlag = regexp.MustCompile(`(?m)^( +--[a-z0-9-]+) duration `)

// flagUsages lists flags without the reminder that a switch may be spelled out, and with
// every placeholder in capitals.
func flagUsages(f *pflag.FlagSet) string {
	const reminder = "[=true|false]"
	usages := strings.ReplaceAll(f.FlagUsages(), reminder, strings.Repeat(" ", len(reminder)))
	return durationFlag.ReplaceAllString(usages, "$1 DURATION ")
}

// describeCompletion gives cobra's own commands the example that all have.
func describeCompletion(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Short = "Write a script that completes signet's commands in your shell"
			c.Example = "  source <(signet completion bash)"
			for _, shell := range c.Commands() {
				shell.Long = strings.TrimSpace(shell.Long)
				shell.Example = "  signet completion " + shell.Name() + " > signet-completion." + shell.Name()
			}
		case "help":
			c.Short, c.Long = "Show the help of a command", ""
			c.Example = "  signet help user create"
		}
	}
}
