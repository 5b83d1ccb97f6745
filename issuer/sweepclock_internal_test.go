package issuer

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.org/signet/storage"
)

// auditAt is an audit log whose newest event is of a time; none where it is zero.
type auditAt struct {
	storage.Audit
	at  time.Time
	err error
}

func (a auditAt) ListAudit(_ context.Context, f storage.AuditFilter, _ storage.Page) (storage.AuditPage, error) {
	if a.err != nil || a.at.IsZero() || !a.at.Before(f.Until) {
		return storage.AuditPage{}, a.err
	}
	return storage.AuditPage{Events: []storage.AuditEvent{{At: a.at}}}, nil
}

func TestSweepClock(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const year = 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		newest time.Time
		passed time.Duration // really
		wall   time.Duration // by the clock, since the start
		want   time.Time
	}{
		"at the start":                     {start.Add(-time.Hour), 0, 0, time.Time{}},
		"just before the first sweep":      {start.Add(-time.Hour), firstSweepAfter - 1, firstSweepAfter - 1, time.Time{}},
		"the first sweep":                  {start.Add(-time.Hour), firstSweepAfter, firstSweepAfter, start.Add(firstSweepAfter)},
		"a jump ahead while running":       {start.Add(-time.Hour), time.Hour, year, start.Add(time.Hour)},
		"a jump back while running":        {start.Add(-time.Hour), time.Hour, -year, start.Add(-year)},
		"a start a year ahead":             {start.Add(-year), time.Hour, time.Hour, start.Add(-year + sweepMargin + time.Hour)},
		"a start after a rest of a week":   {start.Add(-7 * 24 * time.Hour), time.Hour, time.Hour, start.Add(-6*24*time.Hour + time.Hour)},
		"a start before the newest record": {start.Add(year), time.Hour, time.Hour, start.Add(time.Hour)},
		"an empty log":                     {time.Time{}, time.Hour, time.Hour, start.Add(time.Hour)},
	} {
		clock := newSweepClock(func() time.Time { return start }, auditAt{at: c.newest})
		clock.wall = func() time.Time { return start.Add(c.wall) }
		clock.passed = func() time.Duration { return c.passed }
		if got, err := clock.now(t.Context()); err != nil || !got.Equal(c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	clock := newSweepClock(func() time.Time { return start }, auditAt{err: storage.ErrUnavailable})
	clock.passed = func() time.Duration { return time.Hour }
	if got, err := clock.now(t.Context()); !got.IsZero() || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("without a store: %v, %v", got, err)
	}
}
