package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/signet/internal/mongotest"
	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
	"example.org/signet/storage/backup"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

var (
	start  = time.Date(2026, time.March, 1, 12, 30, 15, 123_000_000, time.UTC)
	later  = start.Add(24 * time.Hour)
	macKey = bytes.Repeat([]byte{7}, 32)
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openSQLite(t testing.TB) storage.Store {
	s, err := sqlite.Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openMongo(t testing.TB) storage.Store {
	s, err := mongo.Open(t.Context(), mongotest.URI(t), time.Now, mongo.WithTimeout(time.Minute))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fill puts records of the kinds that every store has into it, more than one of each.
func fill(t testing.TB, s storage.Store, many int) {
	t.Helper()
	ctx := t.Context()
	for n := range many {
		id := fmt.Sprintf("%05d", n)
		must(t, s.CreateUser(ctx, storage.User{
			ID: "u" + id, Username: "user " + id, Email: id + "@example.org", FullName: "<Ümläut> \u2028 & \"quote\"", Roles: []string{"user"},
			PasswordHash: "$argon2id$" + id, Attributes: `{"department":{"since":1,"value":"<Sales>"}}`, Epoch: int64(n), KeptSession: "s" + id, CreatedAt: start, UpdatedAt: start,
		}))
		must(t, s.CreateRole(ctx, storage.Role{Name: "r" + id, Scopes: []string{"a", "b"}, Rank: int64(n), CreatedAt: start, UpdatedAt: start}))
		must(t, s.CreateClient(ctx, storage.Client{
			ID: "c" + id, SecretHash: "hash", OldSecretHash: "old", OldSecretUntil: start, Grants: []string{"password"}, Epoch: 1 << 60, CreatedAt: start, UpdatedAt: start,
		}))
		session := storage.Session{
			ID: "s" + id, UserID: "u" + id, ClientID: "c" + id, Generation: 1<<32 - 1, Replays: 3, Device: "Firefox 140 on Linux", Network: "192.0.2.0/24",
			RotatedAt: start, CreatedAt: start, ExpiresAt: start.Add(time.Hour), AuthTime: start, StatusIndex: 1 << 40,
		}
		if n == 0 {
			session.RevokedAt, session.Reason = start, "logout"
		}
		must(t, s.CreateSession(ctx, session))
		must(t, s.RevokeToken(ctx, "j"+id, later))
		must(t, s.InsertKey(ctx, storage.Key{Seq: int64(n + 1), KID: "k" + id, Alg: "RS256", PublicJWK: []byte("{}"), Sealed: []byte{0, 255}, CreatedAt: start, RevokedAt: start}))
		must(t, s.AppendAudit(ctx, storage.AuditEvent{ID: "e" + id, At: start, Type: "login.succeeded"}))
	}
}

// all is what a view shows, on one page of each kind.
func all(t testing.TB, v storage.Snapshot) map[string]any {
	t.Helper()
	ctx, p := t.Context(), storage.Page{Limit: storage.MaxPage}
	users, err := v.ListUsers(ctx, storage.UserFilter{}, p)
	must(t, err)
	roles, err := v.ListRoles(ctx)
	must(t, err)
	clients, err := v.ListClients(ctx, p)
	must(t, err)
	sessions, err := v.ListSessions(ctx, storage.SessionFilter{}, p)
	must(t, err)
	revocations, err := v.ListRevocations(ctx, p)
	must(t, err)
	keys, err := v.ListKeys(ctx)
	must(t, err)
	audit, err := v.ListAudit(ctx, storage.AuditFilter{}, p)
	must(t, err)
	logos, err := v.ListClientLogos(ctx, p)
	must(t, err)
	texts, err := v.ListScopeTexts(ctx)
	must(t, err)
	consents, err := v.ListConsents(ctx, storage.ConsentFilter{}, p)
	must(t, err)
	browsers, err := v.ListBrowserSessions(ctx, storage.BrowserSessionFilter{}, p)
	must(t, err)
	messages, err := v.ListMessages(ctx, p)
	must(t, err)
	factors, err := v.ListUserFactors(ctx, p)
	must(t, err)
	schema, err := v.AttributeSchema(ctx)
	must(t, err)
	connectors, err := v.ListConnectors(ctx)
	must(t, err)
	links, err := v.ListUserLinks(ctx, "", p)
	must(t, err)
	return map[string]any{
		"connectors": connectors, "links": links.Links,
		"attributes": schema.Attributes,
		"logos":      logos.Logos, "texts": texts, "consents": consents.Consents, "browsers": browsers.Sessions, "messages": messages.Messages, "factors": factors.Factors,
		"users": users.Users, "roles": roles, "clients": clients.Clients, "sessions": sessions.Sessions,
		"revocations": revocations.Revocations, "keys": keys, "audit": audit.Events,
	}
}

func write(t testing.TB, s storage.Store) []byte {
	t.Helper()
	v, err := s.Snapshot(t.Context())
	must(t, err)
	defer func() { must(t, v.Close()) }()
	var b bytes.Buffer
	_, err = backup.Write(t.Context(), &b, v, macKey, later)
	must(t, err)
	return b.Bytes()
}

func restore(ctx context.Context, b []byte, into storage.Store, replace bool) error {
	s, err := backup.Check(bytes.NewReader(b), macKey)
	if err != nil {
		return err
	}
	_, err = backup.Restore(ctx, bytes.NewReader(b), macKey, s.Header, into, replace, later)
	return err
}

// Everything comes back, on either backend, from either; only the sessions are
// over, and the epoch is above all that was.
func TestRoundTrip(t *testing.T) {
	backends := map[string]func(testing.TB) storage.Store{"SQLite": openSQLite, "MongoDB": openMongo}
	for from, openFrom := range backends {
		for to, openTo := range backends {
			t.Run(from+" to "+to, func(t *testing.T) {
				source, target := openFrom(t), openTo(t)
				fill(t, source, 3)
				fillSignIn(t, source, 3)
				for range 4 {
					_, err := source.RaiseEpoch(t.Context(), storage.EpochRaise{At: start})
					must(t, err)
				}
				must(t, restore(t.Context(), write(t, source), target, false))
				want, got := all(t, source), all(t, target)
				endAll(want)
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("restored (-want +got):\n%s", diff)
				}
				if e, err := target.Epoch(t.Context()); err != nil || e.Number <= 4 || e.Incomplete || !e.Since.Equal(later) {
					t.Errorf("the epoch is %+v, %v", e, err)
				}
			})
		}
	}
}

// More than a page of each kind.
func TestManyPages(t *testing.T) {
	source, target := openSQLite(t), openSQLite(t)
	var events []storage.AuditEvent
	for n := range 2*storage.MaxPage + 10 {
		must(t, source.RevokeToken(t.Context(), fmt.Sprintf("%05d", n), later))
		events = append(events, storage.AuditEvent{ID: fmt.Sprintf("%05d", n), At: start, Type: "login.succeeded"})
	}
	must(t, source.AppendAudit(t.Context(), events...))
	b := write(t, source)
	must(t, restore(t.Context(), b, target, false))
	if again := write(t, target); bytes.Count(again, []byte("\n")) != bytes.Count(b, []byte("\n")) {
		t.Errorf("%d lines became %d", bytes.Count(b, []byte("\n")), bytes.Count(again, []byte("\n")))
	}
}

// A view is of one moment: what is written while a backup runs is not in it.
func TestSnapshotIsConsistent(t *testing.T) {
	s := openSQLite(t)
	fill(t, s, 2)
	v, err := s.Snapshot(t.Context())
	must(t, err)
	defer v.Close()
	before := all(t, v)
	must(t, s.DeleteUser(t.Context(), "u00000", 0))
	must(t, s.RevokeToken(t.Context(), "new", later))
	if diff := cmp.Diff(before, all(t, v)); diff != "" {
		t.Errorf("the view moved:\n%s", diff)
	}
}

// Whatever is changed, cut off or added anywhere is noticed before anything is
// restored.
func TestDamageIsNoticed(t *testing.T) {
	s := openSQLite(t)
	fill(t, s, 1)
	whole := write(t, s)
	if _, err := backup.Check(bytes.NewReader(whole), macKey); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, b []byte) {
		t.Helper()
		if _, err := backup.Check(bytes.NewReader(b), macKey); err == nil {
			t.Errorf("%s passes", what)
		}
	}
	for n := range whole {
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		if bytes.Equal(bytes.TrimRight(changed, "\n\v"), bytes.TrimRight(whole, "\n")) {
			continue // the last line end is of no account
		}
		refused(fmt.Sprintf("byte %d changed", n), changed)
		if n < len(whole)-1 {
			refused(fmt.Sprintf("cut at byte %d", n), whole[:n])
		}
	}
	refused("a doubled backup", append(bytes.Clone(whole), whole...))
	refused("a line too long", append(bytes.Clone(whole[:100]), bytes.Repeat([]byte("x"), 5<<20)...))
	lines := strings.SplitAfter(string(whole), "\n")
	refused("a line left out", []byte(strings.Join(append(lines[:2:2], lines[3:]...), "")))
}

func TestForeignFiles(t *testing.T) {
	whole := write(t, openSQLite(t))
	for what, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":       {nil, backup.ErrForeign},
		"SQLite":        {[]byte("SQLite format 3\x00"), backup.ErrForeign},
		"other JSON":    {[]byte(`{"users":[]}` + "\n"), backup.ErrForeign},
		"an array":      {[]byte(`[]` + "\n"), backup.ErrForeign},
		"format 0":      {[]byte(`{"signet_backup":0}` + "\n"), backup.ErrForeign},
		"unknown head":  {[]byte(`{"signet_backup":1,"more":1}` + "\n"), backup.ErrDamaged},
		"unknown field": {[]byte(`{"signet_backup":1}` + "\n" + `{"user":{"Power":1}}` + "\n"), backup.ErrDamaged},
		"no end":        {whole[:bytes.IndexByte(whole, '\n')+1], backup.ErrDamaged},
	} {
		if _, err := backup.Check(bytes.NewReader(c.b), macKey); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if _, err := backup.Check(bytes.NewReader(whole), bytes.Repeat([]byte{8}, 32)); !errors.Is(err, backup.ErrWrongMasterKey) {
		t.Errorf("another master key: %v", err)
	}
	var newer *backup.FormatError
	if _, err := backup.Check(strings.NewReader(`{"signet_backup":6,"what":"ever"}`), macKey); !errors.As(err, &newer) || newer.Found != 6 {
		t.Errorf("a newer format: %v", err)
	}
}

// After a restore no new session gets a place in a status list that a restored
// session has one in, or that the store had before.
func TestNewSessionsShareNoPlaceWithRestoredOnes(t *testing.T) {
	const size = storage.StatusListSize
	for name, lists := range map[string]struct {
		before func(storage.Store) error
		newest int64
	}{
		"an empty store":           {func(storage.Store) error { return nil }, 3},
		"a store that was started": {func(s storage.Store) error { return s.AddStatusList(t.Context(), 1) }, 3},
		"a store that was used": {func(s storage.Store) error {
			_, err := s.LeaseStatus(t.Context(), storage.StatusLeaseSize, start)
			return errors.Join(err, s.AddStatusList(t.Context(), 2), s.AddStatusList(t.Context(), 5))
		}, 5},
	} {
		for kind, open := range map[string]func(testing.TB) storage.Store{"SQLite": openSQLite, "MongoDB": openMongo} {
			t.Run(name+" on "+kind, func(t *testing.T) {
				from := openSQLite(t)
				for id, s := range map[string]storage.Session{"a": {StatusIndex: size + 70_000}, "b": {StatusIndex: 2*size + 5, RetiredIndex: 3*size + 9}} {
					s.ID, s.CreatedAt, s.ExpiresAt = id, start, later
					must(t, from.CreateSession(t.Context(), s))
				}
				into := open(t)
				must(t, lists.before(into))
				must(t, restore(t.Context(), write(t, from), into, true))
				for range 2 {
					first, err := into.LeaseStatus(t.Context(), storage.StatusLeaseSize, later)
					if err != nil || first/size <= lists.newest {
						t.Errorf("new sessions get places in list %d, %v; want one after %d", first/size, err, lists.newest)
					}
				}
			})
		}
	}
}

func TestOnlyIntoAnEmptyStore(t *testing.T) {
	source, target := openSQLite(t), openSQLite(t)
	fill(t, source, 2)
	b := write(t, source)
	must(t, target.CreateUser(t.Context(), storage.User{ID: "other", Username: "user 00000"}))
	before := all(t, target)
	if err := restore(t.Context(), b, target, false); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("into a store with a user: %v", err)
	}
	if diff := cmp.Diff(before, all(t, target)); diff != "" {
		t.Errorf("a refused restore changed:\n%s", diff)
	}
	must(t, restore(t.Context(), b, target, true))
	must(t, restore(t.Context(), b, target, true)) // again, as after one that was cut off
	if _, err := target.User(t.Context(), "other"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("what was replaced is still there: %v", err)
	}
	if e, err := target.Epoch(t.Context()); err != nil || e.Number != 4 {
		t.Errorf("the epoch is %+v, %v", e, err)
	}
}

// failing breaks while it is filled.
type failing struct{ storage.Store }

func (failing) CreateSession(context.Context, storage.Session) error {
	return storage.Unavailable("test", errors.New("cut"))
}

// A restore that did not end leaves a store that says so.
func TestInterruptedRestoreIsIncomplete(t *testing.T) {
	source, target := openSQLite(t), openSQLite(t)
	fill(t, source, 5)
	b := write(t, source)
	if err := restore(t.Context(), b, failing{target}, false); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a restore that was cut: %v", err)
	}
	if e, err := target.Epoch(t.Context()); err != nil || !e.Incomplete {
		t.Errorf("the epoch is %+v, %v, want incomplete", e, err)
	}
	must(t, restore(t.Context(), b, target, true))
	if e, err := target.Epoch(t.Context()); err != nil || e.Incomplete {
		t.Errorf("the epoch is %+v, %v, want complete", e, err)
	}
}
