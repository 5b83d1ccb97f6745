package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/internal/testclock"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/outbox"
	"example.org/signet/storage"
)

// fixture is one worker over a store in memory. Its receiver does what answer says.
type fixture struct {
	*outbox.Worker
	clock  *testclock.Clock
	store  *memoryStore
	events *events
	answer func(ctx context.Context, m storage.Message) error

	mu       sync.Mutex
	attempts map[string]int
	outcomes map[string]int
}

type events struct {
	mu  sync.Mutex
	all []storage.AuditEvent
	err error
}

func (e *events) Append(_ context.Context, event storage.AuditEvent) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.all = append(e.all, event)
	}
	return "", e.err
}

func newFixture() *fixture {
	f := &fixture{clock: testclock.At(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), store: newMemoryStore(), events: &events{}}
	f.attempts, f.outcomes = map[string]int{}, map[string]int{}
	f.Worker = f.instance("a")
	return f
}

// instance returns a worker with a name of its own on the same store, with the same receiver.
func (f *fixture) instance(name string) *outbox.Worker {
	return outbox.New(outbox.Config{
		Instance: name, Now: f.clock.Now, Jitter: func() float64 { return 0.5 },
		Observe: func(_, outcome string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.outcomes[outcome]++
		},
	}, f.store, f.events, map[string]outbox.Deliverer{"test": f})
}

func (f *fixture) Deliver(ctx context.Context, m storage.Message) error {
	f.mu.Lock()
	f.attempts[m.ID]++
	f.mu.Unlock()
	if f.answer == nil {
		return nil
	}
	return f.answer(ctx, m)
}

func (f *fixture) Undelivered(m storage.Message) storage.AuditEvent {
	return storage.AuditEvent{Type: audit.EventDeliveryFailed, Target: m.ID, ClientID: m.Target, Detail: "test message"}
}

func (f *fixture) messages(target string, ids ...string) []storage.Message {
	now := f.clock.Now()
	all := make([]storage.Message, len(ids))
	for n, id := range ids {
		all[n] = storage.Message{ID: id, Kind: "test", Target: target, CreatedAt: now, DueAt: now, ExpiresAt: now.Add(time.Hour)}
	}
	return all
}

