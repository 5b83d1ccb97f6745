package sqlite

import (
	"cmp"
	"context"
	"slices"
	"time"

	"example.org/signet/storage"
)

var _ storage.Outbox = (*Store)(nil)

var messageTable = newTable("messages",
	plain("id", func(m *storage.Message) *string { return &m.ID }),
	plain("kind", func(m *storage.Message) *string { return &m.Kind }),
	plain("target", func(m *storage.Message) *string { return &m.Target }),
	timestamp("created_at", func(m *storage.Message) *time.Time { return &m.CreatedAt }),
	timestamp("due_at", func(m *storage.Message) *time.Time { return &m.DueAt }),
	timestamp("expires_at", func(m *storage.Message) *time.Time { return &m.ExpiresAt }),
	plain("attempts", func(m *storage.Message) *int64 { return &m.Attempts }),
	plain("owner", func(m *storage.Message) *string { return &m.Owner }),
	nullableTimestamp("leased_to", func(m *storage.Message) *time.Time { return &m.LeasedTo }),
	blob("body", func(m *storage.Message) *[]byte { return &m.Body }),
)

const (
	// availableMessages goes through the index from the longest due on. What is leased lies
	// there too: no more than the instances have under way. The + keeps the other index out.
	availableMessages = query("SELECT rowid FROM messages WHERE due_at <= ?1 AND coalesce(leased_to, ?1) <= ?1 AND +expires_at > ?1 ORDER BY due_at, id LIMIT ")
	expiredMessages   = query("SELECT rowid FROM messages WHERE expires_at < ? ORDER BY expires_at LIMIT ? + 0")
)

var (
	anyAvailable  = "SELECT EXISTS (" + availableMessages + "1)"
	leaseMessages = "UPDATE messages SET owner = ?2, leased_to = ?3, attempts = attempts + 1 WHERE rowid IN (" + availableMessages + "?4 + 0) RETURNING " + messageTable.list
	sweepMessages = "DELETE FROM messages WHERE rowid IN (" + expiredMessages + ") RETURNING " + messageTable.list
)

// Enqueue implements [storage.OutboxQueue] by one step for all messages.
func (s *Store) Enqueue(ctx context.Context, messages ...storage.Message) error {
	_, err := writeMulti(ctx, s, "enqueue", func(t *tx) (none struct{}, err error) {
		for n := range messages {
			if err := insertRecord(t, messageTable, &messages[n], nil); err != nil {
				return none, err
			}
		}
		return none, nil
	})
	return err
}

// LeaseMessages implements [storage.OutboxQueue]. It looks as a reader first: an outbox where
// nothing is due costs no write.
func (s *Store) LeaseMessages(ctx context.Context, l storage.Lease) ([]storage.Message, error) {
	const op = "lease messages"
	available, err := readOne(ctx, s, op, anyAvailable, scanBool, millis(l.Now))
	if err != nil || !available || l.Limit < 1 {
		return nil, err
	}
	all, err := write(ctx, s, op, func(t *tx) ([]storage.Message, error) {
		return queryAll(t, leaseMessages, messageTable.scan, millis(l.Now), l.Owner, nullableMillis(l.Until), int64(l.Limit))
	})
	slices.SortFunc(all, func(a, b storage.Message) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// FinishMessage implements [storage.OutboxQueue].
func (s *Store) FinishMessage(ctx context.Context, id, owner string, attempt int64) error {
	return s.exec(ctx, "finish message", storage.ErrConflict,
		"DELETE FROM messages WHERE id = ? AND owner = ? AND owner <> '' AND attempts = ?", id, owner, attempt)
}

// PostponeMessage implements [storage.OutboxQueue].
func (s *Store) PostponeMessage(ctx context.Context, id, owner string, attempt int64, due time.Time) error {
	return s.exec(ctx, "postpone message", storage.ErrConflict,
		"UPDATE messages SET owner = '', leased_to = NULL, due_at = ? WHERE id = ? AND owner = ? AND owner <> '' AND attempts = ?",
		millis(due), id, owner, attempt)
}

// ListMessages implements [storage.OutboxLists].
func (s *Store) ListMessages(ctx context.Context, p storage.Page) (page storage.MessagePage, err error) {
	q := selection{messageTable.read + " WHERE id > ?", []any{p.After}}
	q.page(p.Size())
	all, err := readList(ctx, s, "list messages", q, messageTable.scan)
	page.Messages, page.Next = trimPage(all, p.Size(), func(m storage.Message) string { return m.ID })
	return page, err
}

// SweepMessages implements [storage.OutboxLists] in steps of the background.
func (s *Store) SweepMessages(ctx context.Context, before time.Time, limit int) ([]storage.Message, error) {
	all, _, err := inSteps(ctx, s, "sweep messages", limit, func(t *tx, _, size int) ([]storage.Message, int64, error) {
		some, err := queryAll(t, sweepMessages, messageTable.scan, millis(before), int64(size))
		return some, int64(len(some)), err
	})
	return all, err
}
