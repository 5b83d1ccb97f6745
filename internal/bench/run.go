package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// revokeTimeout bounds the end of a run, which ends the sessions that it made.
const revokeTimeout = 2 * time.Minute

// Run measures the workloads one after the other. The report holds what was measured also where
// there is an error.
func Run(ctx context.Context, cfg Config) (Report, error) {
	report := Report{Issuer: cfg.Issuer, Connections: cfg.Connections}
	if err := cfg.Check(); err != nil {
		return report, err
	}
	r := &run{
		oauth: &oauth{client: NewHTTPClient(cfg.Connections + besideWorkers), account: cfg.Account}, cfg: cfg, metrics: NewHTTPClient(1),
		sessions: &sessions{}, held: make([]held, cfg.Connections),
	}
	var err error
	if r.at, err = discover(ctx, r.client, cfg.Issuer); err != nil {
		return report, err
	}
	if r.unit, err = newUnit(); err != nil {
		return report, err
	}
	report.CPUKnown, report.CPUError = r.checkUsage(ctx)
	err = r.all(ctx, &report)
	report.Signature = r.unit.since(0)
	if report.CPUKnown {
		usage, _ := ReadUsage(context.WithoutCancel(ctx), r.metrics, cfg.MetricsURL) // 0 where the server is gone
		report.RSS = usage.RSS
	}
	if !cfg.KeepRecords {
		report.LeftOver = r.cleanUp(context.WithoutCancel(ctx))
	}
	return report, err
}

// checkUsage tells whether the processor time of the server can be read, and else why not.
func (r *run) checkUsage(ctx context.Context) (known bool, reason string) {
	if r.cfg.MetricsURL == "" {
		return false, "no URL of the metrics is given"
	}
	if _, err := ReadUsage(ctx, r.metrics, r.cfg.MetricsURL); err != nil {
		return false, err.Error()
	}
	return true, ""
}

// all runs the chosen workloads until one must stop.
func (r *run) all(ctx context.Context, report *Report) error {
	chosen := r.cfg.chosen()
	for n, w := range chosen {
		progress := func(part float64) {
			if r.cfg.OnProgress != nil {
				r.cfg.OnProgress(Progress{Workload: w.name, Number: n + 1, Of: len(chosen), Part: part})
			}
		}
		progress(0)
		result, err := r.one(ctx, w, report.CPUKnown, progress)
		var reason *skipError
		if errors.As(err, &reason) {
			result, err = Result{Name: w.name, Skipped: reason.reason}, nil
		}
		report.Results = append(report.Results, result)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			report.BusyStatus, report.BusyPart = busyStatus(err), w.name
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// cleanUp ends the sessions and the browser sessions, and returns how many are left.
func (r *run) cleanUp(ctx context.Context) (left int) {
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	left = r.sessions.revoke(ctx, r.cfg.Connections)
	for _, h := range r.held {
		if h.browser != nil && h.browser.signOut(ctx) != nil {
			left++
		}
	}
	return left
}

// one measures one workload; one beside another first alone, for comparison.
func (r *run) one(ctx context.Context, w workload, cpuKnown bool, progress func(part float64)) (Result, error) {
	if w.beside == nil {
		return (&measurement{run: r, workload: w, workers: r.cfg.Connections, cpuKnown: cpuKnown, progress: progress}).measure(ctx)
	}
	workers := min(besideWorkers, r.cfg.Connections)
	alone := &measurement{run: r, workload: w, workers: workers, progress: func(part float64) { progress(part / 2) }}
	without, err := alone.measure(ctx)
	if err != nil {
		return without, err
	}
	both := &measurement{run: r, workload: w, workers: workers, beside: w.beside, progress: func(part float64) { progress(.5 + part/2) }}
	result, err := both.measure(ctx)
	result.Alone = &without
	return result, err
}

// startsAtOnce bounds how many workers start at a time: one user may be all of theirs, and an
// issuer allows ten logins of one at a time.
const startsAtOnce = 8

// startAll makes the tasks of so many workers: the first one alone, so that what is wrong with
// the account fails once, and then the others.
func (r *run) startAll(ctx context.Context, start startFunc, workers int) ([]task, error) {
	tasks, errs := make([]task, workers), make([]error, workers)
	if tasks[0], errs[0] = start(ctx, r, 0); errs[0] != nil {
		return nil, errs[0]
	}
	var all sync.WaitGroup
	slots := make(chan struct{}, startsAtOnce)
	for n := 1; n < workers; n++ {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			tasks[n], errs[n] = start(ctx, r, n)
		})
	}
	all.Wait()
	for _, err := range errs { // one says what the others would
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(tasks, func(t task) bool { return t == nil }), nil
}

// statusOf returns the status of an answer that was not as it should be, else 0.
func statusOf(err error) int {
	var s *StatusError
	if errors.As(err, &s) {
		return s.Status
	}
	return 0
}

func isNoAnswer(err error) bool {
	var n *errNoAnswer
	return errors.As(err, &n)
}

// busyStatus returns 429 or 503 if the issuer has answered that, else 0.
func busyStatus(err error) int {
	if s := statusOf(err); s == http.StatusTooManyRequests || s == http.StatusServiceUnavailable {
		return s
	}
	return 0
}
