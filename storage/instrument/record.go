package instrument

import (
	"context"
	"time"

	"example.org/signet/storage"
)

type sharedSets struct {
	store storage.SharedSets
	calls *calls
}

var _ storage.SharedSets = (*sharedSets)(nil)

func (w *sharedSets) SharedSet(ctx context.Context, name string) (_ storage.SharedSet, err error) {
	defer w.calls.end("shared_set", w.calls.begin(), &err)
	return w.store.SharedSet(ctx, name)
}

func (w *sharedSets) SwapSharedSet(ctx context.Context, g storage.SharedSet) (_ storage.SharedSet, err error) {
	defer w.calls.end("swap_shared_set", w.calls.begin(), &err)
	return w.store.SwapSharedSet(ctx, g)
}

type rateCounters struct {
	store storage.RateCounters
	calls *calls
}

var _ storage.RateCounters = (*rateCounters)(nil)

func (w *rateCounters) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (_ storage.Reservation, err error) {
	defer w.calls.end("reserve_counters", w.calls.begin(), &err)
	return w.store.ReserveCounters(ctx, now, hold, claims...)
}

func (w *rateCounters) SettleCounters(ctx context.Context, actions ...storage.CounterSettlement) (_ []storage.RateCounter, err error) {
	defer w.calls.end("settle_counters", w.calls.begin(), &err)
	return w.store.SettleCounters(ctx, actions...)
}

func (w *rateCounters) Counters(ctx context.Context, now time.Time, prefix string) (_ []storage.RateCounter, err error) {
	defer w.calls.end("counters", w.calls.begin(), &err)
	return w.store.Counters(ctx, now, prefix)
}

func (w *rateCounters) SweepCounters(ctx context.Context, before time.Time, limit int) (_ int64, err error) {
	defer w.calls.end("sweep_counters", w.calls.begin(), &err)
	return w.store.SweepCounters(ctx, before, limit)
}

// loginRecords also tells how many sessions began and ended.
type loginRecords struct {
	store   storage.LoginRecorder
	calls   *calls
	metrics Metrics
}

var _ storage.LoginRecorder = loginRecords{}

func (w loginRecords) RecordLogins(ctx context.Context, logins []storage.LoginRecord, events func([]storage.LoginOutcome) ([]storage.AuditEvent, error)) (_ []storage.LoginOutcome, err error) {
	defer w.calls.end("record_logins", w.calls.begin(), &err)
	outcomes, err := w.store.RecordLogins(ctx, logins, events)
	if err != nil {
		return outcomes, err
	}
	for n, l := range logins {
		w.count(l, outcomes[n])
	}
	return outcomes, nil
}

func (w loginRecords) count(l storage.LoginRecord, o storage.LoginOutcome) {
	if o.Full != nil {
		return
	}
	if l.Session != nil && l.Session.Generation != storage.PendingGeneration {
		w.metrics.SessionStarted()
	}
	if l.BrowserSession != nil {
		w.metrics.BrowserSessionStarted()
	}
	if len(o.Ended) > 0 {
		w.metrics.SessionsEnded(l.Limit.Reason, int64(len(o.Ended)))
	}
}

type keyRecords struct {
	store storage.Keys
	calls *calls
}

var _ storage.Keys = (*keyRecords)(nil)

func (w *keyRecords) InsertKey(ctx context.Context, k storage.Key) (err error) {
	defer w.calls.end("insert_key", w.calls.begin(), &err)
	return w.store.InsertKey(ctx, k)
}

func (w *keyRecords) ListKeys(ctx context.Context) (_ []storage.Key, err error) {
	defer w.calls.end("list_keys", w.calls.begin(), &err)
	return w.store.ListKeys(ctx)
}

func (w *keyRecords) RevokeKey(ctx context.Context, kid string, at time.Time) (err error) {
	defer w.calls.end("revoke_key", w.calls.begin(), &err)
	return w.store.RevokeKey(ctx, kid, at)
}

func (w *keyRecords) ResealKey(ctx context.Context, kid string, was, sealed []byte) (err error) {
	defer w.calls.end("reseal_key", w.calls.begin(), &err)
	return w.store.ResealKey(ctx, kid, was, sealed)
}

func (w *keyRecords) DeleteKey(ctx context.Context, kid string) (err error) {
	defer w.calls.end("delete_key", w.calls.begin(), &err)
	return w.store.DeleteKey(ctx, kid)
}

type auditEvents struct {
	store storage.Audit
	calls *calls
}

var _ storage.Audit = (*auditEvents)(nil)

func (w *auditEvents) AppendAudit(ctx context.Context, events ...storage.AuditEvent) (err error) {
	defer w.calls.end("append_audit", w.calls.begin(), &err)
	return w.store.AppendAudit(ctx, events...)
}

func (w *auditEvents) ListAudit(ctx context.Context, f storage.AuditFilter, p storage.Page) (_ storage.AuditPage, err error) {
	defer w.calls.end("list_audit", w.calls.begin(), &err)
	return w.store.ListAudit(ctx, f, p)
}

func (w *auditEvents) SweepAudit(ctx context.Context, before string, limit int) (_ int64, err error) {
	defer w.calls.end("sweep_audit", w.calls.begin(), &err)
	return w.store.SweepAudit(ctx, before, limit)
}

type backups struct {
	store storage.Backups
	calls *calls
}

var _ storage.Backups = (*backups)(nil)

func (w *backups) Snapshot(ctx context.Context) (_ storage.Snapshot, err error) {
	defer w.calls.end("snapshot", w.calls.begin(), &err)
	return w.store.Snapshot(ctx)
}

func (w *backups) Clear(ctx context.Context) (err error) {
	defer w.calls.end("clear", w.calls.begin(), &err)
	return w.store.Clear(ctx)
}

type health struct {
	store storage.Health
	calls *calls
}

var _ storage.Health = (*health)(nil)

func (w *health) Ping(ctx context.Context) (err error) {
	defer w.calls.end("ping", w.calls.begin(), &err)
	return w.store.Ping(ctx)
}
