package sqlite

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/storage"
)

// queueLater has a step done in the background and waits for it elsewhere.
func queueLater(ctx context.Context, s *Store, step func(*tx) error) (answer <-chan error) {
	out := make(chan error, 1)
	go func() {
		_, err := writeLater(ctx, s, "step", func(t *tx) ([]struct{}, int64, error) { return nil, 0, step(t) })
		out <- err
	}()
	return out
}

// Of a job of the background and jobs that came after it, those for which somebody waits go first.
func TestBackground_WaitsForOthers(t *testing.T) {
	s := openTest(t)
	release := blockWriter(t, s)
	var order []string
	note := func(name string) func(*tx) error {
		return func(*tx) error {
			order = append(order, name)
			return nil
		}
	}
	later := queueLater(t.Context(), s, note("background"))
	time.Sleep(10 * time.Millisecond) // most likely it is waiting by now; the order is the same if not
	first := queue(t.Context(), s, false, note("first"))
	second := queue(t.Context(), s, false, note("second"))
	release()
	for _, answer := range []<-chan error{first, second, later} {
		if err := <-answer; err != nil {
			t.Error(err)
		}
	}
	if len(order) != 3 || order[2] != "background" {
		t.Errorf("done in the order %q", order)
	}
}

// A job of the background has its turn though others are always waiting.
func TestBackground_IsNotStarved(t *testing.T) {
	s := openTest(t)
	var done atomic.Bool
	var waiters []<-chan error
	for range 4 {
		out := make(chan error, 1)
		waiters = append(waiters, out)
		go func() {
			for !done.Load() {
				if err := <-queue(context.Background(), s, false, func(*tx) error { return nil }); err != nil {
					out <- err
					return
				}
			}
			out <- nil
		}()
	}
	if err := <-queueLater(t.Context(), s, insertRole("a")); err != nil {
		t.Errorf("a step of the background: %v", err)
	}
	done.Store(true)
	for _, w := range waiters {
		if err := <-w; err != nil {
			t.Errorf("a step beside it: %v", err)
		}
	}
	wantRoles(t, s, "a")
}

// The writer takes a job of the background after so many batches of other jobs, whatever waits.
func TestBackground_HasItsTurn(t *testing.T) {
	w := &writer{jobs: make(chan *job, 2*maxPassed), background: background{jobs: make(chan *job, 1)}, closing: make(chan struct{})}
	later := newJob(false, nil)
	w.background.jobs <- later
	for n := range maxPassed + 1 {
		w.jobs <- newJob(false, nil)
		batch := w.next(nil)
		if isLater := len(batch) == 1 && batch[0] == later; isLater != (n == maxPassed) {
			t.Fatalf("batch %d is of the background: %v", n, isLater)
		}
	}
}

// A sweep that rests ends with its context, and with the store.
func TestSweep_EndsWhileItRests(t *testing.T) {
	for name, end := range map[string]func(s *Store, cancel func()){
		"context": func(_ *Store, cancel func()) { cancel() },
		"store":   func(s *Store, _ func()) { _ = s.Close() },
	} {
		s := openTest(t)
		ctx, cancel := context.WithCancel(t.Context())
		steps := make(chan struct{}, 1)
		swept := make(chan error, 1)
		go func() {
			_, _, err := inSteps(ctx, s, "sweep", 1<<40, func(_ *tx, _, size int) ([]struct{}, int64, error) {
				select {
				case steps <- struct{}{}:
				default:
				}
				return nil, int64(size), nil
			})
			swept <- err
		}()
		<-steps
		end(s, cancel)
		if err := <-swept; !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s: the sweep ended with %v, want ErrUnavailable", name, err)
		}
		cancel()
	}
}
