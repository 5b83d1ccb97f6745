package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/userfile"
	"example.org/signet/storage"
)

// idMap writes which user of a file has which id here, as JSON lines. A nil one writes
// nothing.
type idMap struct {
	mu   sync.Mutex
	file *os.File
	out  *bufio.Writer
}

// newIDMap creates the file, which must not exist yet; nil where the path is "".
func newIDMap(path string) (*idMap, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, withHint(fmt.Errorf("--id-map: %s exists; nothing was imported", path), "name a new file: users of earlier runs are written again")
	}
	if err != nil {
		return nil, fmt.Errorf("--id-map: %w", err)
	}
	return &idMap{file: f, out: bufio.NewWriter(f)}, nil
}

// mappedID is one line of the file.
type mappedID struct {
	Old      string `json:"old"`
	New      string `json:"new"`
	Username string `json:"username"`
}

func (m *idMap) write(line mappedID) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := json.NewEncoder(m.out)
	lines.SetEscapeHTML(false)
	return lines.Encode(line)
}

// close writes what is left, and syncs the file.
func (m *idMap) close() error {
	if m == nil {
		return nil
	}
	return errors.Join(m.out.Flush(), fsync(m.file), m.file.Close())
}

// createUser creates the user with the id of the file, or with a new one where a user
// or a client has that.
func (m *importJob) createUser(ctx context.Context, n admin.NewUser) (admin.User, error) {
	u, err := m.operator.Users().Create(ctx, n)
	var taken *storage.DuplicateError
	if errors.As(err, &taken) && taken.Field == "id" && n.ID != "" {
		n.ID = ""
		u, err = m.operator.Users().Create(ctx, n)
	}
	return u, err
}

// noteID notes a user whose id in the file is another one than here.
func (m *importJob) noteID(r userfile.Record, u admin.User) error {
	if r.OldID == "" || r.ID == u.ID {
		return nil
	}
	m.count(func(s *importResult) { s.NewIDs++ })
	if err := m.ids.write(mappedID{Old: r.OldID, New: u.ID, Username: u.Username}); err != nil {
		return fmt.Errorf("--id-map: %w", err)
	}
	return nil
}

// addPassword gives a user who was there already the password of the file, where they
// have none and --update says so.
func (m *importJob) addPassword(ctx context.Context, u admin.User, r userfile.Record) error {
	if !m.update {
		return nil
	}
	n := admin.NewUser{Password: issuer.Secret(r.Password.Reveal()), PasswordHash: issuer.Secret(r.PasswordHash.Reveal())}
	added, err := m.operator.Users().AddPassword(ctx, u.ID, n)
	var fieldErr *issuer.FieldError
	switch {
	case errors.As(err, &fieldErr):
		m.reject(r.Line, fieldErr.Error())
		return nil
	case added:
		m.count(func(s *importResult) { s.Updated++ })
	}
	return err
}

// printMissingFlags says which flags would have brought more along.
func (m *importJob) printMissingFlags() {
	if m.summary.NewIDs > 0 && m.ids == nil {
		m.messagef("%s another id than in the file: --id-map FILE writes old and new ones, also in a second run", countOf(m.summary.NewIDs, "user has", "users have"))
	}
	if m.summary.Unverified > 0 {
		m.messagef("%s an address that only the file calls verified, and is unverified here: --trust-email-verified takes its word", countOf(m.summary.Unverified, "user has", "users have"))
	}
}
