package password

import (
	"container/list"
	"context"
	"fmt"
	"sync"
)

// queue lets a bounded number of callers in, in the order in which they came, and a
// bounded number wait. A slot passes from hand to hand, so that no newcomer overtakes
// those who wait. It starts no goroutine: the caller does its own work.
type queue struct {
	mu        sync.Mutex
	free      int
	waiting   *list.List // of *waiter, the first to be served in front
	limit     int
	perCaller map[string]int // places in waiting, by who waits
}

type waiter struct {
	caller string
	// ready is closed when the waiter owns a slot, under the queue's lock.
	ready chan struct{}
}

func newQueue(slots, limit int) *queue {
	return &queue{free: slots, waiting: list.New(), limit: limit, perCaller: make(map[string]int)}
}

// acquire waits for a slot. It returns ErrBusy at once if there is no place to wait in,
// and ctx's error if the caller gave up first; it then holds no slot. After a nil
// error the caller must leave.
func (q *queue) acquire(ctx context.Context, caller string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait to hash: %w", err)
	}
	element, err := q.acquireOrQueue(caller)
	if err != nil || element == nil {
		return err
	}
	select {
	case <-element.Value.(*waiter).ready:
	case <-ctx.Done():
	}
	// Both may have happened; nothing is hashed for someone who has left.
	if err := ctx.Err(); err != nil {
		q.cancel(element)
		return fmt.Errorf("wait to hash: %w", err)
	}
	return nil
}

// acquireOrQueue takes a free slot and returns nil, or a place to wait in.
func (q *queue) acquireOrQueue(caller string) (*list.Element, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return nil, nil
	}
	if q.waiting.Len() >= q.limit || caller != "" && q.perCaller[caller] >= q.callerLimit() {
		return nil, ErrBusy
	}
	q.perCaller[caller]++
	return q.waiting.PushBack(&waiter{caller: caller, ready: make(chan struct{})}), nil
}

// callerLimit is how many places one caller may hold: half of them, so that a flood from
// one address always leaves room for others.
func (q *queue) callerLimit() int { return max(1, q.limit/2) }

// cancel gives a place back, or passes the slot on that came with it meanwhile.
func (q *queue) cancel(element *list.Element) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-element.Value.(*waiter).ready:
		q.handOff()
	default:
		q.remove(element)
	}
}

// release gives a slot back.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.handOff()
}

// handOff hands a slot to the first who waits. The lock must be held.
func (q *queue) handOff() {
	first := q.waiting.Front()
	if first == nil {
		q.free++
		return
	}
	q.remove(first)
	close(first.Value.(*waiter).ready)
}

// remove takes a place out of the line. The lock must be held.
func (q *queue) remove(element *list.Element) {
	q.waiting.Remove(element)
	caller := element.Value.(*waiter).caller
	if q.perCaller[caller]--; q.perCaller[caller] == 0 {
		delete(q.perCaller, caller)
	}
}
