package sqlite_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// A write waits for another program's, and happens when that is over.
func TestBusyIsWaitedFor(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	other := rawDB(t, path)
	sqlExec(t, other, "BEGIN IMMEDIATE")
	answer := make(chan error, 1)
	go func() { answer <- s.CreateRole(context.Background(), storage.Role{Name: "a"}) }()
	select {
	case err := <-answer:
		t.Fatalf("CreateRole did not wait: %v", err)
	case <-time.After(30 * time.Millisecond):
	}
	if _, err := s.Role(t.Context(), "a"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a reader meanwhile: %v", err)
	}
	sqlExec(t, other, "COMMIT")
	if err := <-answer; err != nil {
		t.Errorf("CreateRole: %v", err)
	}
}

func TestBusyTooLong(t *testing.T) {
	path := newPath(t)
	s := open(t, path, sqlite.BusyTimeout(20*time.Millisecond))
	other := rawDB(t, path)
	sqlExec(t, other, "BEGIN IMMEDIATE")
	if err := s.CreateRole(t.Context(), storage.Role{Name: "a"}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("CreateRole: got %v, want ErrUnavailable", err)
	}
	sqlExec(t, other, "COMMIT")
	if _, err := s.Role(t.Context(), "a"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Role: %v", err)
	}
	createRole(t, s, "a")
}

// A caller's own deadline ends the wait, and the write never happens.
func TestBusyBeyondTheDeadline(t *testing.T) {
	path := newPath(t)
	s := open(t, path, sqlite.BusyTimeout(time.Hour))
	other := rawDB(t, path)
	sqlExec(t, other, "BEGIN IMMEDIATE")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := s.CreateRole(ctx, storage.Role{Name: "a"})
	if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("CreateRole: got %v, want ErrUnavailable and the deadline", err)
	}
	sqlExec(t, other, "COMMIT")
	createRole(t, s, "b")
	if _, err := s.Role(t.Context(), "a"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Role: %v", err)
	}
}

// Close does not wait for the other program.
func TestBusyClose(t *testing.T) {
	path := newPath(t)
	s := open(t, path, sqlite.BusyTimeout(time.Hour))
	other := rawDB(t, path)
	sqlExec(t, other, "BEGIN IMMEDIATE")
	answer := make(chan error, 1)
	go func() { answer <- s.CreateRole(context.Background(), storage.Role{Name: "a"}) }()
	time.Sleep(10 * time.Millisecond) // most likely it is waiting by now; if not it will find the store closed
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-answer; !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("CreateRole: got %v, want ErrUnavailable", err)
	}
	sqlExec(t, other, "COMMIT")
}

// Starting needs no lock where there is nothing to set up, so a command starts
// beside a busy server.
func TestOpenWhileBusy(t *testing.T) {
	path := newPath(t)
	createRole(t, open(t, path), "a")
	other := rawDB(t, path)
	sqlExec(t, other, "BEGIN IMMEDIATE", "DELETE FROM roles")
	s := open(t, path, sqlite.BusyTimeout(time.Millisecond))
	if _, err := s.Role(t.Context(), "a"); err != nil {
		t.Errorf("Role: %v", err)
	}
	sqlExec(t, other, "ROLLBACK")
}

// A place that is being set up by a program that hangs is a clear error.
func TestFirstOpenWhileBusy(t *testing.T) {
	path := newPath(t)
	other := rawDB(t, path)
	sqlExec(t, other, "BEGIN EXCLUSIVE")
	s, err := sqlite.Open(t.Context(), path, sqlite.BusyTimeout(20*time.Millisecond))
	if err == nil {
		s.Close()
		t.Fatal("Open succeeded")
	}
	sqlExec(t, other, "ROLLBACK")
	createRole(t, open(t, path), "a")
}
