package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.ClientLogos = (*Store)(nil)

var clientLogoTable = newTable("client_logos",
	plain("client_id", func(l *storage.ClientLogo) *string { return &l.ClientID }),
	plain("type", func(l *storage.ClientLogo) *string { return &l.Type }),
	plain("source_uri", func(l *storage.ClientLogo) *string { return &l.SourceURI }),
	timestamp("updated_at", func(l *storage.ClientLogo) *time.Time { return &l.UpdatedAt }),
	blob("data", func(l *storage.ClientLogo) *[]byte { return &l.Data }),
)

// PutClientLogo implements [storage.ClientLogos].
func (s *Store) PutClientLogo(ctx context.Context, l storage.ClientLogo) error {
	return s.exec(ctx, "put client logo", nil, clientLogoTable.put, clientLogoTable.insertValues(&l)...)
}

// ClientLogo implements [storage.ClientLogos].
func (s *Store) ClientLogo(ctx context.Context, clientID string) (storage.ClientLogo, error) {
	return readOne(ctx, s, "read client logo", clientLogoTable.byKey, clientLogoTable.scan, clientID)
}

// DeleteClientLogo implements [storage.ClientLogos].
func (s *Store) DeleteClientLogo(ctx context.Context, clientID string) error {
	return s.exec(ctx, "delete client logo", nil, "DELETE FROM client_logos WHERE client_id = ?", clientID)
}

// ListClientLogos implements [storage.ClientLogos].
func (s *Store) ListClientLogos(ctx context.Context, p storage.Page) (page storage.ClientLogoPage, err error) {
	q := selection{clientLogoTable.read + " WHERE client_id > ?", []any{p.After}}
	q.pageBy("client_id", p.Size())
	all, err := readList(ctx, s, "list client logos", q, clientLogoTable.scan)
	page.Logos, page.Next = trimPage(all, p.Size(), func(l storage.ClientLogo) string { return l.ClientID })
	return page, err
}
