package issuer

import (
	"context"
	"time"
)

// sweepBatch bounds one deletion, so that a sweep never holds the store long.
const sweepBatch = 500

// sweepMargin keeps records past their end: correctness never depends on a
// sweep, and a clock that is somewhat ahead must not delete what still counts.
const sweepMargin = 24 * time.Hour

// minAuditRetention is the least retention, so that a mistyped one does not empty the log.
const minAuditRetention = time.Hour

// Sweep ends what is bound to browser sessions that have ended, and deletes them. It deletes expired
// sessions, device requests, revocations, counters, messages and status lists, and audit events past their retention,
// in bounded batches, and returns how many records went. It deletes
// nothing shortly after a start, and nothing that only a clock which jumped ahead
// makes look expired. It can be
// stopped at any time and run by several instances at once.
func (i *Issuer) Sweep(ctx context.Context) (int64, error) {
	now, err := i.sweepClock.now(ctx)
	if err != nil || now.IsZero() {
		return 0, StoreError(err)
	}
	before := now.Add(-sweepMargin)
	browsers := browserSweep{i.store, browserSessionEnder{store: i.store, log: eventLog{i.auditLog}, now: i.now}}
	total, err := browsers.sweep(ctx, now) // before the sessions that end with them go
	if err != nil {
		return total, StoreError(err)
	}
	for _, sweep := range []func(context.Context, time.Time, int) (int64, error){
		i.store.SweepSessions, i.store.SweepDeviceRequests, i.store.SweepRevocations, i.store.SweepCounters, i.store.SweepStatusLists, i.outbox.Sweep,
	} {
		for {
			n, err := sweep(ctx, before, sweepBatch)
			total += n
			if err != nil {
				return total, StoreError(err)
			}
			if n < sweepBatch {
				break
			}
		}
	}
	if i.cfg.AuditRetention == 0 {
		return total, nil
	}
	n, err := i.auditLog.Sweep(ctx, now, i.cfg.AuditRetention)
	return total + n, StoreError(err)
}
