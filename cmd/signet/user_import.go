package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"example.org/signet/issuer"
	"example.org/signet/issuer/userfile"
	"example.org/signet/storage"
)

// importWorkers is how many users are written at a time, so that the store can
// group its commits; password hashes have their own bound.
const importWorkers = 8

func newUserImport(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "import FILE", Short: "Bring users along from elsewhere, with their password hashes", Args: exactArgs("FILE"),
		Long: "Bring users along from elsewhere: JSON lines, a JSON array or CSV, seen from the content; - reads standard input.\n" +
			"Known are username, email, hashed_password, password, full_name, phone, role(s), created_at and disabled, in\n" +
			"the spellings that are common. Hashes by argon2, bcrypt, PBKDF2 and scrypt are kept, also those\n" +
			"of Django, passlib, Werkzeug and Keycloak, and users log in with their old passwords.\n" +
			"A bad line is reported and skipped. A user who is there already is left as they are, so it can be run again.",
		Example: "  signet user import users.jsonl\n  mongoexport --db shop --collection users | signet user import -",
	}
	s.addHashing(c.Flags())
	s.addOutput(c.Flags())
	return p.withAdmin(c, s, createIfMissing, func(ctx context.Context, admin *adminContext, args []string) error {
		file, size, err := admin.openImport(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		return admin.importUsers(ctx, file, size)
	})
}

// openImport opens the file; size is -1 where it is not known.
func (admin *adminContext) openImport(path string) (file io.ReadCloser, size int64, err error) {
	if path == "-" {
		return io.NopCloser(admin.stdin), -1, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return f, info.Size(), nil
	}
	return f, -1, nil
}

// importResult is the output of user import.
type importResult struct {
	Imported     int      `json:"imported"`
	AlreadyThere int      `json:"already_there"`
	Refused      int      `json:"refused"`
	Ignored      []string `json:"ignored_fields,omitempty"`
}

// importJob is a running import. Records of one username go to one queue, so that
// of several in a file the first is imported.
type importJob struct {
	*adminContext
	startedAt time.Time
	seed      maphash.Seed
	queues    []chan userfile.Record
	progress  *progress

	mu      sync.Mutex
	summary importResult
}

func (admin *adminContext) importUsers(ctx context.Context, file io.Reader, size int64) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	reader, err := userfile.NewReader(file)
	if err != nil {
		return withHint(err, "give JSON lines, a JSON array or CSV; nothing was imported")
	}
	m := &importJob{adminContext: admin, startedAt: admin.now(), seed: maphash.MakeSeed(), progress: newProgress(admin.stderr, "importing", size, isTerminal(admin.stderr))}
	runErr := m.run(ctx, reader)
	m.progress.finish()
	m.summary.Ignored = reader.Ignored()
	m.printIgnored()
	err = admin.printResult(m.summary, func(w io.Writer) {
		fmt.Fprintf(w, "imported %d, already there %d, refused %d\n", m.summary.Imported, m.summary.AlreadyThere, m.summary.Refused)
	})
	switch {
	case runErr != nil:
		return withHint(fmt.Errorf("the import was cut short: %w", runErr), "run it again to go on: users that are there already are left as they are")
	case err == nil && m.summary.Refused > 0:
		return withHint(fmt.Errorf("%d users were refused", m.summary.Refused), "correct the lines named above and import the file again")
	}
	return err
}

// run reads the file to its end, or until it cannot go on.
func (m *importJob) run(ctx context.Context, reader *userfile.Reader) error {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	var workers sync.WaitGroup
	for range importWorkers {
		queue := make(chan userfile.Record, 64)
		m.queues = append(m.queues, queue)
		workers.Go(func() { m.work(ctx, queue, abort) })
	}
	err := m.read(ctx, reader)
	for _, queue := range m.queues {
		close(queue)
	}
	workers.Wait()
	if err == nil {
		err = context.Cause(ctx) // the last users may have failed after the last was read
	}
	return err
}

// read distributes the records to the queues.
func (m *importJob) read(ctx context.Context, reader *userfile.Reader) error {
	for {
		record, err := reader.Next()
		m.progress.set(reader.Offset())
		var lineErr *userfile.LineError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &lineErr):
			m.reject(lineErr.Line, lineErr.Reason)
			continue
		case err != nil:
			return err
		}
		select {
		case m.queues[maphash.String(m.seed, record.Username)%importWorkers] <- record:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// work imports the records of one queue. An error that is not the record's own
// ends the whole import.
func (m *importJob) work(ctx context.Context, queue <-chan userfile.Record, abort context.CancelCauseFunc) {
	for record := range queue {
		if ctx.Err() != nil {
			continue // drain the queue, so that read is not blocked
		}
		if err := m.importUser(ctx, record); err != nil {
			abort(fmt.Errorf("line %d: %w", record.Line, err))
		}
	}
}

// importUser creates one user, and counts the outcome.
func (m *importJob) importUser(ctx context.Context, r userfile.Record) error {
	n := issuer.NewUser{
		Username: r.Username, Email: r.Email, FullName: r.FullName, Phone: r.Phone, Roles: r.Roles,
		Password: issuer.Secret(r.Password.Reveal()), PasswordHash: issuer.Secret(r.PasswordHash.Reveal()),
		Disabled: r.Disabled != nil && *r.Disabled, CreatedAt: r.CreatedAt,
	}
	_, err := m.issuer.CreateUser(ctx, n, m.request)
	var fieldErr *issuer.FieldError
	switch {
	case err == nil:
		m.count(func(s *importResult) { s.Imported++ })
		return nil
	case errors.As(err, &fieldErr):
		m.reject(r.Line, fieldErr.Error())
		return nil
	case errors.Is(err, storage.ErrConflict):
		return m.resolveConflict(ctx, r, err)
	}
	return err
}

// resolveConflict tells a user that existed before the import from a name of
// another user and from a duplicate in the file.
func (m *importJob) resolveConflict(ctx context.Context, r userfile.Record, cause error) error {
	existing, err := m.issuer.FindUser(ctx, r.Username)
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	case err != nil || existing.Username != r.Username:
		m.reject(r.Line, cause.Error()+" by another user")
	case m.createdByThisImport(existing):
		m.reject(r.Line, "username stands in the file twice; the first was taken")
	default:
		m.count(func(s *importResult) { s.AlreadyThere++ })
	}
	return nil
}

// createdByThisImport tells whether the user was created by this import: the id
// holds its time of creation (RFC 9562 §5.7).
func (m *importJob) createdByThisImport(u issuer.User) bool {
	id, err := uuid.Parse(u.ID)
	if err != nil {
		return false
	}
	createdAt := time.Unix(id.Time().UnixTime())
	return !createdAt.Before(m.startedAt.Truncate(time.Millisecond))
}

func (m *importJob) count(add func(*importResult)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	add(&m.summary)
}

func (m *importJob) reject(line int, reason string) {
	m.count(func(s *importResult) { s.Refused++ })
	m.progress.println(fmt.Sprintf("line %d: %s", line, reason))
}

// printIgnored names the fields that were not imported.
func (m *importJob) printIgnored() {
	if len(m.summary.Ignored) == 0 {
		return
	}
	m.messagef("fields without a meaning here were left out: %s", strings.Join(m.summary.Ignored, ", "))
	if slices.ContainsFunc(m.summary.Ignored, func(name string) bool { return strings.Contains(strings.ToLower(name), "admin") }) {
		m.messagef("such a flag gives no role: signet user update USER --role user --role admin does")
	}
}
