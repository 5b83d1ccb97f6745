package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// rawDB opens the file beside the store, as another program would.
func rawDB(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // so that a transaction spans calls
	t.Cleanup(func() { db.Close() })
	return db
}

func sqlExec(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// wantOpenError demands that Open fails, with one of want if any are given, and changes
// nothing in the directory.
func wantOpenError(t *testing.T, what, path string, want ...error) error {
	t.Helper()
	before := contents(t, filepath.Dir(path))
	s, err := sqlite.Open(t.Context(), path)
	if err == nil {
		s.Close()
	}
	if err == nil {
		t.Fatalf("Open of %s succeeded", what)
	}
	if len(want) > 0 && !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
		t.Errorf("Open of %s: got %v, want %v", what, err, want)
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("Open of %s: %v does not name the file", what, err)
	}
	after := contents(t, filepath.Dir(path))
	for name, was := range before {
		if !strings.HasSuffix(name, "-shm") && !bytes.Equal(was, after[name]) {
			t.Errorf("Open of %s changed %s", what, name)
		}
	}
	return err
}

func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, e := range entries {
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestRefusesForeignFiles(t *testing.T) {
	for name, content := range map[string]string{
		"one byte":      "x",
		"a short text":  "SQLite format 3\x00",
		"a text":        strings.Repeat("dear diary, ", 100),
		"zeros":         strings.Repeat("\x00", 4096),
		"another magic": "SQLite format 4\x00" + strings.Repeat("\x00", 4080),
	} {
		path := newPath(t)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := wantOpenError(t, name, path, sqlite.ErrForeign); errors.Is(err, sqlite.ErrDamaged) {
			t.Errorf("%s: never Signet's, and yet %v", name, err)
		}
	}
}

func TestRefusesForeignDatabases(t *testing.T) {
	for name, statements := range map[string][]string{
		"another program's":         {"PRAGMA application_id = 252006674", "CREATE TABLE t (x)"},
		"an anonymous program's":    {"CREATE TABLE users (id TEXT PRIMARY KEY)"},
		"a program's with our name": {"PRAGMA user_version = 1", "CREATE TABLE users (id TEXT PRIMARY KEY)"},
		"one in WAL mode":           {"PRAGMA journal_mode = WAL", "CREATE TABLE t (x)"},
	} {
		path := newPath(t)
		db := rawDB(t, path)
		sqlExec(t, db, statements...)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		wantOpenError(t, name, path, sqlite.ErrForeign)
	}
}

func TestRefusesFutureSchema(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	createRole(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := rawDB(t, path)
	sqlExec(t, db, "PRAGMA user_version = 4711")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var future *storage.SchemaError
	err := wantOpenError(t, "a future schema", path)
	if !errors.As(err, &future) || future.Found != 4711 || future.Known < 1 {
		t.Fatalf("Open: got %v, want a SchemaError of 4711", err)
	}
}

// filled makes a database of some pages and returns its path and its bytes.
func filled(t *testing.T) (path string, content []byte) {
	t.Helper()
	path = newPath(t)
	s := open(t, path)
	ctx := t.Context()
	for n := range 30 {
		id := fmt.Sprintf("%03d-%s", n, strings.Repeat("x", 300))
		for _, err := range []error{
			s.CreateSession(ctx, storage.Session{ID: id, UserID: id}),
			s.InsertKey(ctx, storage.Key{Seq: int64(n + 1), KID: id, Sealed: []byte(id)}),
			s.CreateClient(ctx, storage.Client{ID: id}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, content
}

func TestRefusesTruncated(t *testing.T) {
	path, content := filled(t)
	const page = 4096
	for _, size := range []int{1, 50, 99, 100, 512, page - 1, page, page + 1, 3 * page, len(content) / 2, len(content) - page, len(content) - 1} {
		if err := os.WriteFile(path, content[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		want := []error{sqlite.ErrDamaged}
		if size < 100 {
			want = append(want, sqlite.ErrForeign) // too short to tell whose it was
		}
		wantOpenError(t, fmt.Sprintf("the first %d bytes", size), path, want...)
	}
}

// Every page of a small database is looked at; what lies between records may
// change without harm, so the pages' heads are spoilt.
func TestRefusesBrokenPages(t *testing.T) {
	path, content := filled(t)
	const page = 4096
	for at := page; at < len(content); at += page {
		broken := bytes.Clone(content)
		copy(broken[at:], "\xde\xad\xbe\xef\xde\xad\xbe\xef")
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		wantOpenError(t, fmt.Sprintf("a broken page %d", at/page+1), path, sqlite.ErrDamaged)
	}
}

// A broken database with a log beside it, as a crash leaves it, is not touched
// either: closing must not move the log into it.
func TestRefusesBrokenBesideLog(t *testing.T) {
	path, content := filled(t)
	s := open(t, path)
	createRole(t, s, "a")
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	crashed := newPath(t)
	broken := bytes.Clone(content)
	copy(broken[len(broken)-4096:], "\xde\xad\xbe\xef\xde\xad\xbe\xef")
	for name, data := range map[string][]byte{crashed: broken, crashed + "-wal": wal} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wantOpenError(t, "a broken page with a log", crashed, sqlite.ErrDamaged)
}

// Damage that is met later is ErrUnavailable, never ErrNotFound.
func TestDamageWhileOpen(t *testing.T) {
	path, content := filled(t)
	s := open(t, path)
	createRole(t, s, "a") // so that readers look afresh
	broken := bytes.Clone(content)
	for at := 4096; at < len(broken); at += 4096 {
		copy(broken[at:], "\xde\xad\xbe\xef\xde\xad\xbe\xef")
	}
	if err := os.WriteFile(path, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Session(t.Context(), "session")
	if !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Session: got %v, want ErrUnavailable", err)
	}
	if err := s.CreateSession(t.Context(), storage.Session{ID: "session"}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("CreateSession: got %v, want ErrUnavailable", err)
	}
}
