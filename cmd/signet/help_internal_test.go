package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command has a help that shows an example of itself and, where it has
// settings, says where they come from.
func TestHelp_EveryCommandShowsExample(t *testing.T) {
	p := &process{}
	root := newRoot(p)
	var commands []*cobra.Command
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		commands = append(commands, c)
		for _, m := range c.Commands() {
			walk(m)
		}
	}
	walk(root)
	if len(commands) < 42 {
		t.Fatalf("only %d commands: the walk is broken", len(commands))
	}
	for _, c := range commands {
		path := strings.Fields(c.CommandPath())[1:]
		out, status := runInProcess(append(path, "--help")...)
		if status != exitOK || c.Short == "" {
			t.Errorf("%s --help: status %d, in short %q", c.CommandPath(), status, c.Short)
		}
		if group := c.HasAvailableSubCommands() && c.Name() != "signet" && c.Name() != "completion"; !group {
			if !strings.Contains(out, "\nExample:\n") || !strings.Contains(c.Example, c.CommandPath()) && c.Name() != "help" && c.Name() != "signet" {
				t.Errorf("%s shows no example of itself: %s", c.CommandPath(), out)
			}
		}
		if strings.Contains(out, "ettings:\n") && !strings.Contains(out, "SIGNET_ACCESS_TOKEN_TTL), else from the YAML file of --config") {
			t.Errorf("%s does not say where settings come from", c.CommandPath())
		}
		if own, settings := strings.Index(out, "\nFlags:\n"), strings.Index(out, "ettings:\n"); own < 0 || settings >= 0 && settings < own {
			t.Errorf("%s does not show its own flags first: %s", c.CommandPath(), out)
		}
		if found := goTypePlaceholder.FindString(out); found != "" {
			t.Errorf("%s shows a type of Go: %s", c.CommandPath(), found)
		}
		for _, name := range []string{"list", "show", "create"} {
			if c.Name() == name && !strings.Contains(out, "--output FORMAT") {
				t.Errorf("%s has no --output", c.CommandPath())
			}
		}
	}
}

// goTypePlaceholder matches a flag whose placeholder is the type of its variable.
var goTypePlaceholder = regexp.MustCompile(`--[a-z0-9-]+ (?:u?int(?:32|64)?|duration|string|strings|stringArray|float64)\b`)

// What is a command's own comes before the settings, and the settings that commands
// share come last.
func TestHelp_OrderOfFlags(t *testing.T) {
	out, _ := runInProcess("user", "create", "--help")
	last := 0
	for _, text := range []string{"\nFlags:\n", "--role ROLE", "-h, --help", "\nSettings:\n", "--password-hash", "\nCommon settings:\n", "--output FORMAT", "--config FILE", "--storage STORE"} {
		at := strings.Index(out, text)
		if at < last {
			t.Errorf("%q is missing or stands too early: %s", text, out)
		}
		last = max(last, at)
	}
}

// runInProcess runs the program within the test, with an empty environment.
func runInProcess(args ...string) (out string, status int) {
	stdout, stderr, status := runOutputs(args...)
	return stdout + stderr, status
}

// runOutputs is runInProcess with separate outputs.
func runOutputs(args ...string) (stdout, stderr string, status int) {
	var out, complaints bytes.Buffer
	status = run(context.Background(), args, nil, strings.NewReader(""), &out, &complaints)
	return out.String(), complaints.String(), status
}

// runWithEnv is runOutputs with the test's environment.
func runWithEnv(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, complaints bytes.Buffer
	status = run(t.Context(), args, os.Environ(), strings.NewReader(""), &out, &complaints)
	return out.String(), complaints.String(), status
}

// What goes wrong is one line, whatever it quotes.
func TestErrors_PrintedOnOneLine(t *testing.T) {
	out, status := runInProcess("user", "show", "x", "--config", "/nowhere/\x1b[31m\nsignet: all is well\x00.yaml")
	if status != exitUsage || !strings.Contains(out, "all is well") || strings.Count(out, "\n") != 1 || strings.ContainsAny(out, "\x1b\x00") {
		t.Errorf("status %d: %q", status, out)
	}
}
