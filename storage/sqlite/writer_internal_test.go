package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
)

func openTest(t *testing.T, opts ...Option) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"), opts...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// blockWriter keeps the writer inside a transaction until release is called.
func blockWriter(t *testing.T, s *Store) (release func()) {
	t.Helper()
	inside, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := write(context.Background(), s, "hold", func(*tx) (bool, error) {
			close(inside)
			<-free
			return true, nil
		})
		done <- err
	}()
	<-inside
	var once sync.Once
	release = func() {
		once.Do(func() {
			close(free)
			if err := <-done; err != nil {
				t.Errorf("the step that held the writer: %v", err)
			}
		})
	}
	t.Cleanup(release)
	return release
}

// queue puts a step into the queue and lets somebody wait for it.
func queue(ctx context.Context, s *Store, multi bool, step func(*tx) error) (answer <-chan error) {
	out := make(chan error, 1)
	j := newJob(multi, step)
	if err := s.writer.enqueue(ctx, j); err != nil {
		out <- outcome("step", err)
		return out
	}
	go func() { out <- outcome("step", s.writer.wait(ctx, j)) }()
	return out
}

func insertRole(name string) func(*tx) error {
	return func(t *tx) error {
		_, err := t.exec("INSERT INTO roles ("+roleTable.names+") VALUES (?, '', '[]', 0, 0, 1, 0, 0, '', 0, '')", name)
		return err
	}
}

func wantRoles(t *testing.T, s *Store, want ...string) {
	t.Helper()
	all, err := s.ListRoles(t.Context())
	if err != nil {
		t.Fatalf("ListRoles: %v", err)
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	if fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("the store has the roles %v, want %v", names, want)
	}
}

// commits counts the commits in the log: the frames that carry the size of the
// database. The log must not have started anew.
func commits(t *testing.T, s *Store) (n int) {
	t.Helper()
	log, err := os.ReadFile(s.Path() + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	const header, frame = 32, 24 + 4096
	for at := header; at+frame <= len(log); at += frame {
		if binary.BigEndian.Uint32(log[at+4:]) != 0 {
			n++
		}
	}
	return n
}

func TestWriterGroupsCommits(t *testing.T) {
	s := openTest(t)
	before := commits(t, s)
	release := blockWriter(t, s)
	var answers []<-chan error
	for n := range 100 {
		answers = append(answers, queue(t.Context(), s, false, insertRole(fmt.Sprintf("role-%02d", n))))
	}
	release()
	for _, answer := range answers {
		if err := <-answer; err != nil {
			t.Errorf("a step: %v", err)
		}
	}
	if n := commits(t, s) - before; n != 1 {
		t.Errorf("100 steps that waited together took %d commits, want one", n)
	}
	if all, err := s.ListRoles(t.Context()); err != nil || len(all) != 100 {
		t.Errorf("the store has %d roles, %v", len(all), err)
	}
}

// A step whose caller gave up while it was queued never happens; its caller is
// told at once.
func TestWriterDropsCancelled(t *testing.T) {
	s := openTest(t)
	release := blockWriter(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	first := queue(t.Context(), s, false, insertRole("a"))
	given := queue(ctx, s, false, insertRole("b"))
	last := queue(t.Context(), s, false, insertRole("c"))
	cancel()
	if err := <-given; !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the caller who gave up got %v", err)
	}
	release()
	for _, answer := range []<-chan error{first, last} {
		if err := <-answer; err != nil {
			t.Errorf("a step beside it: %v", err)
		}
	}
	wantRoles(t, s, "a", "c")
}

// A caller who gives up while the step is under way is told that the outcome is
// unknown, and it does happen.
func TestWriterOutcomeUnknown(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	inside, free := make(chan struct{}), make(chan struct{})
	answer := queue(ctx, s, false, func(t *tx) error {
		close(inside)
		<-free
		return insertRole("a")(t)
	})
	<-inside
	cancel()
	err := <-answer
	if !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "outcome unknown") {
		t.Errorf("the caller who gave up got %v", err)
	}
	close(free)
	if err := <-queue(t.Context(), s, false, insertRole("b")); err != nil {
		t.Errorf("the next step: %v", err)
	}
	wantRoles(t, s, "a", "b")
}

// Steps of one transaction fail alone, however they fail.
func TestWriterIsolatesSteps(t *testing.T) {
	s := openTest(t)
	if err := insertNow(t, s, "old"); err != nil {
		t.Fatal(err)
	}
	twice := func(then func(*tx) error) func(*tx) error {
		return func(t *tx) error {
			if err := insertRole("undone")(t); err != nil {
				return err
			}
			return then(t)
		}
	}
	release := blockWriter(t, s)
	answers := map[string]<-chan error{
		"good":     queue(t.Context(), s, true, insertRole("a")),
		"conflict": queue(t.Context(), s, true, twice(func(*tx) error { return duplicate("name") })),
		"panic":    queue(t.Context(), s, true, twice(func(*tx) error { panic("a bug") })),
		"unique":   queue(t.Context(), s, true, twice(insertRole("old"))),
		"alone":    queue(t.Context(), s, false, insertRole("old")),
		"own":      queue(t.Context(), s, true, twice(func(*tx) error { return errors.New("by itself") })),
		"crash":    queue(t.Context(), s, false, func(*tx) error { panic("another bug") }),
		"better":   queue(t.Context(), s, false, insertRole("b")),
	}
	release()
	for name, want := range map[string]error{
		"good": nil, "better": nil, "conflict": storage.ErrConflict, "panic": storage.ErrUnavailable, "unique": storage.ErrUnavailable,
		"alone": storage.ErrUnavailable, "own": storage.ErrUnavailable, "crash": storage.ErrUnavailable,
	} {
		if err := <-answers[name]; !errors.Is(err, want) {
			t.Errorf("the step %q got %v, want %v", name, err, want)
		}
	}
	wantRoles(t, s, "a", "b", "old")
}

