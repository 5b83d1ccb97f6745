package audit_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/internal/testdir"
	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// memoryStore is an audit log that a test can spoil, and that fails where it is told to.
type memoryStore struct {
	mu     sync.Mutex
	events []storage.AuditEvent
	writes int
	before func() error // in the place of a write
	after  func() error // in the place of its answer
	held   chan struct{}
	sets   map[string]storage.SharedSet
}

var _ audit.Store = (*memoryStore)(nil)

func (m *memoryStore) SharedSet(_ context.Context, name string) (storage.SharedSet, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, there := m.sets[name]
	if !there {
		return g, storage.ErrNotFound
	}
	return g, nil
}

func (m *memoryStore) SwapSharedSet(_ context.Context, g storage.SharedSet) (storage.SharedSet, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sets[g.Name].Version != g.Version {
		return g, storage.ErrConflict
	}
	if m.sets == nil {
		m.sets = map[string]storage.SharedSet{}
	}
	g.Version++
	m.sets[g.Name] = g
	return g, nil
}

func (m *memoryStore) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
	m.mu.Lock()
	m.writes++
	before, after, held := m.before, m.after, m.held
	m.mu.Unlock()
	if held != nil {
		<-held
	}
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	m.events = append(m.events, events...)
	m.mu.Unlock()
	if after != nil {
		return after()
	}
	return nil
}

func (m *memoryStore) RecordLogins(ctx context.Context, logins []storage.LoginRecord, events func([]storage.LoginOutcome) ([]storage.AuditEvent, error)) ([]storage.LoginOutcome, error) {
	outcomes := make([]storage.LoginOutcome, len(logins))
	all, err := events(outcomes)
	if err != nil {
		return nil, err
	}
	return outcomes, m.AppendAudit(ctx, all...)
}

func (m *memoryStore) ListAudit(_ context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.events)
	slices.SortFunc(all, func(a, b storage.AuditEvent) int { return strings.Compare(a.ID, b.ID) })
	if f.Newest {
		slices.Reverse(all)
	}
	all = slices.DeleteFunc(all, func(e storage.AuditEvent) bool {
		passed := p.After != "" && (f.Newest && e.ID >= p.After || !f.Newest && e.ID <= p.After)
		return passed || f.Type != "" && e.Type != f.Type
	})
	page := storage.AuditPage{Events: all}
	if size := p.Size(); len(all) > size {
		page = storage.AuditPage{Events: all[:size], Next: all[size-1].ID}
	}
	return page, nil
}

func (m *memoryStore) SweepAudit(_ context.Context, before string, limit int) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(m.events), func(e storage.AuditEvent) bool { return e.ID < before })
	gone := len(m.events) - len(kept)
	m.events = kept
	return int64(min(gone, limit)), nil
}

// fixture is one store and a clock, shared by several logs.
type fixture struct {
	t      *testing.T
	store  *memoryStore
	master keys.MasterKey
	mu     sync.Mutex
	at     time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, store: &memoryStore{}, master: master, at: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	if err := f.newLog().Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(d)
}

func (f *fixture) newLog() *audit.Log { return audit.New(f.store, f.master, f.now, rand.Reader) }

func (f *fixture) write(l *audit.Log, details ...string) {
	f.t.Helper()
	for _, d := range details {
		f.advance(time.Second)
		if _, err := l.Append(f.t.Context(), storage.AuditEvent{Type: "test.happened", Actor: "tester", Detail: d}); err != nil {
			f.t.Fatalf("append %s: %v", d, err)
		}
	}
}

