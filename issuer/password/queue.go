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
	mu      sync.Mutex
	free    int
	waiting *list.List // of *waiter, the first to be served in front
	limit   int
	held    map[string]int // places in waiting, by who waits
}

type waiter struct {
	who string
	// turn is closed when the waiter owns a slot, under the queue's lock.
	turn chan struct{}
}

func newQueue(slots, limit int) *queue {
	return &queue{free: slots, waiting: list.New(), limit: limit, held: make(map[string]int)}
}

// enter waits for a slot. It returns ErrBusy at once if there is no place to wait in,
// and ctx's error if the caller gave up first; it then holds no slot. After a nil
// error the caller must leave.
func (q *queue) enter(ctx context.Context, who string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait to hash: %w", err)
	}
	place, err := q.join(who)
	if err != nil || place == nil {
		return err
	}
	select {
	case <-place.Value.(*waiter).turn:
	case <-ctx.Done():
	}
	// Both may have happened; nothing is hashed for someone who has left.
	if err := ctx.Err(); err != nil {
		q.abandon(place)
		return fmt.Errorf("wait to hash: %w", err)
	}
	return nil
}

// join takes a free slot and returns nil, or a place to wait in.
func (q *queue) join(who string) (*list.Element, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return nil, nil
	}
	if q.waiting.Len() >= q.limit || who != "" && q.held[who] >= q.share() {
		return nil, ErrBusy
	}
	q.held[who]++
	return q.waiting.PushBack(&waiter{who: who, turn: make(chan struct{})}), nil
}

// share is how many places one caller may hold: half of them, so that a flood from
// one address always leaves room for others.
func (q *queue) share() int { return max(1, q.limit/2) }

// abandon gives a place back, or passes the slot on that came with it meanwhile.
func (q *queue) abandon(place *list.Element) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-place.Value.(*waiter).turn:
		q.pass()
	default:
		q.remove(place)
	}
}

// leave gives a slot back.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pass()
}

// pass hands a slot to the first who waits. The lock must be held.
func (q *queue) pass() {
	first := q.waiting.Front()
	if first == nil {
		q.free++
		return
	}
	q.remove(first)
	close(first.Value.(*waiter).turn)
}

// remove takes a place out of the line. The lock must be held.
func (q *queue) remove(place *list.Element) {
	q.waiting.Remove(place)
	who := place.Value.(*waiter).who
	if q.held[who]--; q.held[who] == 0 {
		delete(q.held, who)
	}
}
