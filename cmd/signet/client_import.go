package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
)

func newClientImport(p *process) *cobra.Command {
	s := newSettings()
	var o admin.ClientImport
	c := &cobra.Command{
		Use: "import FILE", Short: "Create or change clients from a file", Args: exactArgs("FILE"),
		Long: "Create clients from a file in YAML or JSON: a list of them, or an object with a list called clients or items, as\n" +
			"signet client list --output json prints it. The names are those of the admin API: client_id, grant_types, scope,\n" +
			"redirect_uris and so on, and preset as for signet client create; - reads standard input.\n" +
			"The whole file is checked before the first client is written: where one is refused, nothing is done. A client that\n" +
			"exists already is refused, unless --update says to change what the file names; it keeps its secret.\n" +
			"A client with a secret gets client_secret, or one that is generated and shown once.",
		Example: "  signet client import clients.yaml --dry-run\n  signet client import clients.yaml --update",
	}
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "check the file, say what would be done, and write nothing")
	c.Flags().BoolVar(&o.Update, "update", false, "change clients that exist already to what the file says")
	s.offer(c.Flags(), &s.hashSettings, &s.outputSettings)
	return p.withStore(c, s, createIfMissing, func(ctx context.Context, ac *adminContext, args []string) error {
		list, err := readClients(args[0], p.stdin)
		if err != nil {
			return err
		}
		done, err := ac.operator.Clients().Import(ctx, list, o)
		if err != nil && len(done) == 0 {
			return hintTaken(fmt.Errorf("nothing was imported: %w", err), "client_id", "--update changes clients that exist")
		}
		return errors.Join(ac.printImported(done, o.DryRun), err)
	})
}

// readClients reads the file, or standard input for "-".
func readClients(path string, stdin io.Reader) ([]admin.NewClient, error) {
	var data []byte
	var err error
	if path == "-" {
		path = "standard input"
		data, err = readBoundedFrom(stdin, path, maxClientFile)
	} else {
		data, err = readBounded(path, maxClientFile)
	}
	if err != nil {
		return nil, err
	}
	entries, err := readClientFile(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	list := make([]admin.NewClient, len(entries))
	var faults []error
	for n, e := range entries {
		if list[n], err = e.newClient(); err != nil {
			faults = append(faults, &admin.ImportFault{Index: n, ID: e.ID, Err: err})
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("nothing was imported: %w", errors.Join(faults...))
	}
	return list, nil
}

// printImported prints a line for each client, with the secrets that were generated.
func (ac *adminContext) printImported(done []admin.ImportedClient, dryRun bool) error {
	if err := ac.printResult(map[string]any{"items": done, "dry_run": dryRun}, func(w io.Writer) {
		rows := make([][]string, len(done))
		for n, c := range done {
			rows[n] = []string{c.ID, c.Action, joinWords(c.Grants), c.Secret}
		}
		writeTable(w, []string{"CLIENT", "ACTION", "GRANTS", "SECRET"}, rows)
	}); err != nil {
		return err
	}
	if dryRun {
		ac.messagef("%s checked; nothing was written", countOf(len(done), "client", "clients"))
	}
	return nil
}