func (f *fixture) deliver(t *testing.T, w *outbox.Worker) {
	t.Helper()
	if _, err := w.DeliverDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) enqueue(t *testing.T, messages ...storage.Message) {
	t.Helper()
	if err := f.Enqueue(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) attemptsOf(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.attempts[id]
}

var errDown = errors.New("the server cannot be reached")

func TestDeliver_MessageEnqueuedTwice_IsDeliveredOnce(t *testing.T) {
	f := newFixture()
	f.enqueue(t, f.messages("web", "1")...)
	f.enqueue(t, f.messages("web", "1", "2")...)
	f.deliver(t, f.Worker)
	f.deliver(t, f.Worker)
	if f.attemptsOf("1") != 1 || f.attemptsOf("2") != 1 || f.outcomes[outbox.Delivered] != 2 {
		t.Errorf("attempts %v, outcomes %v", f.attempts, f.outcomes)
	}
	if len(f.store.messages) != 0 {
		t.Errorf("left: %v", f.store.messages)
	}
}

func TestDeliver_ReceiverDown_BacksOffUntilItAnswers(t *testing.T) {
	f := newFixture()
	down := true
	f.answer = func(context.Context, storage.Message) error {
		if down {
			return errDown
		}
		return nil
	}
	f.enqueue(t, f.messages("web", "1")...)
	var waits []time.Duration
	for range 5 {
		f.deliver(t, f.Worker)
		m, ok := f.store.message("1")
		if !ok || m.Owner != "" {
			t.Fatalf("the message is %+v, there %v", m, ok)
		}
		waits = append(waits, m.DueAt.Sub(f.clock.Now()))
		f.clock.Advance(m.DueAt.Sub(f.clock.Now()))
	}
	if got := fmt.Sprint(waits); got != "[2s 4s 8s 16s 32s]" {
		t.Errorf("waits %s", got)
	}
	down = false
	f.deliver(t, f.Worker)
	if n := f.attemptsOf("1"); n != 6 || len(f.store.messages) != 0 || len(f.events.all) != 0 {
		t.Errorf("%d attempts, left %v, events %v", n, f.store.messages, f.events.all)
	}
}

func TestDeliver_ReceiverDownUntilTheMessageExpires_AuditsOnce(t *testing.T) {
	f := newFixture()
	f.answer = func(context.Context, storage.Message) error { return errDown }
	f.enqueue(t, f.messages("web", "1")...)
	for range 100 {
		f.deliver(t, f.Worker)
		f.clock.Advance(time.Minute)
	}
	if len(f.events.all) != 1 || len(f.store.messages) != 0 {
		t.Fatalf("events %v, left %v", f.events.all, f.store.messages)
	}
	e := f.events.all[0]
	if e.Type != audit.EventDeliveryFailed || e.Target != "1" || e.ClientID != "web" || !strings.HasPrefix(e.Detail, "test message after ") || !strings.HasSuffix(e.Detail, " attempts: the server cannot be reached") {
		t.Errorf("event %+v", e)
	}
}

func TestDeliver_Rejected_IsFinal(t *testing.T) {
	f := newFixture()
	f.answer = func(context.Context, storage.Message) error { return fmt.Errorf("status 400: %w", outbox.ErrRejected) }
	f.enqueue(t, f.messages("web", "1")...)
	f.deliver(t, f.Worker)
	if len(f.events.all) != 1 || len(f.store.messages) != 0 || f.attemptsOf("1") != 1 {
		t.Errorf("events %v, left %v", f.events.all, f.store.messages)
	}
	if d := f.events.all[0].Detail; d != "test message after 1 attempt: status 400: rejected by the receiver" {
		t.Errorf("detail %q", d)
	}
}

func TestDeliver_AuditLogAway_KeepsTheMessage(t *testing.T) {
	f := newFixture()
	f.answer = func(context.Context, storage.Message) error { return outbox.ErrRejected }
	f.events.err = storage.Unavailable("test", errDown)
	f.enqueue(t, f.messages("web", "1")...)
	f.deliver(t, f.Worker)
	if m, ok := f.store.message("1"); !ok || m.Owner != "" {
		t.Fatalf("the message is %+v, there %v", m, ok)
	}
	f.events.err = nil
	f.clock.Advance(time.Minute)
	f.deliver(t, f.Worker)
	if len(f.events.all) != 1 || len(f.store.messages) != 0 {
		t.Errorf("events %v, left %v", f.events.all, f.store.messages)
	}
}

func TestDeliver_InstanceDied_AnotherDeliversAfterTheLease(t *testing.T) {
	f := newFixture()
	f.enqueue(t, f.messages("web", "1")...)
	now := f.clock.Now()
	leased, err := f.store.LeaseMessages(t.Context(), storage.Lease{Owner: "dead", Now: now, Until: now.Add(30 * time.Second), Limit: 1})
	if err != nil || len(leased) != 1 {
		t.Fatal(leased, err)
	}
	f.deliver(t, f.Worker)
	if f.attemptsOf("1") != 0 {
		t.Error("a message was delivered that another instance has leased")
	}
	f.clock.Advance(30 * time.Second)
	f.deliver(t, f.Worker)
	if f.attemptsOf("1") != 1 || len(f.store.messages) != 0 {
		t.Errorf("attempts %v, left %v", f.attempts, f.store.messages)
	}
}

func TestDeliver_TwoInstances_DeliverEachMessageOnce(t *testing.T) {
	f := newFixture()
	var ids []string
	for n := range 200 {
		ids = append(ids, fmt.Sprintf("%03d", n))
	}
	f.enqueue(t, f.messages("web", ids...)...)
	var both sync.WaitGroup
	for _, w := range []*outbox.Worker{f.Worker, f.instance("b")} {
		both.Go(func() { f.deliver(t, w) })
	}
	both.Wait()
	for _, id := range ids {
		if f.attempts[id] != 1 {
			t.Errorf("message %s: %d attempts", id, f.attempts[id])
		}
	}
}

func TestDeliver_OneReceiverDown_DoesNotHoldUpOthers(t *testing.T) {
	f := newFixture()
	f.answer = func(_ context.Context, m storage.Message) error {
		if m.Target == "down" {
			return errDown
		}
		return nil
	}
	var ids []string
	for n := range 500 {
		ids = append(ids, fmt.Sprintf("%03d", n))
	}
	f.enqueue(t, f.messages("down", ids...)...)
	f.clock.Advance(time.Millisecond)
	f.enqueue(t, f.messages("up", "up")...)
	f.deliver(t, f.Worker)
	if f.attemptsOf("up") != 1 {
		t.Error("the message for the receiver that answers was not delivered")
	}
	total := 0
	for _, id := range ids {
		total += f.attemptsOf(id)
	}
	if total > 20 {
		t.Errorf("the receiver that is down was tried %d times", total)
	}
}

// A receiver that puts one message off is there for the others.
func TestDeliver_OneMessagePutOff_DoesNotHoldUpOthers(t *testing.T) {
	f := newFixture()
	f.answer = func(_ context.Context, m storage.Message) error {
		if m.ID == "off" {
			return fmt.Errorf("come back later: %w", outbox.ErrNotThisOne)
		}
		return nil
	}
	f.enqueue(t, f.messages("one", "off")...)
	f.deliver(t, f.Worker)
	f.enqueue(t, f.messages("one", "next")...)
	f.deliver(t, f.Worker)
	if f.attemptsOf("off") != 1 || f.attemptsOf("next") != 1 {
		t.Errorf("tried %d times and %d times", f.attemptsOf("off"), f.attemptsOf("next"))
	}
	f.answer = nil
	f.clock.Advance(10 * time.Second)
	f.deliver(t, f.Worker)
	if f.attemptsOf("off") != 2 {
		t.Errorf("the message that was put off was tried %d times", f.attemptsOf("off"))
	}
}

// A receiver that answers, but late, has two slots after its first messages.
func TestRun_SlowReceiver_LeavesSlotsToOthers(t *testing.T) {
	f := newFixture()
	begun, goOn, delivered := make(chan string, 100), make(chan struct{}), make(chan string, 10)
	f.answer = func(_ context.Context, m storage.Message) error {
		if m.Target == "fast" {
			delivered <- m.ID
			return nil
		}
		begun <- m.ID
		<-goOn
		return nil
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); f.Run(ctx, func(error) {}) }()
	f.enqueue(t, f.messages("slow", "01", "02", "03", "04", "05", "06", "07", "08")...)
	for range 8 { // nobody knows yet that it is slow
		<-begun
	}
	f.clock.Advance(2 * time.Second)
	for range 8 {
		goOn <- struct{}{}
	}
	for f.store.count() > 0 {
		time.Sleep(time.Millisecond)
	}
	f.enqueue(t, f.messages("slow", "09", "10", "11", "12", "13", "14", "15", "16")...)
	<-begun
	<-begun
	f.enqueue(t, f.messages("fast", "fast")...)
	<-delivered
	if n := len(begun); n != 0 {
		t.Errorf("%d more attempts at the slow receiver are under way", n)
	}
	close(goOn)
	stop()
	<-ended
}