func (f *fixture) verify(against ...string) audit.Report {
	f.t.Helper()
	r, err := audit.Verify(f.t.Context(), f.store, []keys.MasterKey{f.master}, against, time.Time{})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// wantFault demands that one of the faults is of the kind.
func (f *fixture) wantFault(what string, r audit.Report, kind string) {
	f.t.Helper()
	if r.OK || !slices.ContainsFunc(r.Faults, func(f audit.Fault) bool { return f.Kind == kind }) {
		f.t.Errorf("%s: %+v, want a fault of kind %s", what, r, kind)
	}
}

func (f *fixture) wantOK(what string, r audit.Report, events, chains int) {
	f.t.Helper()
	if !r.OK || r.Events != int64(events) || r.Chains != int64(chains) {
		f.t.Errorf("%s: %+v, want %d events in %d chains and no fault", what, r, events, chains)
	}
}

func TestEmptyLogVerifies(t *testing.T) {
	f := newFixture(t)
	f.wantOK("nothing", f.verify(), 0, 0)
}

// Every change of every event, and every event that is taken away, shows.
func TestTamperingShows(t *testing.T) {
	f := newFixture(t)
	a, b := f.newLog(), f.newLog()
	f.write(a, "a1", "a2", "a3")
	f.write(b, "b1") // sees a3
	f.write(a, "a4")
	if err := b.Observe(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.write(b, "b2") // sees a4
	f.wantOK("untouched", f.verify(), 6, 2)
	whole := slices.Clone(f.store.events)

	for n := range whole {
		for what, change := range map[string]func(e *storage.AuditEvent){
			"time":     func(e *storage.AuditEvent) { e.At = e.At.Add(time.Millisecond) },
			"type":     func(e *storage.AuditEvent) { e.Type = "test.never" },
			"actor":    func(e *storage.AuditEvent) { e.Actor = "somebody" },
			"target":   func(e *storage.AuditEvent) { e.Target = "x" },
			"client":   func(e *storage.AuditEvent) { e.ClientID = "x" },
			"address":  func(e *storage.AuditEvent) { e.Address = "192.0.2.1" },
			"request":  func(e *storage.AuditEvent) { e.RequestID = "x" },
			"detail":   func(e *storage.AuditEvent) { e.Detail += "x" },
			"moved":    func(e *storage.AuditEvent) { e.Actor, e.Detail = "", e.Actor+e.Detail },
			"writer":   func(e *storage.AuditEvent) { e.Writer += "x" },
			"place":    func(e *storage.AuditEvent) { e.Seq++ },
			"link":     func(e *storage.AuditEvent) { e.Prev = whole[0].ID + ":" + strings.Repeat("A", 43) },
			"seen":     func(e *storage.AuditEvent) { e.Seen = "" + e.Seen + " x" },
			"key":      func(e *storage.AuditEvent) { e.KeyID = "other" },
			"MAC":      func(e *storage.AuditEvent) { e.MAC = strings.Repeat("A", 43) },
			"no MAC":   func(e *storage.AuditEvent) { e.MAC = "" },
			"no chain": func(e *storage.AuditEvent) { e.Writer, e.Seq, e.Prev, e.Seen, e.KeyID, e.MAC = "", 0, "", "", "", "" },
		} {
			f.store.events = slices.Clone(whole)
			change(&f.store.events[n])
			if r := f.verify(); r.OK {
				t.Errorf("%s of %s changed: %+v", what, whole[n].Detail, r)
			}
		}
	}
	for n := range len(whole) - 1 { // but for b2, of which nobody knows yet
		f.store.events = slices.Delete(slices.Clone(whole), n, n+1)
		f.wantFault(whole[n].Detail+" taken away", f.verify(), audit.FaultMissing)
	}
	f.store.events = slices.DeleteFunc(slices.Clone(whole), func(e storage.AuditEvent) bool { return e.Writer == whole[0].Writer })
	f.wantFault("a whole chain taken away", f.verify(), audit.FaultMissing)

	again := whole[1]
	again.ID = whole[5].ID[:35] + "0"
	f.store.events = append(slices.Clone(whole), again)
	f.wantFault("an event put in again", f.verify(), audit.FaultAltered)
}

// What nobody has seen yet can be cut off, but not from somebody who kept a report.
func TestAgainstAnEarlierReport(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, "a1", "a2", "a3")
	kept := f.verify()
	if len(kept.ChainHeads) != 1 {
		t.Fatalf("tips: %v", kept.ChainHeads)
	}
	f.write(a, "a4")
	f.wantOK("grown", f.verify(kept.ChainHeads...), 4, 1)
	f.store.events = f.store.events[:2]
	if r := f.verify(); !r.OK {
		t.Errorf("the end cut off: %+v", r)
	}
	f.wantFault("the end cut off, against a report", f.verify(kept.ChainHeads...), audit.FaultMissing)
	f.store.events = nil
	f.wantFault("all gone, against a report", f.verify(kept.ChainHeads...), audit.FaultMissing)
	if _, err := audit.Verify(t.Context(), f.store, nil, []string{"nonsense"}, time.Time{}); err == nil {
		t.Error("a report that is none was taken")
	}
}

// A program that is killed, or whose write has an outcome that nobody knows, leaves
// chains that end, and none that fork.
func TestUnknownOutcomesDoNotLookLikeTampering(t *testing.T) {
	lost := storage.Unavailable("append", errors.New("connection reset"))
	for name, spoil := range map[string]func(m *memoryStore, f func() error){
		"never written": func(m *memoryStore, f func() error) { m.before = f },
		"answer lost":   func(m *memoryStore, f func() error) { m.after = f },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			a := f.newLog()
			f.write(a, "a1", "a2")
			spoil(f.store, func() error { return lost })
			if _, err := a.Append(t.Context(), storage.AuditEvent{Type: "test.happened"}); !errors.Is(err, storage.ErrUnavailable) {
				t.Fatalf("append: %v", err)
			}
			spoil(f.store, nil)
			f.write(a, "a4", "a5")
			f.write(f.newLog(), "b1") // as after a kill
			events := len(f.store.events)
			f.wantOK("afterwards", f.verify(), events, 3)
			f.store.events = slices.Delete(f.store.events, 1, 2)
			f.wantFault("the last event before the fault taken away", f.verify(), audit.FaultMissing)
		})
	}
}

