package sqlite_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// A history is what a store went through up to a power cut: its two files, and
// how long the log was when each step had been answered.
type history struct {
	db, wal  []byte
	answered []int64
}

// The steps in turn: a refresh, a login, a new user (who has rows in two tables).
func step(t *testing.T, s storage.Store, n int) {
	t.Helper()
	var err error
	switch n % 3 {
	case 0:
		_, err = s.RotateSession(t.Context(), storage.Rotation{SessionID: "first", From: int64(n / 3), At: start.Add(time.Minute)})
	case 1:
		err = s.CreateSession(t.Context(), storage.Session{ID: fmt.Sprintf("session-%03d", n/3)})
	case 2:
		name := fmt.Sprintf("user-%03d", n/3)
		err = s.CreateUser(t.Context(), storage.User{ID: name, Username: name, Email: name + "@example.org"})
	}
	if err != nil {
		t.Fatalf("step %d: %v", n, err)
	}
}

const steps = 36

// runWorkload plays all steps on a database whose beginning is no longer in the log.
func runWorkload(t *testing.T) (h history) {
	t.Helper()
	path := newPath(t)
	s := open(t, path)
	session := storage.Session{ID: "first", RotatedAt: start, ExpiresAt: start.Add(time.Hour)}
	if err := s.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	other := rawDB(t, path)
	sqlExec(t, other, "PRAGMA wal_checkpoint(TRUNCATE)")
	for n := range steps {
		step(t, s, n)
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		h.answered = append(h.answered, info.Size())
	}
	files := contents(t, filepath.Dir(path))
	h.db, h.wal = files["signet.db"], files["signet.db-wal"]
	return h
}

// answeredBy is how many steps had been answered when the log had n bytes.
func (h history) answeredBy(n int64) (count int) {
	for _, size := range h.answered {
		if size <= n {
			count++
		}
	}
	return count
}

// recover starts on the files and returns how many steps it finds. They have to
// be the first ones, each wholly there.
func recoverSteps(t *testing.T, db, wal []byte) int {
	t.Helper()
	path := newPath(t)
	for name, data := range map[string][]byte{path: db, path + "-wal": wal} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open after a power cut: %v", err)
	}
	defer s.Close()
	ctx, all := t.Context(), storage.Page{Limit: storage.MaxPage}
	first, err := s.Session(ctx, "first")
	if err != nil {
		t.Fatalf("Session: %v", err)
	}
	sessions, err := s.ListSessions(ctx, storage.SessionFilter{}, all)
	if err != nil {
		t.Fatalf("ListSessions: %v", err)
	}
	users, err := s.ListUsers(ctx, storage.UserFilter{}, all)
	if err != nil {
		t.Fatalf("ListUsers: %v", err)
	}
	for _, u := range users.Users {
		for _, login := range []string{u.Username, u.Email} {
			if got, err := s.UserByLogin(ctx, login); err != nil || got.ID != u.ID {
				t.Errorf("UserByLogin %s: %v, %v", login, got.ID, err)
			}
		}
	}
	counts := [3]int{int(first.Generation), len(sessions.Sessions) - 1, len(users.Users)}
	found := counts[0] + counts[1] + counts[2]
	if want := [3]int{(found + 2) / 3, (found + 1) / 3, found / 3}; counts != want {
		t.Errorf("found %v of each kind, which is no beginning of the history", counts)
	}
	if found < steps {
		step(t, s, found) // it goes on where it was
	}
	return found
}

// The log ends at any byte: what was answered before that is there.
func TestPowerCut(t *testing.T) {
	h := runWorkload(t)
	random := rand.New(rand.NewPCG(1, 2))
	cuts := []int64{0, 1, 31, 32, 33}
	for _, size := range h.answered[:8] {
		cuts = append(cuts, size-1, size, size+1)
	}
	for range 30 {
		cuts = append(cuts, random.Int64N(int64(len(h.wal))))
	}
	cuts = append(cuts, int64(len(h.wal)))
	for _, cut := range cuts {
		found, want := recoverSteps(t, h.db, h.wal[:cut]), h.answeredBy(cut)
		if found != want {
			t.Errorf("cut at byte %d of %d: found %d steps, %d had been answered", cut, len(h.wal), found, want)
		}
	}
}

// The log is there but for a sector that was never written: it ends before it.
func TestPowerCutHole(t *testing.T) {
	h := runWorkload(t)
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		at := random.Int64N(int64(len(h.wal))) &^ 511
		wal := bytes.Clone(h.wal)
		hole := wal[at:min(at+512, int64(len(wal)))]
		for i := range hole {
			hole[i] ^= 0x5a
		}
		if found, want := recoverSteps(t, h.db, wal), h.answeredBy(at); found < want || found >= steps {
			t.Errorf("hole at byte %d of %d: found %d steps, %d had been answered", at, len(h.wal), found, want)
		}
	}
}

// The power goes while the log is moved into the database: any of its pages may
// have arrived, the log has them all.
func TestPowerCutInCheckpoint(t *testing.T) {
	h := runWorkload(t)
	path := newPath(t)
	for name, data := range map[string][]byte{path: h.db, path + "-wal": h.wal} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	moved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 10 {
		half := bytes.Clone(moved[:len(h.db)+random.IntN(len(moved)-len(h.db)+1)])
		for at := 0; at < len(h.db); at += 512 {
			if random.IntN(2) == 0 {
				copy(half[at:at+512], h.db[at:])
			}
		}
		if found := recoverSteps(t, half, h.wal); found != steps {
			t.Errorf("found %d steps of %d", found, steps)
		}
	}
}
