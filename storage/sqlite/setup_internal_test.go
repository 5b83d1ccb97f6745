package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	_ "modernc.org/sqlite" // the driver of database/sql, by which tests look at files as another program would
	sqlite3 "zombiezen.com/go/sqlite"

	"example.org/signet/internal/testdir"
)

func TestMigrationsAreNumbered(t *testing.T) {
	names, err := fs.Glob(migrationFiles, "migrations/*")
	if err != nil || len(names) != len(migrations) || len(names) == 0 {
		t.Fatalf("%d files for %d migrations, %v", len(names), len(migrations), err)
	}
	for i, name := range names {
		if !strings.HasPrefix(filepath.Base(name), fmt.Sprintf("%04d_", i+1)) {
			t.Errorf("migration %d is the file %s", i+1, name)
		}
		if last := strings.TrimSpace(migrations[i]); !strings.HasSuffix(last, fmt.Sprintf("PRAGMA user_version = %d;", i+1)) {
			t.Errorf("%s does not end by setting its version", name)
		}
	}
	texts := readMigrations(fstest.MapFS{
		"migrations/0002_b.sql": {Data: []byte("second")},
		"migrations/0001_a.sql": {Data: []byte("first")},
		"migrations/0010_c.sql": {Data: []byte("third")},
	})
	if fmt.Sprint(texts) != "[first second third]" {
		t.Errorf("migrations are read as %v", texts)
	}
}

// replaceMigrations lets a test play a program of another age.
func replaceMigrations(t testing.TB, texts ...string) {
	old := migrations
	t.Cleanup(func() { migrations = old })
	migrations = texts
}

func version(t *testing.T, path string) (version, tables int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	return version, tables
}

func openClose(t testing.TB, path string) error {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		return err
	}
	return s.Close()
}

// A newer program adds what an older one did not know, once, and keeps the rest;
// a migration that fails leaves nothing behind.
func TestMigrationsGoOn(t *testing.T) {
	path := filepath.Join(testdir.New(t), "signet.db")
	if err := openClose(t, path); err != nil {
		t.Fatal(err)
	}
	first, tables := version(t, path)
	older := migrations[:len(migrations):len(migrations)]
	reaching := func(n int, text string) string { return fmt.Sprintf("%s; PRAGMA user_version = %d;", text, first+n) }

	next := reaching(1, "CREATE TABLE more (x TEXT) STRICT; INSERT INTO more VALUES ('kept')")
	replaceMigrations(t, append(older, next, "CREATE TABLE even_more (x TEXT) STRICT; CREATE TABLE users (id TEXT);")...)
	if err := openClose(t, path); err == nil || !strings.Contains(err.Error(), fmt.Sprint("migration ", first+2)) {
		t.Errorf("Open with a migration that fails: %v", err)
	}
	if v, n := version(t, path); v != first+1 || n != tables+1 {
		t.Errorf("after a failed migration: version %d with %d tables, want %d with %d", v, n, first+1, tables+1)
	}
	migrations = append(older, next, reaching(2, "CREATE TABLE even_more (x TEXT) STRICT"))
	for range 2 {
		if err := openClose(t, path); err != nil {
			t.Errorf("Open: %v", err)
		}
	}
	if v, n := version(t, path); v != first+2 || n != tables+2 {
		t.Errorf("version %d with %d tables, want %d with %d", v, n, first+2, tables+2)
	}
	migrations = append(older, next, reaching(2, ""), reaching(9, "CREATE TABLE t (x)"))
	if err := openClose(t, path); err == nil || !strings.Contains(err.Error(), fmt.Sprint("migration ", first+3)) {
		t.Errorf("Open with a migration that sets another version: %v", err)
	}
}

