package sqlite

import (
	"context"
	"sync/atomic"
	"time"
)

// background is the work for which nobody waits. Each of its jobs is a transaction by itself, begun
// when no other job is waiting.
type background struct {
	jobs   chan *job
	passed int           // batches in a row of other jobs
	others atomic.Uint64 // batches of other jobs
}

// maxPassed bounds the batches that go before a job of the background, so that it has its turn also
// while other jobs are always waiting.
const maxPassed = 64

// next waits for something to do and adds it to the batch. It adds nothing once the writer is to end.
func (w *writer) next(batch []*job) []*job {
	select {
	case <-w.closing:
		return batch
	default:
	}
	if w.background.passed < maxPassed {
		select {
		case j := <-w.jobs:
			return w.foreground(append(batch, j))
		default:
		}
	}
	w.background.passed = 0
	select {
	case j := <-w.background.jobs:
		return append(batch, j)
	default:
	}
	select {
	case <-w.closing:
		return batch
	case j := <-w.jobs:
		return w.foreground(append(batch, j))
	case j := <-w.background.jobs:
		return append(batch, j)
	}
}

// foreground adds what else is waiting to a batch of which somebody waits for each job.
func (w *writer) foreground(batch []*job) []*job {
	w.background.passed++
	w.background.others.Add(1)
	return w.drainQueue(batch)
}

const (
	// sweepStep bounds the rows that one step of a sweep deletes: requests that come meanwhile wait for
	// it. A row lies in a page of the table and in one of each index, nearly each of its own.
	sweepStep = 20

	// A sweep rests after each step for so many times as long as the step took: long if others wrote
	// meanwhile, so that they lose little, else only as long as leaves the processor to readers.
	restBesideOthers = 25
	restAlone        = 1

	// maxRest bounds one rest, for instance after a step that waited for another process.
	maxRest = 250 * time.Millisecond
)

// sweep deletes up to limit rows in steps of the background. q deletes as many as its last argument
// says of those that lie before its first.
func (s *Store) sweep(ctx context.Context, op string, q query, before any, limit int) (int64, error) {
	_, total, err := inSteps(ctx, s, op, limit, func(t *tx, _, size int) ([]struct{}, int64, error) {
		deleted, err := t.exec(q, before, int64(size))
		return nil, deleted, err
	})
	return total, err
}

// inSteps has step done in the background again and again, each time for up to sweepStep rows after the
// first done, until it takes fewer than it may or all have taken limit. It returns what the steps
// returned, and how many rows they took.
func inSteps[T any](ctx context.Context, s *Store, op string, limit int, step func(t *tx, done, size int) ([]T, int64, error)) (all []T, total int64, err error) {
	for done := 0; done < limit; {
		size := min(limit-done, sweepStep)
		others := s.writer.background.others.Load()
		l, err := writeLater(ctx, s, op, func(t *tx) (some []T, taken int64, err error) { return step(t, done, size) })
		all, total = append(all, l.some...), total+l.taken
		if err != nil || l.taken < int64(size) {
			return all, total, err
		}
		done += size
		times := time.Duration(restAlone)
		if s.writer.background.others.Load() != others {
			times = restBesideOthers
		}
		s.writer.rest(ctx, min(times*l.took, maxRest))
	}
	return all, total, nil
}

// later is what a step of the background gave, and how long it took with its commit.
type later[T any] struct {
	some  []T
	taken int64
	took  time.Duration
}

// writeLater has a step done in the background. Its statements are not undone together.
func writeLater[T any](ctx context.Context, s *Store, op string, step func(*tx) ([]T, int64, error)) (later[T], error) {
	var l later[T]
	var began time.Time
	j := newJob(false, func(t *tx) (err error) {
		began = time.Now()
		l.some, l.taken, err = step(t)
		return err
	})
	err := s.writer.enqueueIn(ctx, s.writer.background.jobs, j)
	if err == nil {
		err = s.writer.wait(ctx, j)
	}
	if err != nil {
		return later[T]{}, outcome(op, err) // not l: after an unknown outcome the step may still be setting it
	}
	l.took = time.Since(began)
	return l, nil
}

// rest waits, unless the writer ends or ctx does.
func (w *writer) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-w.closing:
	}
}
