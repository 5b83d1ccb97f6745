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

	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"example.org/signet/storage/sqlite"
)

// memory is an audit log that a test can spoil, and that fails where it is told to.
type memory struct {
	mu     sync.Mutex
	events []storage.AuditEvent
	writes int
	before func() error // in the place of a write
	after  func() error // in the place of its answer
	held   chan struct{}
}

var _ storage.Audit = (*memory)(nil)

func (m *memory) AppendAudit(ctx context.Context, events ...storage.AuditEvent) error {
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

func (m *memory) ListAudit(_ context.Context, f storage.AuditFilter, p storage.Page) (storage.AuditPage, error) {
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

func (m *memory) SweepAudit(_ context.Context, before string, limit int) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(m.events), func(e storage.AuditEvent) bool { return e.ID < before })
	gone := len(m.events) - len(kept)
	m.events = kept
	return int64(min(gone, limit)), nil
}

// world is one store, a clock, and the programs that write to it.
type world struct {
	t      *testing.T
	store  *memory
	master keys.MasterKey
	mu     sync.Mutex
	at     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, store: &memory{}, master: master, at: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) program() *audit.Log { return audit.New(w.store, w.master, w.now, rand.Reader) }

func (w *world) write(l *audit.Log, details ...string) {
	w.t.Helper()
	for _, d := range details {
		w.pass(time.Second)
		if _, err := l.Append(w.t.Context(), storage.AuditEvent{Type: "test.happened", Actor: "tester", Detail: d}); err != nil {
			w.t.Fatalf("append %s: %v", d, err)
		}
	}
}

func (w *world) verify(against ...string) audit.Report {
	w.t.Helper()
	r, err := audit.Verify(w.t.Context(), w.store, []keys.MasterKey{w.master}, against)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// wantFault demands that one of the faults is of the kind.
func (w *world) wantFault(what string, r audit.Report, kind string) {
	w.t.Helper()
	if r.OK || !slices.ContainsFunc(r.Faults, func(f audit.Fault) bool { return f.Kind == kind }) {
		w.t.Errorf("%s: %+v, want a fault of kind %s", what, r, kind)
	}
}

func (w *world) wantOK(what string, r audit.Report, events, chains int) {
	w.t.Helper()
	if !r.OK || r.Events != int64(events) || r.Chains != int64(chains) {
		w.t.Errorf("%s: %+v, want %d events in %d chains and no fault", what, r, events, chains)
	}
}

func TestEmptyLogIsWhole(t *testing.T) {
	w := newWorld(t)
	w.wantOK("nothing", w.verify(), 0, 0)
}

// Every change of every event, and every event that is taken away, shows.
func TestTamperingShows(t *testing.T) {
	w := newWorld(t)
	a, b := w.program(), w.program()
	w.write(a, "a1", "a2", "a3")
	w.write(b, "b1") // sees a3
	w.write(a, "a4")
	if err := b.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.write(b, "b2") // sees a4
	w.wantOK("untouched", w.verify(), 6, 2)
	whole := slices.Clone(w.store.events)

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
			w.store.events = slices.Clone(whole)
			change(&w.store.events[n])
			if r := w.verify(); r.OK {
				t.Errorf("%s of %s changed: %+v", what, whole[n].Detail, r)
			}
		}
	}
	for n := range len(whole) - 1 { // but for b2, of which nobody knows yet
		w.store.events = slices.Delete(slices.Clone(whole), n, n+1)
		w.wantFault(whole[n].Detail+" taken away", w.verify(), audit.FaultMissing)
	}
	w.store.events = slices.DeleteFunc(slices.Clone(whole), func(e storage.AuditEvent) bool { return e.Writer == whole[0].Writer })
	w.wantFault("a whole chain taken away", w.verify(), audit.FaultMissing)

	again := whole[1]
	again.ID = whole[5].ID[:35] + "0"
	w.store.events = append(slices.Clone(whole), again)
	w.wantFault("an event put in again", w.verify(), audit.FaultAltered)
}

