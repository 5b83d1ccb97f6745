package instrument_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/testdir"
	"example.org/signet/storage"
	"example.org/signet/storage/instrument"
	"example.org/signet/storage/sqlite"
	"example.org/signet/storage/storagetest"
)

// counts are metrics as a test reads them.
type counts struct {
	mu       sync.Mutex
	calls    map[string]int // operation → calls
	made     map[string]int // operation → calls of StoreOperation
	failures map[string]int // "operation kind"
	started  int
	ended    map[string]int64
	browsers int64 // started less deleted
}

func newCounts() *counts {
	return &counts{calls: map[string]int{}, made: map[string]int{}, failures: map[string]int{}, ended: map[string]int64{}}
}

func (c *counts) StoreOperation(operation string) func(time.Duration, string) {
	c.made[operation]++
	return func(_ time.Duration, failure string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.calls[operation]++
		if failure != "" {
			c.failures[operation+" "+failure]++
		}
	}
}

func (c *counts) SessionStarted() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started++
}

func (c *counts) SessionsEnded(reason string, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[reason] += n
}

func (c *counts) BrowserSessionStarted() { c.BrowserSessionsDeleted(-1) }

func (c *counts) BrowserSessionsDeleted(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.browsers -= n
}

func openSQLite(t *testing.T) storage.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// An instrumented store keeps every promise of the store within.
func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return instrument.New(openSQLite(t), newCounts()) })
}

var capital = regexp.MustCompile(`[A-Z]`)

// Every method is measured under its own name, and its labels are made once.
func TestNew_MeasuresEveryMethod(t *testing.T) {
	for m := range reflect.TypeFor[storage.Store]().Methods() {
		if m.Name == "Close" {
			continue
		}
		c := newCounts()
		store := instrument.New(brokenStore{}, c)
		for range 2 {
			callMethod(t, store, m.Name)
		}
		name := strings.TrimPrefix(capital.ReplaceAllStringFunc(m.Name, func(s string) string { return "_" + strings.ToLower(s) }), "_")
		if c.calls[name] != 2 || c.made[name] != 1 || len(c.calls) != 1 {
			t.Errorf("%s: recorded %v, want two of %s; labels made %v", m.Name, c.calls, name, c.made)
		}
	}
}

// brokenStore is a store each call of which panics.
type brokenStore struct{ storage.Store }

func (brokenStore) Close() error { return nil }

func callMethod(t *testing.T, store storage.Store, name string) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not reach the store within", name)
		}
	}()
	m := reflect.ValueOf(store).MethodByName(name)
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for n := 1; n < m.Type().NumIn(); n++ {
		args = append(args, reflect.Zero(m.Type().In(n)))
	}
	if m.Type().IsVariadic() {
		m.CallSlice(args)
		return
	}
	m.Call(args)
}

// failingStore fails every read of a user with its error.
type failingStore struct {
	storage.Store
	err error
}

func (s failingStore) Close() error { return nil }

func (s failingStore) User(context.Context, string) (storage.User, error) {
	return storage.User{}, s.err
}

func TestFailures_AreCountedByKind(t *testing.T) {
	for want, err := range map[string]error{
		instrument.Unavailable: storage.Unavailable("read", context.DeadlineExceeded),
		instrument.Canceled:    storage.Unavailable("read", context.Canceled),
		instrument.Conflict:    &storage.DuplicateError{Field: "username"},
		instrument.Other:       errors.New("something else"),
	} {
		c := newCounts()
		if _, got := instrument.New(failingStore{err: err}, c).User(t.Context(), "x"); !errors.Is(got, err) {
			t.Errorf("%s: the caller got %v", want, got)
		}
		if len(c.failures) != 1 || c.failures["user "+want] != 1 {
			t.Errorf("%v: counted as %v, want %s", err, c.failures, want)
		}
	}
	for _, err := range []error{nil, storage.ErrNotFound} {
		c := newCounts()
		if _, got := instrument.New(failingStore{err: err}, c).User(t.Context(), "x"); !errors.Is(got, err) || len(c.failures) != 0 {
			t.Errorf("%v: the caller got %v, failures %v", err, got, c.failures)
		}
	}
}

