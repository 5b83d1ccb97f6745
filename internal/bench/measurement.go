package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// roundTime is how long a round lasts at most.
	roundTime = time.Second

	// leastCPU is the processor time of the server below which nothing is said about the cost
	// of a request: the time is counted in steps of ten milliseconds.
	leastCPU = 100 * time.Millisecond

	// errorsInARow ends a workload: so many requests one after the other, of all workers
	// together, were not answered as they should be.
	errorsInARow = 20

	// preparationFactor bounds the time of a workload that prepares its requests, as a multiple
	// of the time that is measured.
	preparationFactor = 3
)

// measurement is one run of one workload.
type measurement struct {
	run      *run
	workload workload
	workers  int
	beside   startFunc // runs at the same time on all connections; nil for nothing
	cpuKnown bool
	progress func(part float64)

	tasks   []task
	tallies []tally
	sent    atomic.Int64 // requests measured so far
	failed  atomic.Int64 // in a row
	fatal   atomic.Pointer[error]

	measured time.Duration
	cpu      time.Duration
}

// measure runs the workload within its bounds.
func (m *measurement) measure(ctx context.Context) (Result, error) {
	result := Result{Name: m.workload.name}
	var err error
	if m.tasks, err = m.run.startAll(ctx, m.workload.start, m.workers); err != nil {
		return result, err
	}
	m.tallies = make([]tally, len(m.tasks))
	stop, err := m.startBeside(ctx)
	if err != nil {
		return result, err
	}
	first := len(m.run.unit.samples)
	err = m.rounds(ctx)
	stop()
	for _, t := range m.tasks {
		if e, ends := t.(ender); ends {
			e.end()
		}
	}
	if unitErr := m.run.unit.measure(); err == nil {
		err = unitErr
	}
	result.summarize(m.tallies, m.measured)
	switch {
	case !m.cpuKnown || result.Requests == 0:
	case m.cpu < leastCPU:
		result.TooShort = true
	default:
		of := m.cpu.Seconds() / float64(result.Requests)
		result.CPU, result.S = of*1e6, of/m.run.unit.since(first).Mean.Seconds()
	}
	return result, err
}

// startBeside starts what runs at the same time, and returns a function that waits for its end.
func (m *measurement) startBeside(ctx context.Context) (stop func(), err error) {
	if m.beside == nil {
		return func() {}, nil
	}
	tasks, err := m.run.startAll(ctx, m.beside, m.run.cfg.Connections)
	if err != nil {
		return nil, err
	}
	besideCtx, cancel := context.WithCancel(ctx)
	var failed atomic.Int64 // in a row
	var all sync.WaitGroup
	for _, t := range tasks {
		all.Go(func() {
			for besideCtx.Err() == nil && m.fatal.Load() == nil {
				err := t.do(ctx) // to its end, so that its session is known
				if err == nil {
					failed.Store(0)
				} else if failed.Add(1) >= errorsInARow {
					m.fatal.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }, nil
}

// rounds measures round by round until a bound is reached.
func (m *measurement) rounds(ctx context.Context) error {
	begin, cfg := time.Now(), m.run.cfg
	for ctx.Err() == nil && m.measured < cfg.Duration && m.sent.Load() < int64(cfg.Requests) && time.Since(begin) < preparationFactor*cfg.Duration {
		if err := m.run.unit.measure(); err != nil {
			return err
		}
		if err := m.prepare(ctx); err != nil {
			return err
		}
		if err := m.round(ctx); err != nil {
			return err
		}
		if fatal := m.fatal.Load(); fatal != nil {
			return *fatal
		}
	}
	return nil
}

// batch returns how many requests each worker prepares, 0 if the workload needs nothing.
func (m *measurement) batch() int {
	p, prepares := m.tasks[0].(preparer)
	if !prepares {
		return 0
	}
	left, workers := m.run.cfg.Requests-int(m.sent.Load()), len(m.tasks)
	return min(p.batch(), (left+workers-1)/workers)
}

func (m *measurement) prepare(ctx context.Context) error {
	n := m.batch()
	if n == 0 {
		return nil
	}
	errs := make([]error, len(m.tasks))
	var all sync.WaitGroup
	for k, t := range m.tasks {
		all.Go(func() { errs[k] = t.(preparer).prepare(ctx, n) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// round lets all workers send requests until the round is over, and adds what the server
// used.
func (m *measurement) round(ctx context.Context) error {
	before, err := m.usage(ctx)
	if err != nil {
		return err
	}
	batch, start := m.batch(), time.Now()
	end := start.Add(min(roundTime, m.run.cfg.Duration-m.measured))
	if batch > 0 {
		end = start.Add(m.run.cfg.Duration) // what is prepared is sent, unless that takes too long
	}
	part := func(sent int64) float64 {
		return max(float64(sent)/float64(m.run.cfg.Requests), float64(m.measured+time.Since(start))/float64(m.run.cfg.Duration))
	}
	var all sync.WaitGroup
	for n := range m.tasks {
		all.Go(func() { m.work(ctx, n, batch, end, part) })
	}
	all.Wait()
	m.measured += time.Since(start)
	after, err := m.usage(context.WithoutCancel(ctx)) // what an interrupted run has measured counts
	if err != nil {
		return err
	}
	m.cpu += after.CPU - before.CPU
	return nil
}

func (m *measurement) usage(ctx context.Context) (Usage, error) {
	if !m.cpuKnown {
		return Usage{}, nil
	}
	return ReadUsage(ctx, m.run.metrics, m.run.cfg.MetricsURL)
}

// work is what one worker does in a round: it sends what it has prepared, or without a
// preparation as much as there is time for, and nothing after the end.
func (m *measurement) work(ctx context.Context, worker, batch int, end time.Time, part func(sent int64) float64) {
	limit := int64(m.run.cfg.Requests)
	for n := 0; ctx.Err() == nil && m.fatal.Load() == nil; n++ {
		start := time.Now()
		if batch > 0 && n == batch || !start.Before(end) {
			return
		}
		number := m.sent.Add(1)
		if number > limit {
			m.sent.Add(-1)
			return
		}
		err := m.tasks[worker].do(ctx)
		if ctx.Err() != nil {
			return
		}
		m.note(worker, time.Since(start), err)
		m.progress(part(number))
	}
}

// note counts one request.
func (m *measurement) note(worker int, took time.Duration, err error) {
	t := &m.tallies[worker]
	if err == nil {
		m.failed.Store(0)
		t.latencies = append(t.latencies, took)
		return
	}
	t.count(err)
	var reason *skipError
	if errors.As(err, &reason) || m.failed.Add(1) >= errorsInARow {
		m.fatal.CompareAndSwap(nil, &err)
	}
}
