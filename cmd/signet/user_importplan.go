package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"example.org/signet/issuer/userfile"
)

// importPlan is what a check of the whole file has found.
type importPlan struct {
	Users   int               `json:"users"`
	Refused int               `json:"refused"`
	Fields  map[string]string `json:"fields"`          // the file's names, and what they are taken for
	Roles   map[string]int    `json:"roles,omitempty"` // how many users have each in the file; whether they exist is not looked up
	Ignored []string          `json:"ignored_fields,omitempty"`
	Unclear []string          `json:"unclear_fields,omitempty"` // those that stop the import
}

// checkImport reads the file to its end and stops the import where a field must not be
// left out without a word, or where there is nobody to import.
func checkImport(ctx context.Context, stderr io.Writer, file *os.File, size int64, options userfile.Options, o importOptions) (importPlan, error) {
	reader, err := userfile.NewReader(file, options)
	switch {
	case errors.Is(err, userfile.ErrUnknownField):
		return importPlan{}, withHint(err, "nothing was imported")
	case err != nil:
		return importPlan{}, withHint(err, "give JSON lines, a JSON array or CSV; nothing was imported")
	}
	bar := newProgress(stderr, "checking", size, isTerminal(stderr))
	defer bar.finish()
	plan := importPlan{Roles: map[string]int{}}
	names := fileNames{seed: maphash.MakeSeed(), lines: map[uint64]int{}}
	for {
		record, err := reader.Next()
		bar.set(reader.Offset())
		var lineErr *userfile.LineError
		switch {
		case ctx.Err() != nil:
			return plan, fmt.Errorf("nothing was imported: %w", context.Cause(ctx))
		case errors.Is(err, io.EOF):
			plan.Fields, plan.Ignored = reader.Fields(), reader.Ignored()
			maps.DeleteFunc(plan.Fields, func(name, _ string) bool { return slices.Contains(plan.Ignored, name) })
			return plan, plan.judge(reader.Unclear(), o.dryRun)
		case errors.As(err, &lineErr):
			plan.refuse(bar, o.dryRun, lineErr.Line, lineErr.Reason)
		case err != nil:
			return plan, fmt.Errorf("nothing was imported: %w", err)
		default:
			if line, twice := names.claim(record); twice {
				plan.refuse(bar, o.dryRun, record.Line, fmt.Sprintf("username or email is in the file twice: line %d is imported", line))
				continue
			}
			plan.take(bar, o.dryRun, record)
		}
	}
}

// refuse counts a line; only a dry run says so, an import says it when it writes.
func (plan *importPlan) refuse(p *progress, say bool, line int, reason string) {
	plan.Refused++
	if say {
		p.println(fmt.Sprintf("line %d: %s", line, reason))
	}
}

// take counts a user, and those of the file's roles that the user has.
func (plan *importPlan) take(p *progress, say bool, record userfile.Record) {
	plan.Users++
	for _, role := range record.Roles {
		plan.Roles[role]++
	}
	for _, warning := range record.Warnings {
		if say {
			p.println(fmt.Sprintf("line %d: %s", record.Line, warning))
		}
	}
}

func (plan *importPlan) judge(unclear []userfile.Unclear, dryRun bool) error {
	for _, u := range unclear {
		plan.Unclear = append(plan.Unclear, fmt.Sprintf("%s %s", u.Field, u.Reason))
	}
	switch {
	case dryRun:
		return nil
	case len(plan.Unclear) > 0:
		return withHint(fmt.Errorf("nothing was imported: %s", strings.Join(plan.Unclear, "; ")),
			"--map FIELD=disabled or --map FIELD=hashed_password says what it is, --ignore-field FIELD leaves it out; --dry-run shows all fields")
	case plan.Users+plan.Refused == 0:
		return errors.New("the file holds no users")
	}
	return nil
}

// printPlan shows what an import would do.
func printPlan(p *process, s *settings, plan importPlan) error {
	p.printIgnored(plan.Ignored)
	err := p.printResult(s, plan, func(w io.Writer) {
		for _, name := range slices.Sorted(maps.Keys(plan.Fields)) {
			fmt.Fprintf(w, "%s is taken for %s\n", name, plan.Fields[name])
		}
		for _, u := range plan.Unclear {
			fmt.Fprintf(w, "%s: this stops the import\n", u)
		}
		for _, role := range slices.Sorted(maps.Keys(plan.Roles)) {
			fmt.Fprintf(w, "role %s: %d; if it does not exist, an import refuses these users (signet role list)\n", role, plan.Roles[role])
		}
		fmt.Fprintf(w, "%s, %s refused; nothing was written\n", countOf(plan.Users, "user", "users"), countOf(plan.Refused, "line", "lines"))
	})
	switch {
	case err != nil:
		return err
	case len(plan.Unclear) > 0:
		return errors.New("an import would stop at the fields named above")
	case plan.Users == 0:
		return errors.New("the file holds no users that can be imported")
	}
	return nil
}
