package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

func newStorage(p *process) *cobra.Command {
	return commandGroup("storage", "Check that the store works as Signet needs it", newStorageCheck(p))
}

// storeCheckResult is the output of signet storage check.
type storeCheckResult struct {
	OK     bool              `json:"ok"` // nothing failed; there may be warnings
	Checks []storage.Finding `json:"checks"`
}

var errCheckFailed = errors.New("this store is not one that Signet can rely on")

func newStorageCheck(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "check [URI]", Short: "Find out whether Signet can rely on a store", Args: cobra.MaximumNArgs(1),
		Long: "Find out whether a store is one that Signet can rely on: the one that --storage names, or the URI.\n" +
			"Of a MongoDB server: that it can be reached and used, acknowledges by majority, lets exactly one of many\n" +
			"writers win, loses no increment, builds indexes and keeps to the unique one, and how long it takes. Of SQLite:\n" +
			"that the directory takes a database, and how long a durable write takes. It works in a collection or a file of\n" +
			"its own and removes it, so it may be run beside servers. The exit status is 1 if anything failed.\n" +
			"Other users of this machine can see arguments: give a URI with a password by SIGNET_STORAGE or a file.",
		Example: "  SIGNET_STORAGE='mongodb://…' signet storage check\n  signet storage check sqlite:/var/lib/signet/signet.db --output json",
	}
	s.offer(c.Flags(), &s.configSettings, &s.storeSettings, &s.outputSettings)
	s.checks = []check{s.checkStorage, s.outputSettings.check} // no master key is used
	return p.withSettings(c, s, s.onStore(c, func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			s.storage = args[0]
			if err := errors.Join(s.checkStorage(s)...); err != nil {
				return err
			}
		}
		findings, err := s.checkStore(ctx)
		if err != nil {
			return err
		}
		return printFindings(p, s, findings)
	}))
}

func (s *storeSettings) checkStore(ctx context.Context) ([]storage.Finding, error) {
	if s.isMongo() {
		findings, err := mongo.Check(ctx, s.storage)
		if err != nil {
			return nil, withHint(fmt.Errorf("--storage: %w", err), "") // says itself what to do
		}
		return findings, nil
	}
	findings, err := sqlite.Check(ctx, s.sqlitePath())
	if err != nil {
		return nil, withHint(fmt.Errorf("--storage: %w", err), "make the directory first, or name another one")
	}
	return findings, nil
}

// printFindings prints the findings, and fails if one of them is a failure.
func printFindings(p *process, s *settings, findings []storage.Finding) error {
	failed := slices.ContainsFunc(findings, func(f storage.Finding) bool { return f.Verdict == storage.Failed })
	err := p.printResult(s, storeCheckResult{OK: !failed, Checks: findings}, func(w io.Writer) {
		rows := make([][]string, len(findings))
		for n, f := range findings {
			rows[n] = []string{string(f.Verdict), f.Name, f.Detail}
		}
		writeTable(w, []string{"VERDICT", "CHECK", "DETAIL"}, rows)
	})
	if err == nil && failed {
		return withHint(errCheckFailed, "see what failed above")
	}
	return err
}
