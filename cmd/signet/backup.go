package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/backup"
)

// backupKey derives the MAC key of a backup.
func backupKey(master keys.MasterKey) []byte { return master.Derive("backup mac v1", 32) }

func newBackup(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "backup FILE", Short: "Write the whole store to a file", Args: exactArgs("FILE"),
		Long: "Write the whole store to a new file, while servers run: users, roles, clients, sessions, signing keys (sealed),\n" +
			"revoked tokens and the audit log. - writes to standard output. Keep the master key elsewhere: restore needs it,\n" +
			"and whoever has both has the keys.",
		Example: "  signet backup signet-$(date +%F).backup\n  signet backup - | age -r $RECIPIENT > signet.backup.age",
	}
	s.offer(c.Flags(), &s.configSettings, &s.storeSettings, &s.outputSettings)
	return p.withSettings(c, s, s.onStore(c, func(ctx context.Context, args []string) (err error) {
		store, err := p.openStore(ctx, s, mustExist)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		master, err := p.masterKeys(s).primary(ctx, store)
		if err != nil {
			return err
		}
		return p.backUp(ctx, s, store, master, args[0])
	}))
}

func (p *process) backUp(ctx context.Context, s *settings, store storage.Store, master keys.MasterKey, file string) error {
	snapshot, err := store.Snapshot(ctx)
	if err != nil {
		return err
	}
	var summary backup.Summary
	write := func(w io.Writer) (err error) {
		summary, err = backup.Write(ctx, w, snapshot, backupKey(master), p.now())
		return err
	}
	if file == "-" {
		err = write(p.stdout)
	} else {
		err = createFileFunc(file, write)
	}
	if err = errors.Join(err, snapshot.Close()); errors.Is(err, fs.ErrExist) {
		return withHint(fmt.Errorf("%s exists", file), "a backup is never written over another file")
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if file == "-" {
		p.messagef("backed up %s: %s", countOf(summary.Records, "record", "records"), formatCounts(summary))
		return nil
	}
	return p.printResult(s, summary, func(w io.Writer) {
		fmt.Fprintf(w, "backed up %s to %s: %s\n", countOf(summary.Records, "record", "records"), file, formatCounts(summary))
	})
}

// formatCounts formats the number of records of each kind.
func formatCounts(s backup.Summary) string {
	var parts []string
	for kind, n := range s.Counts {
		parts = append(parts, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func newRestore(p *process) *cobra.Command {
	s := newSettings()
	var replace bool
	var confirm confirmation
	c := &cobra.Command{
		Use: "restore FILE", Short: "Fill a store from a backup", Args: exactArgs("FILE"),
		Long: "Fill an empty store from a backup, of either kind: so a store also moves from SQLite to MongoDB and back. The\n" +
			"whole file is checked before anything is written. No server may run on the store meanwhile.\n\n" +
			"The backup knows nothing of what happened after it. So that nothing comes back that was rotated or revoked\n" +
			"since, every session ends: users log in again. Users disabled, roles taken away and signing keys revoked since\n" +
			"the backup must be so again by hand.",
		Example: "  signet restore signet-2026-03-01.backup --storage sqlite:signet-data/signet.db\n" +
			"  signet restore signet-2026-03-01.backup --storage mongodb://db.example.com/signet --master-key-file master.key",
	}
	c.Flags().BoolVar(&replace, "replace", false, "delete first what the store holds")
	confirm.add(c.Flags())
	s.offer(c.Flags(), &s.configSettings, &s.storeSettings, &s.outputSettings)
	return p.withSettings(c, s, s.onStore(c, func(ctx context.Context, args []string) error {
		if replace {
			if err := confirm.ask(p, "Delete all that "+s.storeName()+" holds, and restore the backup in its place?"); err != nil {
				return err
			}
		}
		return p.restore(ctx, s, args[0], replace)
	}))
}

func (p *process) restore(ctx context.Context, s *settings, path string, replace bool) (err error) {
	master, err := p.masterKeys(s).existing()
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer file.Close()
	checked, err := backup.Check(file, backupKey(master))
	if err != nil {
		return explainBackupError(path, err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return withHint(fmt.Errorf("restore: %w", err), "a backup is read twice: give a file")
	}
	store, err := p.openStore(ctx, s, createIfMissing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	summary, err := backup.Restore(ctx, file, backupKey(master), checked.Header, store, replace, p.now())
	switch {
	case errors.Is(err, backup.ErrNotEmpty):
		return withHint(fmt.Errorf("restore: %s is not empty", s.storeName()), "name an empty store by --storage, or delete what is there by --replace; nothing was changed")
	case err != nil:
		return withHint(fmt.Errorf("restore: %w", err), "the store is incomplete and no server starts on it: restore again with --replace")
	}
	if err := p.auditRestore(ctx, s, store, checked); err != nil {
		return err
	}
	return p.printResult(s, summary, func(w io.Writer) {
		fmt.Fprintf(w, "restored %s of %s: %s\n", countOf(summary.Records, "record", "records"), formatTime(summary.CreatedAt), formatCounts(summary))
		fmt.Fprintln(w, "Every session has ended. Do again what was done since: disabled users, clients and roles, revoked signing keys.")
	})
}

// explainBackupError adds a hint to the error of a backup that cannot be used.
func explainBackupError(path string, err error) error {
	err = fmt.Errorf("%s: %w", path, err)
	var formatErr *backup.FormatError
	switch {
	case errors.As(err, &formatErr): // says so itself
		return err
	case errors.Is(err, backup.ErrWrongMasterKey):
		return withHint(err, "or it was changed; give the master key of then by --master-key-file or %s", envMasterKey)
	}
	return withHint(err, "nothing was changed")
}

// auditRestore appends the restore to the audit log that was restored.
func (p *process) auditRestore(ctx context.Context, s *settings, store storage.Store, b backup.Summary) error {
	ac := &adminContext{process: p, settings: s, store: store}
	if err := ac.init(ctx); err != nil {
		return err
	}
	return ac.operator.Audit().Restored(ctx, b.CreatedAt)
}

// checkComplete rejects a store that holds a partial backup.
func checkComplete(ctx context.Context, s *settings, store storage.Epochs) error {
	e, err := store.Epoch(ctx)
	if err != nil {
		return err
	}
	if e.Incomplete {
		return withHint(fmt.Errorf("%s holds a part of a backup: a restore did not end", s.storeName()), "signet restore FILE --replace does it again")
	}
	return nil
}
