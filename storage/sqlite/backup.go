package sqlite

import (
	"context"
	"errors"

	"example.org/signet/storage"
)

var _ storage.Backups = (*Store)(nil)

// snapshot reads in one transaction, so all that it shows is of one moment. As long
// as it is open the write-ahead log keeps what comes after.
type snapshot struct{ *Store }

func (v snapshot) Close() error { return v.readers.close() }

// Snapshot implements [storage.Backups].
func (s *Store) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	c, err := s.readers.acquire(ctx)
	if err != nil { // a closed store has no snapshot
		return nil, storage.Unavailable("open a snapshot", err)
	}
	s.readers.release(c)
	r := newReaders(1, func() (*conn, error) { return openConn(s.path, readOnly, 0) })
	v := snapshot{&Store{path: s.path, readers: r, listers: r}}
	if err := v.begin(ctx); err != nil {
		return nil, errors.Join(storage.Unavailable("open a snapshot", err), v.Close())
	}
	if _, err := v.Epoch(ctx); err != nil { // the first read is the moment
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// begin opens a transaction on the one connection of the snapshot.
func (v snapshot) begin(ctx context.Context) error {
	c, err := v.readers.acquire(ctx)
	if err != nil {
		return err
	}
	defer v.readers.release(c)
	return run(ctx, c, "BEGIN")
}

// clearStatements are the tables that Clear empties: all but the epoch
// and the status lists, whose numbers never come back.
var clearStatements = []query{
	"DELETE FROM guards", "DELETE FROM users", "DELETE FROM logins", "DELETE FROM user_keys", "DELETE FROM roles", "DELETE FROM clients", "DELETE FROM sessions", "DELETE FROM session_texts",
	"DELETE FROM revocations", "DELETE FROM attempts", "DELETE FROM keys", "DELETE FROM audit", "DELETE FROM endings",
	"DELETE FROM browser_sessions", "DELETE FROM consents", "DELETE FROM scope_texts", "DELETE FROM client_logos", "DELETE FROM messages", "DELETE FROM user_factors", "DELETE FROM attribute_schema",
	"DELETE FROM connectors", "DELETE FROM user_links", "DELETE FROM device_requests",
}

// Clear implements [storage.Backups] by one step.
func (s *Store) Clear(ctx context.Context) error {
	_, err := writeMulti(ctx, s, "clear the store", func(t *tx) (none struct{}, err error) {
		for _, q := range clearStatements {
			if _, err := t.exec(q); err != nil {
				return none, err
			}
		}
		return none, nil
	})
	return err
}

// ListRevocations implements [storage.Revocations].
func (s *Store) ListRevocations(ctx context.Context, p storage.Page) (page storage.RevocationPage, err error) {
	q := selection{"SELECT jti AS id, expires_at FROM revocations WHERE jti > ?", []any{p.After}}
	q.page(p.Size())
	all, err := readList(ctx, s, "list revocations", q, revocationTable.scan)
	page.Revocations, page.Next = trimPage(all, p.Size(), func(r storage.Revocation) string { return r.JTI })
	return page, err
}
