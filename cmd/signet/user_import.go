package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/userfile"
)

func newUserImport(p *process) *cobra.Command {
	s, o := newSettings(), importOptions{}
	c := &cobra.Command{
		Use: "import FILE", Short: "Import users with their password hashes from a file", Args: exactArgs("FILE"),
		Long: "Import users from a file: JSON lines, a JSON array, an object with a list called users or items (Keycloak's\n" +
			"exports), or CSV. The format is recognized from the content; - reads standard input.\n" +
			"Imported are username, email, hashed_password, password, full_name, phone, role(s), created_at and disabled,\n" +
			"in the spellings that are common. Ids are not: users get new ones. Roles must exist: signet role create.\n" +
			"Hashes by argon2, bcrypt, PBKDF2 and scrypt are kept, also those of Django, passlib, Werkzeug, Spring\n" +
			"and Keycloak, and users log in with their old passwords.\n" +
			"The whole file is checked before the first user is written: a field that may mean that its user must not log\n" +
			"in, or that holds the passwords under another name, stops the import until --map or --ignore-field says what\n" +
			"to do with it. A bad line is reported and skipped. A user who is there already is left as they are, so it can\n" +
			"be run again. An id that is a UUID is kept where nobody has it.",
		Example: "  signet user import users.jsonl --dry-run\n  signet user import dump.csv --map encrypted_password=hashed_password\n" +
			"  mongoexport --db shop --collection users | signet user import -",
	}
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what each field is taken for, the roles that the file names and the lines that are malformed, and write nothing")
	c.Flags().StringArrayVar(&o.mapped, "map", nil, "`OLD=NEW`: import the file's field OLD as the field NEW, such as login=username or abteilung=attribute:department (repeatable)")
	c.Flags().StringArrayVar(&o.ignored, "ignore-field", nil, "leave out this `FIELD`, although it may restrict users or hold their passwords (repeatable)")
	c.Flags().BoolVar(&o.plainPasswords, "plain-passwords", false, "take plain text in a password field for a password; what looks like a hash is refused all the same")
	c.Flags().BoolVar(&o.grantAdminRoles, "grant-admin-roles", false, "give the roles admin and super_admin where the file names them")
	c.Flags().BoolVar(&o.update, "update", false, "give users who are there already and have no password the one of the file, and change nothing else")
	c.Flags().BoolVar(&o.trustVerified, "trust-email-verified", false, "take the file's word that an e-mail address is verified")
	c.Flags().StringVar(&o.idMap, "id-map", "", "write old and new id of users whose id is not kept to a new `FILE`, as JSON lines")
	s.offer(c.Flags(), &s.hashSettings, &s.outputSettings, &s.configSettings, &s.storeSettings)
	return p.withSettings(c, s, s.onStore(c, func(ctx context.Context, args []string) error {
		p.warnOfVariables()
		ctx, stop := untilSignal(ctx)
		defer stop()
		return p.importFile(ctx, s, args[0], o)
	}))
}

// importFile checks the whole file, and only then opens the store and writes its users.
func (p *process) importFile(ctx context.Context, s *settings, path string, o importOptions) error {
	options, err := o.reader(p.now())
	if err != nil {
		return err
	}
	file, size, err := openImport(ctx, path, p.stdin)
	if err != nil {
		return err
	}
	defer file.Close()
	plan, err := checkImport(ctx, p.stderr, file, size, options, o)
	if err != nil {
		return err
	}
	if o.dryRun {
		return printPlan(p, s, plan)
	}
	ids, err := newIDMap(o.idMap)
	if err != nil {
		return err
	}
	ac, err := p.openAdmin(ctx, s, createIfMissing)
	if err != nil {
		return errors.Join(err, ids.close())
	}
	return errors.Join(ac.importUsers(ctx, file, size, options, o, ids), ids.close(), ac.close(ctx))
}

// importOptions are the flags of user import.
type importOptions struct {
	dryRun, plainPasswords, grantAdminRoles bool
	update, trustVerified                   bool
	mapped, ignored                         []string
	idMap                                   string // a file; "" for none
}

// reader returns the options of the file's reader.
func (o importOptions) reader(now time.Time) (userfile.Options, error) {
	options := userfile.Options{PlainPasswords: o.plainPasswords, Map: map[string]string{}, Ignore: o.ignored, Now: now}
	for _, pair := range o.mapped {
		old, name, found := strings.Cut(pair, "=")
		if !found || old == "" || name == "" {
			return options, usageErrorf("--map %s: give OLD=NEW, such as login=username", pair)
		}
		options.Map[old] = name
	}
	return options, nil
}

// openImport opens the file, which is read twice: a pipe is first copied to a temporary
// file that nobody else can open.
func openImport(ctx context.Context, path string, stdin io.Reader) (file *os.File, size int64, err error) {
	from := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, 0, err
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return f, info.Size(), nil
		}
		defer f.Close()
		from = f
	}
	return spool(ctx, from)
}

// spool copies r to a temporary file of mode 0600 that has no name any more.
func spool(ctx context.Context, r io.Reader) (*os.File, int64, error) {
	file, err := os.CreateTemp("", "signet-import-")
	if err != nil {
		return nil, 0, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	type copied struct {
		size int64
		err  error
	}
	done := make(chan copied, 1)
	go func() {
		size, err := io.Copy(file, r)
		done <- copied{size, err}
	}()
	var c copied
	select {
	case c = <-done:
	case <-ctx.Done(): // the copy ends with the process
		return nil, 0, fmt.Errorf("nothing was imported: %w", context.Cause(ctx))
	}
	if c.err == nil {
		_, c.err = file.Seek(0, io.SeekStart)
	}
	if c.err != nil {
		return nil, 0, errors.Join(c.err, file.Close())
	}
	return file, c.size, nil
}

// importUsers writes the users of the file, which has been checked.
func (ac *adminContext) importUsers(ctx context.Context, file *os.File, size int64, options userfile.Options, o importOptions, ids *idMap) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	reader, err := userfile.NewReader(file, options)
	if err != nil {
		return err
	}
	defined, err := ac.attributesFor(ctx, o)
	if err != nil {
		return err
	}
	m := &importJob{adminContext: ac, attributes: defined, importOptions: o, ids: ids, seed: maphash.MakeSeed(), progress: newProgress(ac.stderr, "importing", size, isTerminal(ac.stderr))}
	runErr := m.run(ctx, reader)
	m.progress.finish()
	m.summary.Ignored = append(reader.Ignored(), m.summary.Ignored...)
	return m.report(runErr)
}