// A batch that came in half is the beginning of one.
func TestHalfABatch(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, "a1")
	batch := f.appendConcurrently(a, 20)
	for n := range batch {
		f.store.events = append(slices.Clone(f.store.events[:1]), batch[:n]...)
		f.wantOK(fmt.Sprintf("%d of the batch", n), f.verify(), 1+n, 1)
	}
}

// appendConcurrently appends n events while a first one is being written, and returns them as
// they were written.
func (f *fixture) appendConcurrently(l *audit.Log, n int) []storage.AuditEvent {
	f.t.Helper()
	held := make(chan struct{})
	f.store.mu.Lock()
	f.store.held = held
	before, writes := len(f.store.events), f.store.writes
	f.store.mu.Unlock()
	var wg sync.WaitGroup
	appendEvent := func(i int) {
		if _, err := l.Append(f.t.Context(), storage.AuditEvent{Type: "test.happened", Detail: fmt.Sprint(i)}); err != nil {
			f.t.Error(err)
		}
	}
	wg.Go(func() { appendEvent(0) })
	await(func() bool { f.store.mu.Lock(); defer f.store.mu.Unlock(); return f.store.writes > writes })
	for i := 1; i < n; i++ {
		wg.Go(func() { appendEvent(i) })
	}
	await(func() bool { return audit.Waiting(l) == n-1 })
	close(held)
	wg.Wait()
	return slices.Clone(f.store.events[before:])
}

// await returns when the condition holds; the test binary's own timeout bounds it.
func await(condition func() bool) {
	for !condition() {
		time.Sleep(time.Millisecond)
	}
}

func TestEventsAreBatched(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, "a1")
	before := f.store.writes
	if got := len(f.appendConcurrently(a, 64)); got != 64 {
		t.Fatalf("%d events written", got)
	}
	if writes := f.store.writes - before; writes > 3 {
		t.Errorf("%d writes for 64 events at once", writes)
	}
	f.wantOK("afterwards", f.verify(), 65, 1)
}

