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

// ReserveCounters implements [storage.RateCounters]. Places that are held are in memory. A full
// counter is found by a reader, so that a refusal does not wait for the writer; a step that
// counts decides anew.
func (s *Store) ReserveCounters(ctx context.Context, now time.Time, hold time.Duration, claims ...storage.CounterClaim) (storage.Reservation, error) {
	now = storage.Time(now)
	read := func(keys []string) (map[string]storage.RateCounter, error) { return s.readCounters(ctx, keys) }
	if hold > 0 {
		return s.held.Reserve(now, hold, claims, read)
	}
	stored, err := read(storage.ClaimedKeys(claims))
	if err != nil {
		return storage.Reservation{}, err
	}
	if r := storage.Reserve(stored, now, 0, claims); r.Full != nil || len(r.Taken) == 0 {
		return r, nil
	}
	return writeMulti(ctx, s, "reserve counters", func(t *tx) (storage.Reservation, error) { return reserve(t, now, claims) })
}

// reserve counts one place in each counter, or in none.
func reserve(t *tx, now time.Time, claims []storage.CounterClaim) (storage.Reservation, error) {
	stored, err := countersOf(t, storage.ClaimedKeys(claims))
	if err != nil {
		return storage.Reservation{}, err
	}
	r := storage.Reserve(stored, now, 0, claims)
	for _, c := range r.Taken {
		if err := putCounter(t, c); err != nil {
			return storage.Reservation{}, err
		}
	}
	return r, nil
}

// countersOf reads the counters of keys within a step.
func countersOf(t *tx, keys []string) (map[string]storage.RateCounter, error) {
	read := make(map[string]storage.RateCounter, len(keys))
	for _, key := range keys {
		c, err := queryOne(t, "SELECT "+rateCounterColumns+" FROM attempts WHERE name = ?", scanRateCounter, key)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
		read[key] = c
	}
	return read, nil
}

func putCounter(t *tx, c storage.RateCounter) error {
	_, err := t.exec("INSERT OR REPLACE INTO attempts ("+rateCounterColumns+") VALUES (?, ?, ?, ?, ?)",
		c.Key, c.Count, c.Held, nullableMillis(c.HeldTo), millis(c.ResetAt))
	return err
}

// SettleCounters implements [storage.RateCounters] by one step.
func (s *Store) SettleCounters(ctx context.Context, actions ...storage.CounterSettlement) (kept []storage.RateCounter, err error) {
	settlement := s.held.Begin(actions)
	if settlement.Writes() {
		kept, err = writeMulti(ctx, s, "settle counters", func(t *tx) ([]storage.RateCounter, error) { return settleCounters(t, settlement.Keeps, actions) })
	}
	if err != nil {
		settlement.Undone()
		return nil, err
	}
	settlement.Done()
	return kept, nil
}

// settleCounters writes the places that are kept, and removes counters.
func settleCounters(t *tx, keeps []storage.KeptPlace, actions []storage.CounterSettlement) (kept []storage.RateCounter, err error) {
	for _, k := range keeps {
		stored, err := countersOf(t, []string{k.Key})
		if err != nil {
			return nil, err
		}
		c := k.In(stored[k.Key])
		if err := putCounter(t, c); err != nil {
			return nil, err
		}
		kept = append(kept, c)
	}
	for _, a := range actions {
		switch a.Action {
		case storage.CounterClear:
			_, err = t.exec("DELETE FROM attempts WHERE name = ?", a.Key)
		case storage.CounterClearAll:
			_, err = t.exec("DELETE FROM attempts WHERE name >= ? AND name < ?", a.Key, prefixEnd(a.Key))
		}
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// Counters implements [storage.RateCounters].
func (s *Store) Counters(ctx context.Context, now time.Time, prefix string) ([]storage.RateCounter, error) {
	q := selection{"SELECT " + rateCounterColumns + " FROM attempts WHERE name >= ? AND name < ? AND reset_at > ? ORDER BY name LIMIT ? + 0",
		[]any{prefix, prefixEnd(prefix), millis(now), storage.MaxPage}}
	stored, err := readList(ctx, s, "list counters", q, scanRateCounter)
	if err != nil {
		return nil, err
	}
	return s.held.Whole(storage.Time(now), prefix, stored), nil
}

func (s *Store) readCounters(ctx context.Context, keys []string) (map[string]storage.RateCounter, error) {
	q := selection{query: "SELECT " + rateCounterColumns + " FROM attempts WHERE name IN (NULL"}
	for _, key := range keys {
		q.query += ", ?"
		q.args = append(q.args, key)
	}
	q.query += ")"
	all, err := readMany(ctx, s, "read counters", q, scanRateCounter)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]storage.RateCounter, len(all))
	for _, c := range all {
		byKey[c.Key] = c
	}
	return byKey, nil
}

// SweepCounters implements [storage.RateCounters].
func (s *Store) SweepCounters(ctx context.Context, before time.Time, limit int) (int64, error) {
	s.held.Sweep(before)
	return s.sweep(ctx, "sweep counters",
		"DELETE FROM attempts WHERE name IN (SELECT name FROM attempts WHERE reset_at < ? ORDER BY reset_at LIMIT ? + 0)",
		millis(before), limit)
}
