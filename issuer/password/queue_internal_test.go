package password

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// blockingScheme is a scheme whose evaluations last until they are let go, one by one.
type blockingScheme struct {
	let           chan struct{}
	running, most atomic.Int32
	mu            sync.Mutex
	began         []string // the passwords, in the order in which they were begun
}

func (s *blockingScheme) check(string) error                     { return nil }
func (s *blockingScheme) current(storedHash) bool                { return true }
func (s *blockingScheme) hash(io.Reader, string) (string, error) { panic("not used") }

func (s *blockingScheme) hashDummy(pw string) {
	n := s.running.Add(1)
	for m := s.most.Load(); n > m && !s.most.CompareAndSwap(m, n); m = s.most.Load() {
	}
	s.mu.Lock()
	s.began = append(s.began, pw)
	s.mu.Unlock()
	<-s.let
	s.running.Add(-1)
}

func newBlockingPool(workers, limit int) (*Pool, *blockingScheme) {
	s := &blockingScheme{let: make(chan struct{})}
	return &Pool{scheme: s, queue: newQueue(workers, limit)}, s
}

// startVerify starts a login in the background and waits until it stands in the queue, runs,
// or was refused. The channel has its answer.
func startVerify(ctx context.Context, p *Pool, caller, pw string) <-chan error {
	answer := make(chan error, 1)
	go func() { answer <- p.VerifyDummy(ctx, caller, pw) }()
	synctest.Wait()
	return answer
}

func TestNeverMoreThanWorkersRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newBlockingPool(3, 500)
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() {
				if err := p.VerifyDummy(t.Context(), "", "x"); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := s.running.Load(); n != 3 {
			t.Errorf("%d run at first, want 3", n)
		}
		close(s.let)
		wg.Wait()
		if n := s.most.Load(); n != 3 {
			t.Errorf("%d ran at once, want 3", n)
		}
		if n := p.Evaluations(); n != 500 {
			t.Errorf("%d evaluations, want 500", n)
		}
	})
}

func TestPastTheQueueIsBusyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newBlockingPool(1, 2)
		for i := range 3 {
			startVerify(t.Context(), p, "", fmt.Sprint(i))
		}
		for range 3 {
			if err := p.VerifyDummy(t.Context(), "", "late"); !errors.Is(err, ErrBusy) {
				t.Errorf("error is %v, want ErrBusy", err)
			}
		}
		close(s.let)
		synctest.Wait()
		if err := p.VerifyDummy(t.Context(), "", "after"); err != nil {
			t.Errorf("after the queue has emptied: %v", err)
		}
		if want := []string{"0", "1", "2", "after"}; !slices.Equal(s.began, want) {
			t.Errorf("hashed %v, want %v", s.began, want)
		}
	})
}

func TestFirstInFirstOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newBlockingPool(1, 50)
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprint(i))
			startVerify(t.Context(), p, "", want[i])
		}
		for range 50 {
			s.let <- struct{}{}
			synctest.Wait()
		}
		if !slices.Equal(s.began, want) {
			t.Errorf("order %v", s.began)
		}
	})
}

func TestGivingUpWhileQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newBlockingPool(1, 2)
		startVerify(t.Context(), p, "", "first")
		ctx, giveUp := context.WithCancel(t.Context())
		gone := startVerify(ctx, p, "a", "gone")
		stays := startVerify(t.Context(), p, "b", "stays")
		giveUp()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want context.Canceled", err)
		}
		// The place is free again, also for the one who held it.
		next := startVerify(t.Context(), p, "a", "next")
		close(s.let)
		if err := errors.Join(<-stays, <-next); err != nil {
			t.Error(err)
		}
		if want := []string{"first", "stays", "next"}; !slices.Equal(s.began, want) {
			t.Errorf("hashed %v, want %v", s.began, want)
		}
		if n := p.Evaluations(); n != 3 {
			t.Errorf("%d evaluations, want 3", n)
		}
	})
}

func TestGivenUpBeforeAsking(t *testing.T) {
	p, s := newBlockingPool(1, 1)
	ctx, giveUp := context.WithCancel(t.Context())
	giveUp()
	if err := p.VerifyDummy(ctx, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if len(s.began) != 0 || p.Evaluations() != 0 {
		t.Error("hashed for someone who had left")
	}
}

// A slot that was handed over in the very moment in which its owner gave up goes on to
// the next, and is neither lost nor used.
func TestSlotHandedToSomeoneWhoLeft(t *testing.T) {
	q := newQueue(1, 2)
	if err := q.acquire(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	gone, err := q.acquireOrQueue("a")
	if err != nil {
		t.Fatal(err)
	}
	next, err := q.acquireOrQueue("b")
	if err != nil {
		t.Fatal(err)
	}
	q.release()    // hands the slot to gone
	q.cancel(gone) // who passes it on
	select {
	case <-next.Value.(*waiter).ready:
	default:
		t.Fatal("the slot was lost")
	}
	q.release()
	if q.free != 1 || q.waiting.Len() != 0 || len(q.perCaller) != 0 {
		t.Errorf("free %d, waiting %d, held %v; want 1, 0, none", q.free, q.waiting.Len(), q.perCaller)
	}
}

func TestOneCallerHoldsHalfOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := newBlockingPool(1, 8)
		startVerify(t.Context(), p, "198.51.100.7", "runs")
		for range 4 {
			startVerify(t.Context(), p, "198.51.100.7", "flood")
		}
		for range 20 {
			if err := p.VerifyDummy(t.Context(), "198.51.100.7", "flood"); !errors.Is(err, ErrBusy) {
				t.Errorf("more than half: %v, want ErrBusy", err)
			}
		}
		var others []<-chan error
		for i := range 4 {
			others = append(others, startVerify(t.Context(), p, fmt.Sprintf("192.0.2.%d", i), "other"))
		}
		close(s.let)
		for _, answer := range others {
			if err := <-answer; err != nil {
				t.Errorf("someone else: %v", err)
			}
		}
		synctest.Wait()
		if len(p.queue.perCaller) != 0 {
			t.Errorf("places are still counted: %v", p.queue.perCaller)
		}
	})
}

// Callers come, give up and are served at random; every slot and place comes back.
func TestNoSlotIsLostUnderLoad(t *testing.T) {
	p, s := newBlockingPool(4, 16)
	close(s.let)
	var served atomic.Uint64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := range 50 {
				ctx, giveUp := context.WithCancel(t.Context())
				if (i+j)%3 == 0 {
					go giveUp()
				}
				if p.VerifyDummy(ctx, fmt.Sprint(i%5), "x") == nil {
					served.Add(1)
				}
				giveUp()
			}
		})
	}
	wg.Wait()
	if n := p.Evaluations(); n != served.Load() {
		t.Errorf("%d evaluations for %d served", n, served.Load())
	}
	if p.queue.free != 4 || p.queue.waiting.Len() != 0 || len(p.queue.perCaller) != 0 {
		t.Errorf("free %d, waiting %d, held %v", p.queue.free, p.queue.waiting.Len(), p.queue.perCaller)
	}
	if n := s.most.Load(); n > 4 {
		t.Errorf("%d ran at once", n)
	}
}
