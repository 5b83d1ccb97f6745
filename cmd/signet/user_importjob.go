package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/role"
	"example.org/signet/issuer/userfile"
	"example.org/signet/storage"
)

// importWorkers is how many users are written at a time, so that the store can
// group its commits; password hashes have their own bound.
const importWorkers = 8

// importResult is the output of user import.
type importResult struct {
	Imported     int            `json:"imported"`
	AlreadyThere int            `json:"already_there"`
	Updated      int            `json:"updated"` // of those already there: got the password of the file
	Refused      int            `json:"refused"`
	Roles        map[string]int `json:"roles,omitempty"`       // how many of the imported have each
	NotGranted   map[string]int `json:"not_granted,omitempty"` // roles of the file that were not given
	Ignored      []string       `json:"ignored_fields,omitempty"`

	NewIDs     int `json:"new_ids"`    // users whose id in the file is not theirs here
	Unverified int `json:"unverified"` // imported with an address that is verified by the file's word alone
}

// importJob is a running import. Records of one username go to one queue.
type importJob struct {
	*adminContext
	importOptions
	ids      *idMap
	seed     maphash.Seed
	queues   []chan userfile.Record
	progress *progress

	attributes map[string]bool // those that are defined

	mu      sync.Mutex
	summary importResult
}

// fileNames remembers by their hashes which login names a file has had.
type fileNames struct {
	seed  maphash.Seed
	lines map[uint64]int
}

// claim takes the names of a record, or tells which line has one of them already: of
// several users with one name the first in the file wins.
func (n fileNames) claim(r userfile.Record) (line int, twice bool) {
	names := []string{r.Username}
	if r.Email != "" && r.Email != r.Username {
		names = append(names, r.Email)
	}
	for _, name := range names {
		if line, twice := n.lines[maphash.String(n.seed, name)]; twice {
			return line, true
		}
	}
	for _, name := range names {
		n.lines[maphash.String(n.seed, name)] = r.Line
	}
	return 0, false
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
	names := fileNames{seed: m.seed, lines: map[uint64]int{}}
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
		if line, twice := names.claim(record); twice {
			m.reject(record.Line, fmt.Sprintf("username or email is in the file twice: line %d was imported", line))
			continue
		}
		for _, warning := range record.Warnings {
			m.progress.println(fmt.Sprintf("line %d: %s", record.Line, warning))
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
	n := admin.NewUser{
		ID: r.ID, EmailVerified: r.EmailVerified && m.trustVerified,
		Username: r.Username, Email: r.Email, FullName: r.FullName, Phone: r.Phone, Roles: m.granted(r.Roles),
		Password: issuer.Secret(r.Password.Reveal()), PasswordHash: issuer.Secret(r.PasswordHash.Reveal()), TOTPSeed: issuer.Secret(r.TOTPSeed.Reveal()),
		Disabled: r.Disabled != nil && *r.Disabled, CreatedAt: r.CreatedAt, Attributes: m.defined(r),
	}
	u, err := m.createUser(ctx, n)
	var fieldErr *issuer.FieldError
	switch {
	case err == nil:
		m.countImported(u, r)
		return m.noteID(r, u)
	case errors.As(err, &fieldErr):
		m.reject(r.Line, refusal(r, fieldErr))
		return nil
	case errors.Is(err, storage.ErrConflict):
		return m.resolveConflict(ctx, r, err)
	}
	return err
}

// adminRoles are the built-in roles with power over others, which a file gives only
// where that is meant.
var adminRoles = []string{role.Admin, role.SuperAdmin}

// granted are the roles that the file's user gets.
func (m *importJob) granted(roles []string) []string {
	if m.grantAdminRoles {
		return roles
	}
	return slices.DeleteFunc(slices.Clone(roles), func(name string) bool { return slices.Contains(adminRoles, name) })
}

func (m *importJob) countImported(u admin.User, r userfile.Record) {
	m.count(func(s *importResult) {
		s.Imported++
		if r.EmailVerified && !u.EmailVerified {
			s.Unverified++
		}
		for _, role := range u.Roles {
			s.Roles[role]++
		}
		for _, role := range r.Roles {
			if !slices.Contains(u.Roles, role) {
				s.NotGranted[role]++
			}
		}
	})
}

// resolveConflict tells a user that existed before the import from a name of
// another user.
func (m *importJob) resolveConflict(ctx context.Context, r userfile.Record, cause error) error {
	existing, err := m.operator.Users().Find(ctx, r.Username)
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	case err != nil || existing.Username != r.Username:
		m.reject(r.Line, cause.Error()+" by another user")
		return nil
	}
	m.count(func(s *importResult) { s.AlreadyThere++ })
	if err := m.addPassword(ctx, existing, r); err != nil {
		return err
	}
	return m.noteID(r, existing)
}

func (m *importJob) count(add func(*importResult)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.summary.Roles == nil {
		m.summary.Roles, m.summary.NotGranted = map[string]int{}, map[string]int{}
	}
	add(&m.summary)
}

func (m *importJob) reject(line int, reason string) {
	m.count(func(s *importResult) { s.Refused++ })
	m.progress.println(fmt.Sprintf("line %d: %s", line, reason))
}

// report says what became of the file.
func (m *importJob) report(runErr error) error {
	m.printIgnored(m.summary.Ignored)
	for _, role := range slices.Sorted(maps.Keys(m.summary.NotGranted)) {
		m.messagef("%s the role %s in the file and did not get it: --grant-admin-roles gives it", countOf(m.summary.NotGranted[role], "user has", "users have"), role)
	}
	m.printMissingFlags()
	err := m.printResult(m.summary, func(w io.Writer) {
		fmt.Fprintf(w, "imported %d, already there %d, refused %d\n", m.summary.Imported, m.summary.AlreadyThere, m.summary.Refused)
		if m.update {
			fmt.Fprintf(w, "given a password %d\n", m.summary.Updated)
		}
		for _, role := range slices.Sorted(maps.Keys(m.summary.Roles)) {
			fmt.Fprintf(w, "role %s: %d\n", role, m.summary.Roles[role])
		}
	})
	switch {
	case runErr != nil:
		return withHint(fmt.Errorf("the import was cut short: %w", runErr), "run it again to go on: users that are there already are left as they are")
	case err == nil && m.summary.Refused > 0:
		return withHint(errors.New(countOf(m.summary.Refused, "user was refused", "users were refused")), "correct the lines named above and import the file again")
	}
	return err
}

// printIgnored names the fields that were not imported.
func (p *process) printIgnored(names []string) {
	if len(names) == 0 {
		return
	}
	p.messagef("fields that are not imported: %s", strings.Join(names, ", "))
	if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(strings.ToLower(name), "admin") }) {
		p.messagef("such a flag gives no role: signet user update USER --role user --role admin does")
	}
}