// The claim is the file's first transaction; cut off anywhere before the schema
// is there, the next start goes on.
func TestSetUpCutOff(t *testing.T) {
	for steps := range 4 {
		path := filepath.Join(testdir.New(t), "signet.db")
		if err := createFile(path); err != nil {
			t.Fatal(err)
		}
		c, err := openConn(path, readWrite, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []func(context.Context, *conn) error{claimFile, enableWAL, setDurability}[:steps] {
			if err := step(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		// As a crash leaves it: copied, not closed.
		crashed := copyDatabase(t, path)
		_ = c.close()
		if err := openClose(t, crashed); err != nil {
			t.Errorf("Open after %d steps: %v", steps, err)
		}
		if v, _ := version(t, crashed); v != len(migrations) {
			t.Errorf("version %d after Open", v)
		}
	}
}

func copyDatabase(t *testing.T, path string) (copied string) {
	t.Helper()
	copied = filepath.Join(testdir.New(t), "signet.db")
	for _, suffix := range []string{"", "-wal", "-journal"} {
		data, err := os.ReadFile(path + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(copied+suffix, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

// A first transaction that was cut off in the middle of its commit leaves the
// first page, and a journal that says that the file was empty before.
func TestFirstTransactionCutOff(t *testing.T) {
	path := filepath.Join(testdir.New(t), "signet.db")
	if err := openClose(t, path); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	journal := make([]byte, 512)
	copy(journal, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7") // the magic of a journal
	binary.BigEndian.PutUint32(journal[20:], 512)     // bytes in a sector
	binary.BigEndian.PutUint32(journal[24:], 4096)    // bytes in a page
	if err := os.WriteFile(path+"-journal", journal, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openClose(t, path); err != nil {
		t.Errorf("Open: %v", err)
	}
	if v, tables := version(t, path); v != len(migrations) || tables == 0 {
		t.Errorf("version %d with %d tables after Open", v, tables)
	}
	if _, err := os.Stat(path + "-journal"); !os.IsNotExist(err) {
		t.Errorf("the journal is still there: %v", err)
	}
}

// The two spellings of the application id are one, and so is what the file says.
func TestApplicationID(t *testing.T) {
	path := filepath.Join(testdir.New(t), "signet.db")
	if err := openClose(t, path); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(setApplicationID), fmt.Sprintf("%#x", applicationID)) {
		t.Errorf("%q does not set %#x", setApplicationID, applicationID)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content[68:72]) != "Sgnt" {
		t.Errorf("the file's application id is %q, %v", content[68:72], err)
	}
}

func TestConnectionSettings(t *testing.T) {
	s := openTest(t)
	for q, want := range map[query]string{
		"PRAGMA journal_mode": "wal", "PRAGMA synchronous": "2", "PRAGMA fullfsync": "1", "PRAGMA checkpoint_fullfsync": "1",
		"PRAGMA busy_timeout": "0", "PRAGMA trusted_schema": "0", "PRAGMA cell_size_check": "1",
	} {
		got, err := pragma[string](t.Context(), s.writer.conn, q)
		if err != nil || got != want {
			t.Errorf("%s of the writer: %q, %v, want %q", q, got, err, want)
		}
	}
	short := openTest(t, BusyTimeout(70*time.Millisecond))
	reader, err := short.readers.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer short.readers.release(reader)
	if _, err := reader.exec("DELETE FROM roles"); resultCode(err) != sqlite3.ResultReadOnly {
		t.Errorf("a reader writes: %v", err)
	}
	if got, err := pragma[int](t.Context(), reader, "PRAGMA busy_timeout"); err != nil || got != 70 {
		t.Errorf("busy_timeout of a reader: %d, %v, want 70", got, err)
	}
}

// A file that may only be read is found out when the program starts.
func TestReadOnlyFileIsRefused(t *testing.T) {
	path := filepath.Join(testdir.New(t), "signet.db")
	if err := openClose(t, path); err != nil {
		t.Fatal(err)
	}
	c, err := openConn(path, readOnly, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := initialize(t.Context(), c, time.Second); resultCode(err) != sqlite3.ResultReadOnly {
		t.Errorf("setting up through a connection that cannot write: %v", err)
	}
}