// Whoever gives up while waiting has written nothing; whoever is in a write that goes
// on learns nothing, and the write goes on.
func TestCanceledAppend(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, "a1")
	held := make(chan struct{})
	f.store.held = held
	var wg sync.WaitGroup
	wg.Go(func() { f.write(a, "held") })
	for {
		f.store.mu.Lock()
		writes := f.store.writes
		f.store.mu.Unlock()
		if writes > 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var gaveUp error
	wg.Go(func() {
		_, gaveUp = a.Append(ctx, storage.AuditEvent{Type: "test.happened", Detail: "given up"})
	})
	cancel()
	time.Sleep(5 * time.Millisecond)
	close(held)
	wg.Wait()
	if gaveUp != nil && (!errors.Is(gaveUp, storage.ErrUnavailable) || !errors.Is(gaveUp, context.Canceled)) {
		t.Errorf("gave up: %v", gaveUp)
	}
	f.write(a, "a3")
	r := f.verify()
	if !r.OK || r.Chains != 1 {
		t.Errorf("afterwards: %+v", r)
	}
}

// Several programs at once, each with several callers, on a real store.
func TestManyWriters(t *testing.T) {
	f := newFixture(t)
	store, err := sqlite.Open(t.Context(), filepath.Join(testdir.New(t), "signet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := audit.New(store, f.master, time.Now, rand.Reader).Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for p := range 3 {
		l := audit.New(store, f.master, time.Now, rand.Reader)
		for c := range 8 {
			wg.Go(func() {
				for n := range 10 {
					if _, err := l.Append(t.Context(), storage.AuditEvent{Type: "test.happened", Detail: fmt.Sprintf("%d.%d.%d", p, c, n)}); err != nil {
						t.Error(err)
					}
					if n == 5 && c == 0 {
						if err := l.Observe(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	r, err := audit.Verify(t.Context(), store, []keys.MasterKey{f.master}, nil, time.Time{})
	if err != nil || !r.OK || r.Events != 240 || r.Chains != 3 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// Sweeping leaves a log that verifies, also when it was cut off, and one from which
// more was taken does not.
func TestSweep(t *testing.T) {
	const retention = 240 * time.Hour
	f := newFixture(t)
	a, b := f.newLog(), f.newLog()
	f.write(a, "a1", "a2")
	f.write(b, "b1")
	f.advance(5 * 24 * time.Hour)
	f.write(a, "a3", "a4")
	f.advance(8 * 24 * time.Hour)
	f.write(b, "b2")
	f.wantOK("before", f.verify(), 6, 2)
	all := slices.Clone(f.store.events)

	if n, err := a.Sweep(t.Context(), f.now(), retention); n != 3 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if n, err := b.Sweep(t.Context(), f.now(), retention); n != 0 || err != nil {
		t.Errorf("swept again %d, %v", n, err)
	}
	r := f.verify()
	f.wantOK("afterwards", r, 4, 2)
	if r.Swept.IsZero() || r.Swept.After(f.now().Add(-retention)) {
		t.Errorf("swept up to %v", r.Swept)
	}
	swept := slices.Clone(f.store.events)
	f.store.events = append(f.store.events, all[:3]...) // a sweep that was cut off deletes the oldest first
	f.wantOK("cut off", f.verify(), 7, 2)
	f.store.events = slices.DeleteFunc(slices.Clone(swept), func(e storage.AuditEvent) bool { return e.Detail == "a3" })
	f.wantFault("one more taken away", f.verify(), audit.FaultMissing)
	f.store.events = slices.DeleteFunc(slices.Clone(swept), func(e storage.AuditEvent) bool { return e.Type == audit.EventSwept })
	if r := f.verify(); r.OK {
		t.Errorf("the checkpoints taken away: %+v", r)
	}
}

// No checkpoint, no deletion.
func TestSweepNeedsItsCheckpoint(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, "a1")
	f.advance(1000 * time.Hour)
	f.store.before = func() error { return storage.Unavailable("append", errors.New("disk full")) }
	if n, err := a.Sweep(t.Context(), f.now(), 240*time.Hour); n != 0 || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("swept %d, %v", n, err)
	}
	if len(f.store.events) != 1 {
		t.Errorf("%d events left", len(f.store.events))
	}
}

// A log is chained from its beginning: an event without a chain is a fault wherever it
// stands.
func TestUnchainedEvents_AreFaults(t *testing.T) {
	for what, event := range map[string]storage.AuditEvent{
		"the oldest": {ID: "01800000-0000-7000-8000-000000000000"},
		"the newest": {ID: "ffffffff-0000-7000-8000-000000000001", Type: "login.succeeded"},
	} {
		f := newFixture(t)
		f.write(f.newLog(), "a1", "a2")
		f.store.events = append(f.store.events, event)
		r := f.verify()
		f.wantFault(what, r, audit.FaultUnchained)
		if r.Unchained != 1 {
			t.Errorf("%s: %d unchained", what, r.Unchained)
		}
	}
}

// Under a new master key the old events are held by what the new ones say of them.
func TestNewMasterKey(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, "a1", "a2")
	old := f.master
	other, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f.master = other
	f.wantFault("nothing speaks of them", f.verify(), audit.FaultUnproven)
	next := audit.New(f.store, f.master, f.now, rand.Reader, old)
	f.write(next, "b1")
	f.observe(next) // seals the anchor anew
	f.wantOK("the next speaks of them", f.verify(), 3, 2)
	whole := slices.Clone(f.store.events)
	f.store.events[0].Actor = "somebody"
	f.wantFault("changed", f.verify(), audit.FaultAltered)

	f.store.events = append(whole, storage.AuditEvent{ID: "ffffffff-0000-7000-8000-000000000001", Type: "x", Writer: "forged", Seq: 1, KeyID: "forged", MAC: "forged"})
	f.wantFault("forged under a key that is none", f.verify(), audit.FaultUnproven)
	if r, err := audit.Verify(t.Context(), &memoryStore{events: whole, sets: f.store.sets}, []keys.MasterKey{old, other}, nil, time.Time{}); err != nil || !r.OK {
		t.Errorf("with both keys: %+v, %v", r, err)
	}
}

// The clock may stand still or go back; ids rise.
func TestIDsRise(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	for range 5000 {
		if _, err := a.Append(t.Context(), storage.AuditEvent{Type: "t"}); err != nil {
			t.Fatal(err)
		}
	}
	f.advance(-time.Hour)
	f.write(a, "an hour earlier")
	f.advance(2 * time.Hour)
	f.write(a, "later")
	if !slices.IsSortedFunc(f.store.events, func(a, b storage.AuditEvent) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("ids do not rise")
	}
	if e := f.store.events[5000]; !e.At.Before(f.store.events[0].At) {
		t.Errorf("the time of an event is not the clock's: %v", e.At)
	}
	f.wantOK("afterwards", f.verify(), 5002, 1)
}

// Texts are bounded and valid, so that every store gives them back as they were.
func TestTextsAreBounded(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, strings.Repeat("\xff", 10), strings.Repeat("é", 1<<19))
	for _, e := range f.store.events {
		if len(e.Detail) > 600 || !strings.Contains(e.Detail, "\uFFFD") && !strings.Contains(e.Detail, "é") {
			t.Errorf("%d bytes: %.40q", len(e.Detail), e.Detail)
		}
	}
	f.wantOK("afterwards", f.verify(), 2, 1)
}

func TestNoRandomness(t *testing.T) {
	f := newFixture(t)
	l := audit.New(f.store, f.master, f.now, strings.NewReader("too short"))
	if _, err := l.Append(t.Context(), storage.AuditEvent{Type: "t"}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if len(f.store.events) != 0 {
		t.Error("an event was written")
	}
}

func BenchmarkVerify(b *testing.B) {
	f := &fixture{store: &memoryStore{}, at: time.Now()}
	f.master, _ = keys.NewMasterKey(rand.Reader)
	l := f.newLog()
	if err := l.Begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	for range 1000 {
		if _, err := l.Append(b.Context(), storage.AuditEvent{Type: "login.succeeded", Actor: "u", Target: "s"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if r, err := audit.Verify(b.Context(), f.store, []keys.MasterKey{f.master}, nil, time.Time{}); err != nil || !r.OK {
			b.Fatal(r, err)
		}
	}
}
