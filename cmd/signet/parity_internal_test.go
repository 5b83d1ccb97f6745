package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"example.org/signet/docs"
)

// parityRow is one operation, and where it can be done; "" for nowhere.
type parityRow struct {
	operation, api, command string
	atStore                 bool // the command works at the store alone
}

var parityLine = regexp.MustCompile("(?m)^\\| ([^|]+) \\| (?:`([^`]+)`|—) \\| (?:`([^`]+)`(\\\\\\*)?|—) \\| (?:`[^`]+`|—) \\|$")

// readParity returns the table of docs/parity.md, and its last lines.
func readParity(t *testing.T) (rows []parityRow, rest string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/parity.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range parityLine.FindAllStringSubmatch(string(page), -1) {
		rows = append(rows, parityRow{m[1], m[2], m[3], m[4] != ""})
	}
	if lines := strings.Count(string(page), "\n| ") - 1; len(rows) != lines {
		t.Fatalf("%d of %d rows are of the form of the table", len(rows), lines)
	}
	_, rest, _ = strings.Cut(string(page), "The rest of the commands")
	return rows, rest
}

// apiOperations returns the ids of the operations below /api/v1.
func apiOperations() (ids []string) {
	path := ""
	for line := range strings.SplitSeq(docs.OpenAPI, "\n") {
		if key, isPath := strings.CutPrefix(line, "  /"); isPath {
			path = "/" + key
		}
		if id, isID := strings.CutPrefix(line, "      operationId: "); isID && strings.HasPrefix(path, "/api/v1") {
			ids = append(ids, id)
		}
	}
	return ids
}

// commands returns every command that does something, by its path.
func commands() map[string]*cobra.Command {
	all := map[string]*cobra.Command{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if !c.HasSubCommands() {
			all[c.CommandPath()] = c
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				walk(sub)
			}
		}
	}
	walk(newRoot(&process{}))
	return all
}

// Every operation of the API and every command is in a row of the table, and what a row names is there.
func TestParity(t *testing.T) {
	rows, rest := readParity(t)
	operations, all := apiOperations(), commands()
	if len(operations) < 60 || len(all) < 50 {
		t.Fatalf("%d operations and %d commands: they are not read right", len(operations), len(all))
	}
	named, run := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		named[r.api], run[r.command] = true, true
		if r.api != "" && !slices.Contains(operations, r.api) {
			t.Errorf("%s: the API has no operation %s", r.operation, r.api)
		}
		if r.command == "" {
			continue
		}
		if all[r.command] == nil {
			t.Errorf("%s: there is no command %s", r.operation, r.command)
			continue
		}
		if all[r.command].Flags().Lookup("server") == nil {
			t.Errorf("%s: %s has no --server, not even to refuse it", r.operation, r.command)
		}
	}
	for _, id := range operations {
		if !named[id] {
			t.Errorf("the operation %s is in no row of docs/parity.md", id)
		}
	}
	for command := range all {
		if !run[command] && !strings.Contains(rest, "`"+command+"`") {
			t.Errorf("%s is in no row of docs/parity.md", command)
		}
	}
}

// The star is right: a command with one refuses --server, and the others ask to sign in.
func TestParity_CommandsAtAServer(t *testing.T) {
	rows, _ := readParity(t)
	env, refusals, asked := []string{"XDG_CONFIG_HOME=" + t.TempDir()}, 0, 0
	for _, r := range rows {
		if r.command == "" {
			continue
		}
		args := strings.Fields(r.command)[1:]
		for range strings.Count(commands()[r.command].Use, " ") {
			args = append(args, "x")
		}
		args = append(args, "--server", "https://id.example.com", "--yes")
		if commands()[r.command].Flags().Lookup("yes") == nil {
			args = args[:len(args)-1]
		}
		var out, errs strings.Builder
		status := run(t.Context(), args, env, strings.NewReader(""), &out, &errs)
		asks := strings.Contains(errs.String(), "signet login")
		refused := strings.Contains(errs.String(), "works on the store alone")
		if refused {
			refusals++
		}
		if asks {
			asked++
		}
		if r.atStore != refused && status != exitUsage || r.atStore && asks {
			t.Errorf("%s: %d: %s", r.command, status, errs.String())
		}
	}
	if refusals < 12 || asked < 40 {
		t.Errorf("%d commands refuse a server, and %d ask to sign in: the arguments of the others are wrong", refusals, asked)
	}
}
