package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Attempts = (*Store)(nil)

func scanAttempt(row scanner) (c storage.AttemptCount, err error) {
	err = row.Scan(&c.Count, timeColumn{&c.ResetAt})
	return c, err
}

// CountAttempt implements [storage.Attempts].
func (s *Store) CountAttempt(ctx context.Context, key string, now time.Time, window time.Duration) (storage.AttemptCount, error) {
	return write(ctx, s, "count attempt", func(t *tx) (storage.AttemptCount, error) {
		return only(t, "INSERT INTO attempts (name, count, reset_at) VALUES (?1, 1, ?2) ON CONFLICT (name) DO UPDATE SET"+
			" count = iif(reset_at <= ?3, 1, count + 1), reset_at = iif(reset_at <= ?3, excluded.reset_at, reset_at)"+
			" RETURNING count, reset_at",
			scanAttempt, key, millis(now.Add(window)), millis(now))
	})
}

// ForgiveAttempt implements [storage.Attempts].
func (s *Store) ForgiveAttempt(ctx context.Context, key string) error {
	return s.change(ctx, "forgive attempt", nil, "UPDATE attempts SET count = count - 1 WHERE name = ? AND count > 0", key)
}

// ClearAttempts implements [storage.Attempts].
func (s *Store) ClearAttempts(ctx context.Context, key string) error {
	return s.change(ctx, "clear attempts", nil, "DELETE FROM attempts WHERE name = ?", key)
}

// SweepAttempts implements [storage.Attempts].
func (s *Store) SweepAttempts(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep attempts",
		"DELETE FROM attempts WHERE name IN (SELECT name FROM attempts WHERE reset_at < ? ORDER BY reset_at LIMIT ?)",
		millis(before), limit)
}