func insertNow(t *testing.T, s *Store, name string) error {
	t.Helper()
	return <-queue(t.Context(), s, false, insertRole(name))
}

// A fault ends the transaction: what was in it has an unknown outcome, even a no, and
// is undone; what it had not come to is done in the next.
func TestWriterFault(t *testing.T) {
	s := openTest(t)
	for name, fault := range map[string]func(*tx) error{
		"statement": func(t *tx) error {
			_, err := t.exec("INSERT INTO nowhere VALUES (1)")
			return err
		},
		"lost transaction": func(t *tx) error {
			if _, err := t.exec("ROLLBACK"); err != nil {
				return err
			}
			_, err := t.exec("ROLLBACK") // there is none, as after a full disk
			return err
		},
	} {
		release := blockWriter(t, s)
		before := queue(t.Context(), s, false, insertRole("before "+name))
		no := queue(t.Context(), s, false, func(*tx) error { return storage.ErrNotFound })
		bad := queue(t.Context(), s, false, fault)
		after := queue(t.Context(), s, false, insertRole("after "+name))
		// The holder is of the same transaction only if it is the first of its batch
		// by itself, which it is: the others came when it was inside.
		release()
		for what, answer := range map[string]<-chan error{"a yes": before, "a no": no, "the fault": bad} {
			if err := <-answer; !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s: %s got %v, want ErrUnavailable", name, what, err)
			}
		}
		if err := <-after; err != nil {
			t.Errorf("%s: the step after the fault: %v", name, err)
		}
	}
	wantRoles(t, s, "after lost transaction", "after statement")
}

// A commit that fails is nobody's success.
func TestWriterCommitFails(t *testing.T) {
	s := openTest(t)
	release := blockWriter(t, s)
	lost := queue(t.Context(), s, false, func(t *tx) error {
		_, err := t.exec("ROLLBACK") // so that COMMIT has nothing to commit
		return err
	})
	release()
	if err := <-lost; !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a step whose commit failed got %v, want ErrUnavailable", err)
	}
	if err := insertNow(t, s, "a"); err != nil {
		t.Errorf("the next step: %v", err)
	}
	wantRoles(t, s, "a")
}

// With the queue full a caller waits to be let in, as long as its context does.
func TestWriterQueueIsBounded(t *testing.T) {
	s := openTest(t)
	release := blockWriter(t, s)
	var queued []<-chan error
	for range queueLength {
		queued = append(queued, queue(t.Context(), s, false, func(*tx) error { return nil }))
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error, 1)
	go func() { refused <- s.DeleteRole(ctx, "ann", 0) }()
	cancel()
	if err := <-refused; !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who found the queue full got %v", err)
	}
	release()
	for _, answer := range queued {
		if err := <-answer; err != nil {
			t.Errorf("a queued step: %v", err)
		}
	}
}

// Close lets the transaction that is under way end, and answers the others.
func TestCloseAnswersTheQueue(t *testing.T) {
	s := openTest(t)
	release := blockWriter(t, s)
	queued := queue(t.Context(), s, false, insertRole("a"))
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	<-s.writer.closing
	if err := s.DeleteRole(t.Context(), "ann", 0); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a step after Close got %v", err)
	}
	release() // and expects that the step inside gets its yes
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-queued; err != nil && !errors.Is(err, errClosed) {
		t.Errorf("a queued step got %v", err)
	} else if err == nil {
		t.Log("the queued step was let in before the writer saw the end")
	}
}

// Reading never waits for writing, and sees what was committed before.
func TestReadersDoNotWait(t *testing.T) {
	s := openTest(t)
	if err := insertNow(t, s, "a"); err != nil {
		t.Fatal(err)
	}
	inside, free := make(chan struct{}), make(chan struct{})
	answer := queue(t.Context(), s, false, func(t *tx) error {
		err := insertRole("b")(t)
		close(inside)
		<-free
		return err
	})
	<-inside
	wantRoles(t, s, "a")
	if _, err := s.Role(t.Context(), "b"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Role of an open transaction: got %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	close(free)
	if err := <-answer; err != nil {
		t.Errorf("the step: %v", err)
	}
	wantRoles(t, s, "a", "b")
}

// More callers than readers take turns, and one whose context ends goes away.
func TestReadersAreBounded(t *testing.T) {
	s := openTest(t)
	var held []*conn
	for range maxReaders {
		c, err := s.readers.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error, 1)
	go func() {
		_, err := s.Role(ctx, "a")
		refused <- err
	}()
	cancel()
	if err := <-refused; !errors.Is(err, storage.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a reader without a place got %v", err)
	}
	for _, c := range held {
		s.readers.release(c)
	}
	wantRoles(t, s)
}
