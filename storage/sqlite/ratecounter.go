package sqlite

import (
	"context"
	"errors"
	"time"

	"example.org/signet/storage"
)

var _ storage.RateCounters = (*Store)(nil)

const rateCounterColumns = "name, count, held, held_to, reset_at"

func scanRateCounter(row scanner) (c storage.RateCounter, err error) {
	err = row.Scan(&c.Key, &c.Count, &c.Held, timeColumn{&c.HeldTo}, timeColumn{&c.ResetAt})
	if c.Held == 0 {
		c.HeldTo = time.Time{}
	}
	return c, err
}

// ReserveCounters implements [storage.RateCounters]. A full counter is found by a
// reader, so that a refusal does not wait for the writer; the step itself decides
// anew.
func (s *Store) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	now = storage.Time(now)
	all, err := s.readCounters(ctx, storage.ClaimedKeys(claims))
	if err != nil {
		return storage.Reservation{}, err
	}
	if r := storage.Reserve(countersByKey(all), now, hold, claims); r.Full != nil || len(r.Taken) == 0 {
		return r, nil
	}
	return writeMulti(ctx, s, "reserve counters", func(t *tx) (storage.Reservation, error) { return reserve(t, now, hold, claims) })
}

func reserve(t *tx, now time.Time, hold time.Duration, claims []storage.CounterClaim) (storage.Reservation, error) {
	read := make(map[string]storage.RateCounter)
	for _, key := range storage.ClaimedKeys(claims) {
		c, err := queryOne(t, "SELECT "+rateCounterColumns+" FROM attempts WHERE name = ?", scanRateCounter, key)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return storage.Reservation{}, err
		}
		read[key] = c
	}
	r := storage.Reserve(read, now, hold, claims)
	for _, c := range r.Taken {
		if _, err := t.exec("INSERT OR REPLACE INTO attempts ("+rateCounterColumns+") VALUES (?, ?, ?, ?, ?)",
			c.Key, c.Count, c.Held, nullableMillis(c.HeldTo), millis(c.ResetAt)); err != nil {
			return storage.Reservation{}, err
		}
	}
	return r, nil
}

// SettleCounters implements [storage.RateCounters] by one step.
func (s *Store) SettleCounters(ctx context.Context, actions ...storage.CounterSettlement) ([]storage.RateCounter, error) {
	if len(actions) == 0 {
		return nil, ctx.Err()
	}
	return writeMulti(ctx, s, "settle counters", func(t *tx) (kept []storage.RateCounter, err error) {
		for _, a := range actions {
			var c storage.RateCounter
			switch a.Action {
			case storage.CounterKeep:
				c, err = queryOne(t, "UPDATE attempts SET held = held - 1 WHERE name = ? AND held > 0 RETURNING "+rateCounterColumns, scanRateCounter, a.Key)
				if err == nil {
					kept = append(kept, c)
				}
			case storage.CounterRelease:
				_, err = t.exec("UPDATE attempts SET held = held - 1, count = count - 1 WHERE name = ? AND held > 0 AND count > 0", a.Key)
			case storage.CounterClear:
				_, err = t.exec("DELETE FROM attempts WHERE name = ?", a.Key)
			case storage.CounterClearAll:
				_, err = t.exec("DELETE FROM attempts WHERE name >= ? AND name < ?", a.Key, prefixEnd(a.Key))
			}
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return nil, err
			}
		}
		return kept, nil
	})
}

// Counters implements [storage.RateCounters].
func (s *Store) Counters(ctx context.Context, now time.Time, prefix string) ([]storage.RateCounter, error) {
	q := selection{"SELECT " + rateCounterColumns + " FROM attempts WHERE name >= ? AND name < ? AND reset_at > ? ORDER BY name LIMIT ? + 0",
		[]any{prefix, prefixEnd(prefix), millis(now), storage.MaxPage}}
	all, err := readList(ctx, s, "list counters", q, scanRateCounter)
	for n := range all {
		all[n] = all[n].WithoutLapsed(now)
	}
	return all, err
}

func (s *Store) readCounters(ctx context.Context, keys []string) ([]storage.RateCounter, error) {
	q := selection{query: "SELECT " + rateCounterColumns + " FROM attempts WHERE name IN (NULL"}
	for _, key := range keys {
		q.query += ", ?"
		q.args = append(q.args, key)
	}
	q.query += ")"
	return readMany(ctx, s, "read counters", q, scanRateCounter)
}

func countersByKey(all []storage.RateCounter) map[string]storage.RateCounter {
	byKey := make(map[string]storage.RateCounter, len(all))
	for _, c := range all {
		byKey[c.Key] = c
	}
	return byKey
}

// SweepCounters implements [storage.RateCounters].
func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.sweep(ctx, "sweep counters",
		"DELETE FROM attempts WHERE name IN (SELECT name FROM attempts WHERE reset_at < ? ORDER BY reset_at LIMIT ? + 0)",
		millis(before), limit)
}
