package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"example.org/signet/storage"
)

// settle runs a statement as a step of the writer.
func settle(t *testing.T, s *Store, q string) {
	t.Helper()
	if _, err := write(t.Context(), s, "settle", func(tx *tx) (none struct{}, err error) {
		return none, tx.conn.script(t.Context(), q)
	}); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// With the disk full writes have an unknown outcome, reading goes on, nothing is torn,
// and when there is room again all is well.
func TestDiskFull(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	create := func(n int) error {
		name := fmt.Sprintf("user-%04d", n)
		return s.CreateUser(ctx, storage.User{ID: name, Username: name, Email: name + "@", FullName: strings.Repeat("x", 1000)})
	}
	if err := create(0); err != nil {
		t.Fatal(err)
	}
	pages, err := pragma[int](ctx, s.writer.conn, "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	settle(t, s, fmt.Sprintf("PRAGMA max_page_count = %d", pages+5))

	created := 1
	for ; created < 1000; created++ {
		if err = create(created); err != nil {
			break
		}
	}
	if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), "full") {
		t.Fatalf("after %d users: got %v, want ErrUnavailable of a full disk", created, err)
	}
	for range 5 { // and again, which must not find a transaction left open
		if err := create(created); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("CreateUser: got %v, want ErrUnavailable", err)
		}
	}
	if err := s.Ping(ctx); err != nil {
		t.Errorf("Ping: %v", err)
	}
	wantUsers(t, s, created)

	settle(t, s, "PRAGMA max_page_count = 1000000")
	if err := create(created); err != nil {
		t.Errorf("CreateUser with room again: %v", err)
	}
	wantUsers(t, s, created+1)
	if result, err := pragma[string](ctx, s.writer.conn, "PRAGMA integrity_check"); err != nil || result != "ok" {
		t.Errorf("integrity_check: %s, %v", result, err)
	}
}

// wantUsers demands that many users, each with both logins and no login more.
func wantUsers(t *testing.T, s *Store, want int) {
	t.Helper()
	page, err := s.ListUsers(t.Context(), storage.UserFilter{}, storage.Page{Limit: storage.MaxPage})
	if err != nil || len(page.Users) != want {
		t.Errorf("ListUsers: %d, %v, want %d", len(page.Users), err, want)
	}
	logins, err := pragma[int](t.Context(), s.writer.conn, "SELECT count(*) FROM logins JOIN users ON user_id = id AND name IN (username, email)")
	if err != nil || logins != 2*want {
		t.Errorf("%d logins belong to a user, %v, want %d", logins, err, 2*want)
	}
	if all, err := pragma[int](t.Context(), s.writer.conn, "SELECT count(*) FROM logins"); err != nil || all != logins {
		t.Errorf("%d logins, %v, want %d", all, err, logins)
	}
}

func logSize(t *testing.T, s *Store) int64 {
	t.Helper()
	info, err := os.Stat(s.Path() + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// The log grows while somebody keeps reading an old state, and shrinks when that
// is over. Nobody fails meanwhile.
func TestLogIsBounded(t *testing.T) {
	s := openTest(t)
	const limit = 256 << 10
	if _, err := write(t.Context(), s, "set the limit", func(*tx) (int, error) {
		s.writer.walLimit, s.writer.walNext = limit, limit
		return 0, nil
	}); err != nil {
		t.Fatal(err)
	}
	settle(t, s, "PRAGMA wal_autocheckpoint = 0") // as if no moment were ever right
	fill := func(kind string) {
		t.Helper()
		for n := range 60 {
			name := fmt.Sprint(kind, n)
			if err := s.CreateRole(t.Context(), storage.Role{Name: name, Description: strings.Repeat("x", 8000)}); err != nil {
				t.Fatalf("CreateRole: %v", err)
			}
		}
	}
	fill("alone")
	if size := logSize(t, s); size > limit+100<<10 {
		t.Errorf("the log has %d bytes with nobody reading, its limit is %d", size, limit)
	}

	reader, err := s.readers.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), reader, "BEGIN"); err != nil {
		t.Fatal(err)
	}
	before, err := pragma[int](t.Context(), reader, "SELECT count(*) FROM roles")
	if err != nil {
		t.Fatal(err)
	}
	fill("watched")
	if size := logSize(t, s); size < limit {
		t.Errorf("the log has %d bytes though it is being read", size)
	}
	if after, err := pragma[int](t.Context(), reader, "SELECT count(*) FROM roles"); err != nil || after != before {
		t.Errorf("the reader saw %d roles, then %d, %v", before, after, err)
	}
	if err := run(t.Context(), reader, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	s.readers.release(reader)
	fill("alone again")
	if size := logSize(t, s); size > limit+100<<10 {
		t.Errorf("the log has %d bytes after the reader left, its limit is %d", size, limit)
	}
}