func TestDeliver_UnknownKind_IsLeftToNewerInstances(t *testing.T) {
	f := newFixture()
	m := f.messages("web", "1")[0]
	m.Kind = "other"
	f.enqueue(t, m)
	f.deliver(t, f.Worker)
	if m, ok := f.store.message("1"); !ok || m.Owner != "" || m.DueAt.Sub(f.clock.Now()) != time.Minute {
		t.Errorf("the message is %+v, there %v", m, ok)
	}
	if len(f.events.all) != 0 {
		t.Errorf("events %v", f.events.all)
	}
}

func TestSweep_ExpiredMessage_IsAudited(t *testing.T) {
	f := newFixture()
	f.enqueue(t, f.messages("web", "1")...)
	f.clock.Advance(2 * time.Hour)
	f.deliver(t, f.Worker)
	n, err := f.Sweep(t.Context(), f.clock.Now(), 10)
	if err != nil || n != 1 || len(f.events.all) != 1 || f.attemptsOf("1") != 0 {
		t.Errorf("swept %d, %v, events %v", n, err, f.events.all)
	}
}

func TestEnqueue_TooLong_IsRefused(t *testing.T) {
	f := newFixture()
	m := f.messages("web", "1")[0]
	m.Body = make([]byte, storage.MaxMessage+1)
	if err := f.Enqueue(t.Context(), m); err == nil || len(f.store.messages) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestRun_DeliversAtOnceAfterEnqueue(t *testing.T) {
	f := newFixture()
	delivered := make(chan string, 10)
	f.answer = func(_ context.Context, m storage.Message) error { delivered <- m.ID; return nil }
	ctx, stop := context.WithCancel(t.Context())
	var looks atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(ctx, func(error) { looks.Add(1) })
	}()
	for looks.Load() == 0 { // it now waits for its next look
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	f.enqueue(t, f.messages("web", "1")...)
	<-delivered
	soon := f.messages("web", "2")[0]
	soon.DueAt = soon.DueAt.Add(100 * time.Millisecond)
	f.enqueue(t, soon)
	f.clock.Advance(time.Second)
	<-delivered
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
	stop()
	<-ended
}

func TestRun_Stopped_GivesTheLeaseBack(t *testing.T) {
	f := newFixture()
	began := make(chan struct{})
	f.answer = func(ctx context.Context, _ storage.Message) error {
		close(began)
		<-ctx.Done()
		return ctx.Err()
	}
	f.enqueue(t, f.messages("web", "1")...)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(ctx, func(error) {})
	}()
	<-began
	stop()
	<-ended
	if m, ok := f.store.message("1"); !ok || m.Owner != "" || m.DueAt.After(f.clock.Now()) {
		t.Errorf("the message is %+v, there %v", m, ok)
	}
	if f.outcomes[outbox.Failed] != 0 {
		t.Error("the end of the worker counts as a failure of the receiver")
	}
}

func TestRun_StoreAway_ReportsIt(t *testing.T) {
	f := newFixture()
	f.store.fail(storage.Unavailable("test", errDown))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reported := make(chan error, 10)
	go f.Run(ctx, func(err error) { reported <- err })
	if err := <-reported; !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestMeasure_CountsWhatWaits(t *testing.T) {
	f := newFixture()
	f.enqueue(t, f.messages("web", "1")...)
	f.clock.Advance(time.Minute)
	f.enqueue(t, f.messages("web", "2")...)
	if err := f.Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b := f.Backlog(); b.Waiting != 2 || f.OldestAge() != time.Minute {
		t.Errorf("backlog %+v, oldest %s", b, f.OldestAge())
	}
}
