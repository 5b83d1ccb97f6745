package main

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"example.org/signet/endpoints"
)

const (
	sweepTimeout = time.Minute
	flushTimeout = 5 * time.Second // bounds the write of the last key events at shutdown
)

// intervals say how often the background jobs run that no setting is for.
type intervals struct {
	sweep       time.Duration // of expired records
	observe     time.Duration // of what other instances audited
	certificate time.Duration // of the certificate's files
}

var defaultIntervals = intervals{sweep: 5 * time.Minute, observe: time.Minute, certificate: 10 * time.Second}

// startBackground starts the background jobs. The returned function stops them
// and writes the last key events.
func (v *server) startBackground(hangups <-chan os.Signal) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	start := func(job func()) {
		running.Add(1)
		v.job(func() { defer running.Done(); job() })
	}
	start(func() { v.keyring.Run(ctx) })
	start(func() { v.keyAudit.run(ctx) })
	start(func() { v.repeat(ctx, v.settings.keyringRefresh, "refresh the discovery document", v.handler.Refresh) })
	start(func() {
		v.repeat(ctx, v.every.observe, "read what other instances audited", v.auditLog.Observe)
	})
	start(func() {
		v.repeatOr(ctx, v.settings.statusInterval(), v.ended, "refresh the status lists", v.issuer.RefreshStatus)
	})
	start(func() { v.issuer.Outbox().Run(ctx, v.reporter("look for messages to deliver")) })
	start(func() { v.repeat(ctx, v.every.sweep, "sweep expired records", v.sweep) })
	start(func() { v.reloadOnHangup(ctx, hangups) })
	start(func() { freeAfterStart(ctx) })
	if c := v.listeners.certificate; c != nil {
		start(func() { v.repeat(ctx, v.every.certificate, "reload the certificate", v.reloadCertificate) })
	}
	return func() {
		cancel()
		running.Wait()
		flushCtx, cancel := context.WithTimeout(context.Background(), flushTimeout)
		defer cancel()
		v.keyAudit.flush(flushCtx)
		if err := v.auditLog.Observe(flushCtx); err != nil {
			v.log.Warn().Err(err).Msg("the anchor of the audit log does not attest the newest events")
		}
	}
}

// startSettled is when the caches and keys that a start prepares in the background are there.
const startSettled = 3 * time.Second

// freeAfterStart gives back the memory that the start alone needed.
func freeAfterStart(ctx context.Context) {
	select {
	case <-time.After(startSettled):
		debug.FreeOSMemory()
		unmapUnusedFilePages()
	case <-ctx.Done():
	}
}

// job runs a background job. If it panics, which ends the process, the log is written before.
func (v *server) job(run func()) {
	go func() {
		defer v.logs.flush()
		run()
	}()
}

// repeat calls do at the interval, with a jitter of 10 % so that instances do not
// act together. Of consecutive failures the first is logged.
func (v *server) repeat(ctx context.Context, interval time.Duration, what string, do func(context.Context) error) {
	v.repeatOr(ctx, interval, nil, what, do)
}

// minPause is the least time between two calls that repeatOr makes early: one serves all that
// happens meanwhile.
const minPause = 100 * time.Millisecond

// repeatOr is repeat, but calls do early when early has an element.
func (v *server) repeatOr(ctx context.Context, interval time.Duration, early <-chan struct{}, what string, do func(context.Context) error) {
	report := v.reporter(what)
	for {
		jitter := time.Duration((rand.Float64() - 0.5) * 0.2 * float64(interval))
		select {
		case <-time.After(interval + jitter):
		case <-early:
			time.Sleep(minPause)
		case <-ctx.Done():
			return
		}
		err := do(ctx)
		if ctx.Err() != nil {
			return
		}
		report(err)
	}
}

// reporter returns a function that is told of each result. It logs the first of consecutive
// failures, and the success after them.
func (v *server) reporter(what string) func(error) {
	failing := false
	return func(err error) {
		switch {
		case err != nil && !failing:
			v.log.Warn().Err(err).Msg("could not " + what + ", will try again")
		case err == nil && failing:
			v.log.Info().Msg("could " + what + " again")
		}
		failing = err != nil
	}
}

func (v *server) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	deleted, err := v.issuer.Sweep(ctx)
	v.lastSweep.Store(&endpoints.SweepInfo{At: v.now().UTC(), Deleted: deleted, Failed: err != nil})
	if deleted > 0 {
		v.log.Debug().Int64("records", deleted).Msg("swept expired records")
	}
	return err
}

func (v *server) reloadCertificate(context.Context) error {
	reloaded, err := v.listeners.certificate.reload()
	if reloaded {
		v.log.Info().Str("tls-cert", v.settings.tlsCert).Msg("reloaded TLS certificate")
	}
	return err
}
