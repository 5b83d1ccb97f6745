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

// chunkSize bounds the rows that one step revokes or deletes for somebody who waits for it, so
// that requests come in between two of them.
const chunkSize = 200

// duplicate is the answer to an insert that found its field in use.
func duplicate(field string) error { return &storage.DuplicateError{Field: field} }
