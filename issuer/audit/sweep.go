package audit

import (
	"context"
	"strings"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/storage"
)

// EventSwept is a checkpoint: what lies before it was deleted because of its age.
const EventSwept = "audit.swept"

// sweptBefore comes before the place up to which was swept, in a checkpoint's detail.
const sweptBefore = "before "

// sweepBatch bounds one deletion.
const sweepBatch = 500

// Sweep deletes the events that are older than the retention at the time now, by up to
// a tenth of it or a day, whichever is less, and returns how many. It first writes a checkpoint,
// so that what is left can be verified; if that fails it deletes nothing. It can be
// stopped at any time and run by several instances at once.
func (l *Log) Sweep(ctx context.Context, now time.Time, retention time.Duration) (int64, error) {
	step := min(max(retention/10, time.Minute), 24*time.Hour)
	before := random.UUIDv7Prefix(now.Add(-retention).UTC().Truncate(step))
	oldest, err := l.store.ListAudit(ctx, storage.AuditFilter{}, storage.Page{Limit: 1})
	if err != nil || len(oldest.Events) == 0 || oldest.Events[0].ID >= before {
		return 0, err
	}
	if _, err := l.Append(ctx, storage.AuditEvent{Type: EventSwept, Actor: "signet", Detail: sweptBefore + before}); err != nil {
		return 0, err
	}
	var total int64
	for {
		n, err := l.store.SweepAudit(ctx, before, sweepBatch)
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}

// checkpoint is the place that a genuine event says to have swept up to.
func checkpoint(e storage.AuditEvent) string {
	before, found := strings.CutPrefix(e.Detail, sweptBefore)
	if e.Type != EventSwept || !found {
		return ""
	}
	return before
}
