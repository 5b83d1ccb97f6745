package sqlite

import (
	"context"

	"example.org/signet/storage"
)

// exec runs one statement, and returns ifNone where it changed no row.
func (s *Store) exec(ctx context.Context, op string, ifNone error, q query, args ...any) error {
	_, err := write(ctx, s, op, func(t *tx) (int64, error) {
		changed, err := t.exec(q, args...)
		if err == nil && changed == 0 {
			err = ifNone
		}
		return changed, err
	})
	return err
}

// sweepSize bounds the rows that one step deletes or revokes, so that requests
// come in between two of them.
const sweepSize = 200

// sweep deletes up to limit rows, in steps. q deletes as many as its last
// argument says of those that lie before its first.
func (s *Store) sweep(ctx context.Context, op string, q query, before any, limit int) (total int64, err error) {
	for left := int64(limit); left > 0; {
		size := min(left, sweepSize)
		deleted, err := write(ctx, s, op, func(t *tx) (int64, error) { return t.exec(q, before, size) })
		total += deleted
		if err != nil || deleted < size {
			return total, err
		}
		left -= deleted
	}
	return total, nil
}

// duplicate is the answer to an insert that found its field in use.
func duplicate(field string) error { return &storage.DuplicateError{Field: field} }