// What nobody has seen yet can be cut off, but not from somebody who kept a report.
func TestAgainstAnEarlierReport(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	w.write(a, "a1", "a2", "a3")
	kept := w.verify()
	if len(kept.Tips) != 1 {
		t.Fatalf("tips: %v", kept.Tips)
	}
	w.write(a, "a4")
	w.wantOK("grown", w.verify(kept.Tips...), 4, 1)
	w.store.events = w.store.events[:2]
	if r := w.verify(); !r.OK {
		t.Errorf("the end cut off: %+v", r)
	}
	w.wantFault("the end cut off, against a report", w.verify(kept.Tips...), audit.FaultMissing)
	w.store.events = nil
	w.wantFault("all gone, against a report", w.verify(kept.Tips...), audit.FaultMissing)
	if _, err := audit.Verify(t.Context(), w.store, nil, []string{"nonsense"}); err == nil {
		t.Error("a report that is none was taken")
	}
}

// A program that is killed, or whose write has an outcome that nobody knows, leaves
// chains that end, and none that fork.
func TestUnknownOutcomesDoNotLookLikeTampering(t *testing.T) {
	lost := storage.Unavailable("append", errors.New("connection reset"))
	for name, spoil := range map[string]func(m *memory, f func() error){
		"never written": func(m *memory, f func() error) { m.before = f },
		"answer lost":   func(m *memory, f func() error) { m.after = f },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.program()
			w.write(a, "a1", "a2")
			spoil(w.store, func() error { return lost })
			if _, err := a.Append(t.Context(), storage.AuditEvent{Type: "test.happened"}); !errors.Is(err, storage.ErrUnavailable) {
				t.Fatalf("append: %v", err)
			}
			spoil(w.store, nil)
			w.write(a, "a4", "a5")
			w.write(w.program(), "b1") // as after a kill
			events := len(w.store.events)
			w.wantOK("afterwards", w.verify(), events, 3)
			w.store.events = slices.Delete(w.store.events, 1, 2)
			w.wantFault("the last event before the fault taken away", w.verify(), audit.FaultMissing)
		})
	}
}

// A batch that came in half is the beginning of one.
func TestHalfABatch(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	w.write(a, "a1")
	batch := w.together(a, 20)
	for n := range batch {
		w.store.events = append(slices.Clone(w.store.events[:1]), batch[:n]...)
		w.wantOK(fmt.Sprintf("%d of the batch", n), w.verify(), 1+n, 1)
	}
}

