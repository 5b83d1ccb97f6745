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
		Use: "import FILE", Short: "Bring users along from elsewhere, with their password hashes", Args: names("FILE"),
		Long: "Bring users along from elsewhere: JSON lines, a JSON array or CSV, seen from the content; - reads standard input.\n" +
			"Known are username, email, hashed_password, password, full_name, phone, role(s), created_at and disabled, in\n" +
			"the spellings that are common. Hashes by argon2, bcrypt, PBKDF2 and scrypt are kept, also those\n" +
			"of Django, passlib, Werkzeug and Keycloak, and users log in with their old passwords.\n" +
			"A bad line is reported and skipped. A user who is there already is left as they are, so it can be run again.",
		Example: "  signet user import users.jsonl\n  mongoexport --db shop --collection users | signet user import -",
	}
	s.addHashing(c.Flags())
	s.addOutput(c.Flags())
	return p.admin(c, s, mayBegin, func(ctx context.Context, o *office, args []string) error {
		file, size, err := o.openImport(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		return o.importUsers(ctx, file, size)
	})
}

// openImport opens the file; size is -1 where it is not known.
func (o *office) openImport(path string) (file io.ReadCloser, size int64, err error) {
	if path == "-" {
		return io.NopCloser(o.stdin), -1, nil
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

// importSummary is the answer to user import.
type importSummary struct {
	Imported     int      `json:"imported"`
	AlreadyThere int      `json:"already_there"`
	Refused      int      `json:"refused"`
	Ignored      []string `json:"ignored_fields,omitempty"`
}

// importing is one import at work. Users of one name keep to one lane, so that
// of several in a file the first is taken.
type importing struct {
	*office
	began    time.Time
	seed     maphash.Seed
	lanes    []chan userfile.Record
	progress *progress

	mu      sync.Mutex
	summary importSummary
}

func (o *office) importUsers(ctx context.Context, file io.Reader, size int64) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	reader, err := userfile.NewReader(file)
	if err != nil {
		return hint(err, "give JSON lines, a JSON array or CSV; nothing was imported")
	}
	m := &importing{office: o, began: o.now(), seed: maphash.MakeSeed(), progress: newProgress(o.stderr, "importing", size, isTerminal(o.stderr))}
	broken := m.run(ctx, reader)
	m.progress.done()
	m.summary.Ignored = reader.Ignored()
	m.sayIgnored()
	err = o.answer(m.summary, func(w io.Writer) {
		fmt.Fprintf(w, "imported %d, already there %d, refused %d\n", m.summary.Imported, m.summary.AlreadyThere, m.summary.Refused)
	})
	switch {
	case broken != nil:
		return hint(fmt.Errorf("the import was cut short: %w", broken), "run it again to go on: users that are there already are left as they are")
	case err == nil && m.summary.Refused > 0:
		return hint(fmt.Errorf("%d users were refused", m.summary.Refused), "correct the lines named above and import the file again")
	}
	return err
}

// run reads the file to its end, or until it cannot go on.
func (m *importing) run(ctx context.Context, reader *userfile.Reader) error {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	var working sync.WaitGroup
	for range importWorkers {
		lane := make(chan userfile.Record, 64)
		m.lanes = append(m.lanes, lane)
		working.Go(func() { m.work(ctx, lane, abort) })
	}
	err := m.read(ctx, reader)
	for _, lane := range m.lanes {
		close(lane)
	}
	working.Wait()
	if err == nil {
		err = context.Cause(ctx) // the last users may have failed after the last was read
	}
	return err
}

// read hands the users out to the lanes.
func (m *importing) read(ctx context.Context, reader *userfile.Reader) error {
	for {
		record, err := reader.Next()
		m.progress.at(reader.Offset())
		var bad *userfile.LineError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			m.refuse(bad.Line, bad.Reason)
			continue
		case err != nil:
			return err
		}
		select {
		case m.lanes[maphash.String(m.seed, record.Username)%importWorkers] <- record:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// work writes the users of one lane. What is not the user's fault ends the
// whole import.
func (m *importing) work(ctx context.Context, lane <-chan userfile.Record, abort context.CancelCauseFunc) {
	for record := range lane {
		if ctx.Err() != nil {
			continue // empty the lane, so that nobody waits to fill it
		}
		if err := m.take(ctx, record); err != nil {
			abort(fmt.Errorf("line %d: %w", record.Line, err))
		}
	}
}

// take makes one user, and counts what became of them.
func (m *importing) take(ctx context.Context, r userfile.Record) error {
	n := issuer.NewUser{
		Username: r.Username, Email: r.Email, FullName: r.FullName, Phone: r.Phone, Roles: r.Roles,
		Password: issuer.Secret(r.Password.Reveal()), PasswordHash: issuer.Secret(r.PasswordHash.Reveal()),
		Disabled: r.Disabled != nil && *r.Disabled, CreatedAt: r.CreatedAt,
	}
	_, err := m.issuer.CreateUser(ctx, n, m.source)
	var refused *issuer.FieldError
	switch {
	case err == nil:
		m.count(func(s *importSummary) { s.Imported++ })
		return nil
	case errors.As(err, &refused):
		m.refuse(r.Line, refused.Error())
		return nil
	case errors.Is(err, storage.ErrConflict):
		return m.taken(ctx, r, err)
	}
	return err
}

// taken tells a user who was there before from a name that is somebody else's,
// or that stands in the file twice.
func (m *importing) taken(ctx context.Context, r userfile.Record, cause error) error {
	there, err := m.issuer.FindUser(ctx, r.Username)
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	case err != nil || there.Username != r.Username:
		m.refuse(r.Line, cause.Error()+" by another user")
	case m.isNew(there):
		m.refuse(r.Line, "username stands in the file twice; the first was taken")
	default:
		m.count(func(s *importSummary) { s.AlreadyThere++ })
	}
	return nil
}

// isNew tells whether the user came with this import: the id holds the moment
// at which it was drawn (RFC 9562 §5.7).
func (m *importing) isNew(u issuer.User) bool {
	id, err := uuid.Parse(u.ID)
	if err != nil {
		return false
	}
	drawn := time.Unix(id.Time().UnixTime())
	return !drawn.Before(m.began.Truncate(time.Millisecond))
}

func (m *importing) count(add func(*importSummary)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	add(&m.summary)
}

func (m *importing) refuse(line int, reason string) {
	m.count(func(s *importSummary) { s.Refused++ })
	m.progress.remark(fmt.Sprintf("line %d: %s", line, reason))
}

// sayIgnored names what was not taken over, since it may be missed later.
func (m *importing) sayIgnored() {
	if len(m.summary.Ignored) == 0 {
		return
	}
	m.say("fields without a meaning here were left out: %s", strings.Join(m.summary.Ignored, ", "))
	if slices.ContainsFunc(m.summary.Ignored, func(name string) bool { return strings.Contains(strings.ToLower(name), "admin") }) {
		m.say("such a flag gives no role: signet user update USER --role user --role admin does")
	}
}