func TestSessions_AreCountedAsTheyStartAndEnd(t *testing.T) {
	c, now := newCounts(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := instrument.New(openSQLite(t), c)
	for _, id := range []string{"a", "b", "c", "a"} {
		_ = s.CreateSession(t.Context(), storage.Session{ID: id, UserID: "u", ClientID: "web", CreatedAt: now, RotatedAt: now, ExpiresAt: now.Add(time.Hour)})
	}
	if err := s.RevokeSession(t.Context(), "a", now, "one"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.RevokeAll(t.Context(), storage.SessionFilter{UserID: "u"}, now, "rest"); err != nil || n != 2 {
		t.Fatalf("RevokeAll: %d, %v", n, err)
	}
	if err := s.RevokeSession(t.Context(), "nobody", now, "one"); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("RevokeSession of none: %v", err)
	}
	if c.started != 3 || c.ended["one"] != 1 || c.ended["rest"] != 2 || len(c.ended) != 2 {
		t.Errorf("started %d, ended %v, want 3, one:1 rest:2", c.started, c.ended)
	}
}

// A session whose code is still to be redeemed has not begun.
func TestSessions_BeginWithTheRedemptionOfTheirCode(t *testing.T) {
	c, now := newCounts(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := instrument.New(openSQLite(t), c)
	pending := storage.Session{ID: "a", UserID: "u", ClientID: "web", Generation: storage.PendingGeneration, CreatedAt: now, RotatedAt: now, ExpiresAt: now.Add(time.Minute)}
	if err := s.CreateSession(t.Context(), pending); err != nil || c.started != 0 {
		t.Fatalf("CreateSession: %v, started %d, want 0", err, c.started)
	}
	r := storage.Redemption{SessionID: "a", ClientID: "web", At: now, ExpiresAt: now.Add(time.Hour), StatusIndex: 1}
	for range 2 {
		_, _ = s.RedeemSession(t.Context(), r)
	}
	if c.started != 1 {
		t.Errorf("started %d, want 1", c.started)
	}
}

func TestBrowserSessions_AreCountedAsTheyStartAndGo(t *testing.T) {
	c, now := newCounts(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := instrument.New(openSQLite(t), c)
	for _, id := range []string{"a", "b", "c", "a"} {
		_ = s.CreateBrowserSession(t.Context(), storage.BrowserSession{
			ID: id, RootID: id, UserID: "u", CreatedAt: now, AuthTime: now, LastSeen: now, IdleAt: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour),
		})
	}
	if c.browsers != 3 {
		t.Errorf("%d after three began, and a fourth was refused", c.browsers)
	}
	if err := s.DeleteBrowserSessions(t.Context(), "a", "b"); err != nil || c.browsers != 1 {
		t.Errorf("DeleteBrowserSessions: %v, %d are left", err, c.browsers)
	}
}

type noMetrics struct{}

func (noMetrics) StoreOperation(string) func(time.Duration, string) {
	return func(time.Duration, string) {}
}
func (noMetrics) SessionStarted()              {}
func (noMetrics) SessionsEnded(string, int64)  {}
func (noMetrics) BrowserSessionStarted()       {}
func (noMetrics) BrowserSessionsDeleted(int64) {}

func TestCalls_DoNotAllocate(t *testing.T) {
	s, ctx := instrument.New(failingStore{err: storage.ErrNotFound}, noMetrics{}), t.Context()
	if n := testing.AllocsPerRun(100, func() { _, _ = s.User(ctx, "x") }); n != 0 {
		t.Errorf("a call allocates %v times", n)
	}
}

func BenchmarkCall(b *testing.B) {
	s, ctx := instrument.New(failingStore{}, noMetrics{}), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.User(ctx, "x")
	}
}
