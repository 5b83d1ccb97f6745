package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.UserLinks = (*Store)(nil)

var userLinkTable = newTable("user_links",
	plain("id", func(l *storage.UserLink) *string { return &l.ID }),
	plain("issuer", func(l *storage.UserLink) *string { return &l.Issuer }),
	plain("subject", func(l *storage.UserLink) *string { return &l.Subject }),
	plain("connector_id", func(l *storage.UserLink) *string { return &l.ConnectorID }),
	plain("user_id", func(l *storage.UserLink) *string { return &l.UserID }),
	timestamp("user_created_at", func(l *storage.UserLink) *time.Time { return &l.UserCreatedAt }),
	plain("email", func(l *storage.UserLink) *string { return &l.Email }),
	plain("name", func(l *storage.UserLink) *string { return &l.Name }),
	list("roles", func(l *storage.UserLink) *[]string { return &l.Roles }),
	plain("creating", func(l *storage.UserLink) *bool { return &l.Creating }),
	plain("ending", func(l *storage.UserLink) *bool { return &l.Ending }),
	plain(versionColumn, func(l *storage.UserLink) *int64 { return &l.Version }),
	timestamp("created_at", func(l *storage.UserLink) *time.Time { return &l.CreatedAt }),
	nullableTimestamp("last_used_at", func(l *storage.UserLink) *time.Time { return &l.LastUsedAt }),
)

// CreateUserLink implements [storage.UserLinks].
func (s *Store) CreateUserLink(ctx context.Context, l storage.UserLink) error {
	l = l.Normalized()
	l.Version = 1
	return s.exec(ctx, "create link", duplicate("subject"), userLinkTable.insert, userLinkTable.insertValues(&l)...)
}

// UserLink implements [storage.UserLinks].
func (s *Store) UserLink(ctx context.Context, id string) (storage.UserLink, error) {
	return readOne(ctx, s, "read link", userLinkTable.byKey, userLinkTable.scan, id)
}

// UpdateUserLink implements [storage.UserLinks].
func (s *Store) UpdateUserLink(ctx context.Context, l storage.UserLink) (storage.UserLink, error) {
	l = l.Normalized()
	return writeMulti(ctx, s, "update link", func(t *tx) (storage.UserLink, error) {
		return updateRecord(t, userLinkTable, &l)
	})
}

// DeleteUserLink implements [storage.UserLinks].
func (s *Store) DeleteUserLink(ctx context.Context, id string, version int64) error {
	_, err := writeMulti(ctx, s, "delete link", func(t *tx) (storage.UserLink, error) {
		return deleteRecord(t, userLinkTable, id, version)
	})
	return err
}

// ListUserLinks implements [storage.UserLinks].
func (s *Store) ListUserLinks(ctx context.Context, userID string, p storage.Page) (page storage.UserLinkPage, err error) {
	all, err := readList(ctx, s, "list links", userLinksQuery(userID, p), userLinkTable.scan)
	page.Links, page.Next = trimPage(all, p.Size(), func(l storage.UserLink) string { return l.ID })
	return page, err
}

func userLinksQuery(userID string, p storage.Page) selection {
	q := selection{userLinkTable.read + " WHERE id > ?", []any{p.After}}
	if userID != "" {
		q = selection{userLinkTable.read + " WHERE user_id = ? AND id > ?", []any{userID, p.After}}
	}
	q.pageBy("id", p.Size())
	return q
}
