package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.RateCounters = (*Store)(nil)

func scanRateCounter(row scanner) (c storage.RateCounter, err error) {
	err = row.Scan(&c.Count, timeColumn{&c.ResetAt})
	return c, err
}

// IncrementCounter implements [storage.RateCounters].
func (s *Store) IncrementCounter(ctx context.Context, key string, now time.Time, window time.Duration) (storage.RateCounter, error) {
	return write(ctx, s, "increment counter", func(t *tx) (storage.RateCounter, error) {
		return queryOne(t, "INSERT INTO attempts (name, count, reset_at) VALUES (?1, 1, ?2) ON CONFLICT (name) DO UPDATE SET"+
			" count = iif(reset_at <= ?3, 1, count + 1), reset_at = iif(reset_at <= ?3, excluded.reset_at, reset_at)"+
			" RETURNING count, reset_at",
			scanRateCounter, key, millis(now.Add(window)), millis(now))
	})
}

// DecrementCounter implements [storage.RateCounters].
func (s *Store) DecrementCounter(ctx context.Context, key string) error {
	return s.exec(ctx, "decrement counter", nil, "UPDATE attempts SET count = count - 1 WHERE name = ? AND count > 0", key)
}

// DeleteCounter implements [storage.RateCounters].
func (s *Store) DeleteCounter(ctx context.Context, key string) error {
	return s.exec(ctx, "delete counter", nil, "DELETE FROM attempts WHERE name = ?", key)
}

// SweepCounters implements [storage.RateCounters].
func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep counters",
		"DELETE FROM attempts WHERE name IN (SELECT name FROM attempts WHERE reset_at < ? ORDER BY reset_at LIMIT ?)",
		millis(before), limit)
}
