package main

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"example.org/signet/internal/bench"
	"example.org/signet/internal/random"
	"example.org/signet/internal/secret"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

const (
	// fillStep is how many records one durable transaction inserts, in the order of the largest
	// indexes: so their pages, all over the file, are written a few times and not once a record.
	fillStep = sqlite.MaxFill

	// filledFor is how long the filled sessions live, and filledWithin the time in which they
	// were last refreshed.
	filledFor    = 60 * 24 * time.Hour
	filledWithin = 20 * 24 * time.Hour

	filledIDBytes = 24
)

// filler fills a temporary store with users, all with the same password, and as many sessions.
type filler struct {
	*process
	path     string
	client   string
	password secret.Text
	hash     string // of the password
	users    int
	sessions int
}

// fill adds users and then sessions until there are so many, and returns the bytes that one of
// each takes.
func (f *filler) fill(ctx context.Context, size int, progress func(done, of int)) (userBytes, sessionBytes float64, err error) {
	done, of := 0, 2*size-f.users-f.sessions
	step := func(n int) { done += n; progress(done, of) }
	userBytes, err = f.insert(ctx, f.users, size, func(ctx context.Context, s *sqlite.Store, first, last int) error {
		defer step(last - first)
		return s.Fill(ctx, f.usersByName(first, last), nil)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("fill the store with users: %w", err)
	}
	f.users = size
	sessionBytes, err = f.insert(ctx, f.sessions, size, func(ctx context.Context, s *sqlite.Store, first, last int) error {
		defer step(last - first)
		sessions, err := f.sessionsByID(first, last)
		if err != nil {
			return err
		}
		return s.Fill(ctx, nil, sessions)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("fill the store with sessions: %w", err)
	}
	f.sessions = size
	return userBytes, sessionBytes, nil
}

// insert calls add for the numbers from first to last-1, up to fillStep at a time, and returns by how
// many bytes the file has grown for each.
func (f *filler) insert(ctx context.Context, first, last int, add func(ctx context.Context, s *sqlite.Store, first, last int) error) (bytes float64, err error) {
	before, err := fileSize(f.path)
	if err != nil {
		return 0, err
	}
	store, err := sqlite.Open(ctx, f.path)
	if err != nil {
		return 0, err
	}
	for from := first; from < last && err == nil; from += fillStep {
		err = add(ctx, store, from, min(from+fillStep, last))
	}
	if err := errors.Join(err, store.Close()); err != nil {
		return 0, err
	}
	after, err := fileSize(f.path)
	return float64(after-before) / float64(max(last-first, 1)), err
}

// usersByName are users in the order of their names, which most of their indexes have.
func (f *filler) usersByName(first, last int) (all []storage.User) {
	for n := first; n < last; n++ {
		all = append(all, f.user(n))
	}
	slices.SortFunc(all, func(a, b storage.User) int { return strings.Compare(a.Username, b.Username) })
	return all
}

func (f *filler) sessionsByID(first, last int) (all []storage.Session, err error) {
	for n := first; n < last; n++ {
		s, err := f.session(n)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b storage.Session) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// filledName is the name of a user: the names are spread evenly, and so are their first
// letters.
func filledName(n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "user %d", n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
}

// user is a user as most are: with a name, an e-mail and the role that all have.
func (f *filler) user(n int) storage.User {
	name, created := filledName(n), storage.Time(f.now().Add(-filledFor))
	return storage.User{
		ID: f.userID(n), Username: name, Email: name + "@example.org", EmailVerified: true, FullName: "User " + name,
		Roles: []string{role.User}, PasswordHash: f.hash, Version: 1, CreatedAt: created, UpdatedAt: created,
	}
}

// userID is a UUID of version 7 in form, the same one whenever it is asked for.
func (f *filler) userID(n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "id %d", n))
	return fmt.Sprintf("%08x-%04x-7%03x-a%03x-%012x", 0x19000000+n/64, sum[0:2], uint16(sum[2])<<4|uint16(sum[3])>>4, uint16(sum[4])<<4|uint16(sum[5])>>4, sum[6:12])
}

// session is a session as a login leaves it after some refreshes. Its tokens are known to
// nobody.
func (f *filler) session(n int) (storage.Session, error) {
	id, err := random.Text(f.random, filledIDBytes)
	if err != nil {
		return storage.Session{}, err
	}
	now := storage.Time(f.now())
	begun := now.Add(-filledWithin)
	return storage.Session{
		ID: id, UserID: f.userID(n), ClientID: f.client, Scopes: []string{benchScope}, Generation: int64(n % 100),
		CreatedAt: begun, AuthTime: begun, RotatedAt: now.Add(-time.Duration(n%1000) * filledWithin / 1000), ExpiresAt: now.Add(filledFor),
		StatusIndex: int64(n) + 1, Device: "Firefox on Linux", Network: "192.0.2.0/24", Roles: []string{role.User}, AMR: []string{"pwd"},
	}, nil
}

// sample returns so many users, spread over all that are filled in, and prefixes of their names.
func (f *filler) sample(count int) (users []bench.User, prefixes []string) {
	count = min(count, f.users)
	for n := range count {
		name := filledName(n * f.users / count)
		users = append(users, bench.User{Name: name, Password: f.password})
		prefixes = append(prefixes, name[:2])
	}
	return users, prefixes
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