// together appends n events while a first one is being written, and returns them as
// they were written.
func (w *world) together(l *audit.Log, n int) []storage.AuditEvent {
	w.t.Helper()
	held := make(chan struct{})
	w.store.mu.Lock()
	w.store.held = held
	before, writes := len(w.store.events), w.store.writes
	w.store.mu.Unlock()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := l.Append(w.t.Context(), storage.AuditEvent{Type: "test.happened", Detail: fmt.Sprint(i)}); err != nil {
				w.t.Error(err)
			}
		})
	}
	for { // the first one writes, the others wait for it
		w.store.mu.Lock()
		busy := w.store.writes > writes
		w.store.mu.Unlock()
		if busy {
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(held)
	wg.Wait()
	return slices.Clone(w.store.events[before:])
}

func TestEventsGoTogether(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	w.write(a, "a1")
	before := w.store.writes
	if got := len(w.together(a, 64)); got != 64 {
		t.Fatalf("%d events written", got)
	}
	if writes := w.store.writes - before; writes > 60 {
		t.Errorf("%d writes for 64 events at once", writes)
	}
	w.wantOK("afterwards", w.verify(), 65, 1)
}

// Whoever gives up while waiting has written nothing; whoever is in a write that goes
// on learns nothing, and the write goes on.
func TestGivingUp(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	w.write(a, "a1")
	held := make(chan struct{})
	w.store.held = held
	var wg sync.WaitGroup
	wg.Go(func() { w.write(a, "held") })
	for {
		w.store.mu.Lock()
		writes := w.store.writes
		w.store.mu.Unlock()
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
	w.write(a, "a3")
	r := w.verify()
	if !r.OK || r.Chains != 1 {
		t.Errorf("afterwards: %+v", r)
	}
}

// Several programs at once, each with several callers, on a real store.
func TestManyWriters(t *testing.T) {
	w := newWorld(t)
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "signet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var wg sync.WaitGroup
	for p := range 3 {
		l := audit.New(store, w.master, time.Now, rand.Reader)
		for c := range 8 {
			wg.Go(func() {
				for n := range 10 {
					if _, err := l.Append(t.Context(), storage.AuditEvent{Type: "test.happened", Detail: fmt.Sprintf("%d.%d.%d", p, c, n)}); err != nil {
						t.Error(err)
					}
					if n == 5 && c == 0 {
						if err := l.Look(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	r, err := audit.Verify(t.Context(), store, []keys.MasterKey{w.master}, nil)
	if err != nil || !r.OK || r.Events != 240 || r.Chains != 3 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// Sweeping leaves a log that verifies, also when it was cut off, and one from which
// more was taken does not.
func TestSweep(t *testing.T) {
	const retention = 240 * time.Hour
	w := newWorld(t)
	a, b := w.program(), w.program()
	w.write(a, "a1", "a2")
	w.write(b, "b1")
	w.store.events = append(w.store.events, storage.AuditEvent{ID: "01800000-0000-7000-8000-000000000000", Type: "test.old"})
	w.pass(5 * 24 * time.Hour)
	w.write(a, "a3", "a4")
	w.pass(8 * 24 * time.Hour)
	w.write(b, "b2")
	w.wantOK("before", w.verify(), 7, 2)
	all := slices.Clone(w.store.events)

	if n, err := a.Sweep(t.Context(), 30*24*time.Hour); n != 1 || err != nil { // the one from years ago
		t.Errorf("swept %d, %v", n, err)
	}
	if n, err := a.Sweep(t.Context(), retention); n != 3 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if n, err := b.Sweep(t.Context(), retention); n != 0 || err != nil {
		t.Errorf("swept again %d, %v", n, err)
	}
	r := w.verify()
	w.wantOK("afterwards", r, 5, 2)
	if r.Swept.IsZero() || r.Swept.After(w.now().Add(-retention)) {
		t.Errorf("swept up to %v", r.Swept)
	}
	swept := slices.Clone(w.store.events)
	w.store.events = append(w.store.events, all[:3]...) // a sweep that was cut off deletes the oldest first
	w.wantOK("cut off", w.verify(), 8, 2)
	w.store.events = slices.DeleteFunc(slices.Clone(swept), func(e storage.AuditEvent) bool { return e.Detail == "a3" })
	w.wantFault("one more taken away", w.verify(), audit.FaultMissing)
	w.store.events = slices.DeleteFunc(slices.Clone(swept), func(e storage.AuditEvent) bool { return e.Type == audit.EventSwept })
	if r := w.verify(); r.OK {
		t.Errorf("the checkpoints taken away: %+v", r)
	}
}

// No checkpoint, no deletion.
func TestSweepNeedsItsCheckpoint(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	w.write(a, "a1")
	w.pass(1000 * time.Hour)
	w.store.before = func() error { return storage.Unavailable("append", errors.New("disk full")) }
	if n, err := a.Sweep(t.Context(), 240*time.Hour); n != 0 || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("swept %d, %v", n, err)
	}
	if len(w.store.events) != 1 {
		t.Errorf("%d events left", len(w.store.events))
	}
}

// Events of a version without chains are counted, and nothing more is said of them;
// among chained ones they are a fault.
func TestUnchained(t *testing.T) {
	w := newWorld(t)
	w.store.events = []storage.AuditEvent{{ID: "01800000-0000-7000-8000-000000000000"}, {ID: "01800000-0000-7000-8000-000000000001"}}
	w.write(w.program(), "a1", "a2")
	r := w.verify()
	w.wantOK("old events first", r, 4, 1)
	if r.Unchained != 2 {
		t.Errorf("%d unchained", r.Unchained)
	}
	w.store.events = append(w.store.events, storage.AuditEvent{ID: "ffffffff-0000-7000-8000-000000000001", Type: "login.succeeded"})
	w.wantFault("one later", w.verify(), audit.FaultUnchained)
}

// Under a new master key the old events are held by what the new ones say of them.
func TestNewMasterKey(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	w.write(a, "a1", "a2")
	old := w.master
	other, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.master = other
	w.wantFault("nothing speaks of them", w.verify(), audit.FaultUnproven)
	w.write(w.program(), "b1")
	w.wantOK("the next speaks of them", w.verify(), 3, 2)
	whole := slices.Clone(w.store.events)
	w.store.events[0].Actor = "somebody"
	w.wantFault("changed", w.verify(), audit.FaultAltered)

	w.store.events = append(whole, storage.AuditEvent{ID: "ffffffff-0000-7000-8000-000000000001", Type: "x", Writer: "forged", Seq: 1, KeyID: "forged", MAC: "forged"})
	w.wantFault("forged under a key that is none", w.verify(), audit.FaultUnproven)
	if r, err := audit.Verify(t.Context(), &memory{events: whole}, []keys.MasterKey{old, other}, nil); err != nil || !r.OK {
		t.Errorf("with both keys: %+v, %v", r, err)
	}
}

// The clock may stand still or go back; ids rise.
func TestIDsRise(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	for range 5000 {
		if _, err := a.Append(t.Context(), storage.AuditEvent{Type: "t"}); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(-time.Hour)
	w.write(a, "an hour earlier")
	w.pass(2 * time.Hour)
	w.write(a, "later")
	if !slices.IsSortedFunc(w.store.events, func(a, b storage.AuditEvent) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("ids do not rise")
	}
	if e := w.store.events[5000]; !e.At.Before(w.store.events[0].At) {
		t.Errorf("the time of an event is not the clock's: %v", e.At)
	}
	w.wantOK("afterwards", w.verify(), 5002, 1)
}

// Texts are bounded and valid, so that every store gives them back as they were.
func TestTextsAreBounded(t *testing.T) {
	w := newWorld(t)
	a := w.program()
	w.write(a, strings.Repeat("\xff", 10), strings.Repeat("é", 1<<19))
	for _, e := range w.store.events {
		if len(e.Detail) > 600 || !strings.Contains(e.Detail, "\uFFFD") && !strings.Contains(e.Detail, "é") {
			t.Errorf("%d bytes: %.40q", len(e.Detail), e.Detail)
		}
	}
	w.wantOK("afterwards", w.verify(), 2, 1)
}

func TestNoRandomness(t *testing.T) {
	w := newWorld(t)
	l := audit.New(w.store, w.master, w.now, strings.NewReader("too short"))
	if _, err := l.Append(t.Context(), storage.AuditEvent{Type: "t"}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if len(w.store.events) != 0 {
		t.Error("an event was written")
	}
}

func BenchmarkVerify(b *testing.B) {
	w := &world{store: &memory{}, at: time.Now()}
	w.master, _ = keys.NewMasterKey(rand.Reader)
	l := w.program()
	for range 1000 {
		if _, err := l.Append(b.Context(), storage.AuditEvent{Type: "login.succeeded", Actor: "u", Target: "s"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if r, err := audit.Verify(b.Context(), w.store, []keys.MasterKey{w.master}, nil); err != nil || !r.OK {
			b.Fatal(r, err)
		}
	}
}
