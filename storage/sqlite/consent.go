package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var (
	_ storage.Consents   = (*Store)(nil)
	_ storage.ScopeTexts = (*Store)(nil)
)

// consentTable has a key of two columns: of its statements only list, read and insert are used.
var consentTable = newTable("consents",
	plain("user_id", func(c *storage.Consent) *string { return &c.UserID }),
	plain("client_id", func(c *storage.Consent) *string { return &c.ClientID }),
	words("scopes", func(c *storage.Consent) *[]string { return &c.Scopes }),
	words("audiences", func(c *storage.Consent) *[]string { return &c.Audiences }),
	plain("shown", func(c *storage.Consent) *string { return &c.Shown }),
	plain(versionColumn, func(c *storage.Consent) *int64 { return &c.Version }),
	timestamp("created_at", func(c *storage.Consent) *time.Time { return &c.CreatedAt }),
	timestamp("updated_at", func(c *storage.Consent) *time.Time { return &c.UpdatedAt }),
)

var (
	consentByKey   = consentTable.read + " WHERE user_id = ? AND client_id = ?"
	insertConsent  = consentTable.insert + " RETURNING " + consentTable.list
	replaceConsent = "UPDATE consents SET scopes = ?, audiences = ?, shown = ?, version = version + 1, created_at = ?, updated_at = ?" +
		" WHERE user_id = ? AND client_id = ? AND version = ? RETURNING " + consentTable.list
)

var (
	_ storage.Consents   = (*Store)(nil)
	_ storage.ScopeTexts = (*Store)(nil)
)

// Consent implements [storage.Consents].
func (s *Store) Consent(ctx context.Context, userID, clientID string) (storage.Consent, error) {
	return readOne(ctx, s, "read consent", consentByKey, consentTable.scan, userID, clientID)
}

// SwapConsent implements [storage.Consents].
func (s *Store) SwapConsent(ctx context.Context, c storage.Consent) (storage.Consent, error) {
	return write(ctx, s, "swap consent", func(t *tx) (storage.Consent, error) {
		swapped, err := swapConsent(t, c)
		if notFound(err) {
			err = storage.ErrConflict
		}
		return swapped, err
	})
}

func swapConsent(t *tx, c storage.Consent) (storage.Consent, error) {
	if c.Version == 0 {
		c.Version = 1
		return queryOne(t, insertConsent, consentTable.scan, consentTable.insertValues(&c)...)
	}
	return queryOne(t, replaceConsent, consentTable.scan,
		encodeWords(c.Scopes), encodeWords(c.Audiences), c.Shown, millis(c.CreatedAt), millis(c.UpdatedAt), c.UserID, c.ClientID, c.Version)
}

// DeleteConsents implements [storage.Consents].
func (s *Store) DeleteConsents(ctx context.Context, f storage.ConsentFilter) (total int64, err error) {
	if f == (storage.ConsentFilter{}) {
		return 0, storage.ErrNoFilter
	}
	some := selectConsents("SELECT user_id, client_id FROM consents", f, "", "")
	q := "DELETE FROM consents WHERE (user_id, client_id) IN (" + some.query + " LIMIT ? + 0)"
	args := append(some.args, int64(chunkSize))
	for {
		deleted, err := write(ctx, s, "delete consents", func(t *tx) (int64, error) { return t.exec(q, args...) })
		total += deleted
		if err != nil || deleted < chunkSize {
			return total, err
		}
	}
}

// selectConsents selects those after a key. A condition on one column of the key lets the
// index serve the other.
func selectConsents(from query, f storage.ConsentFilter, afterUser, afterClient string) selection {
	q := selection{from + " WHERE user_id >= ? AND (user_id, client_id) > (?, ?)", []any{afterUser, afterUser, afterClient}}
	if f.UserID != "" {
		q.and("user_id = ?", f.UserID)
	}
	if f.ClientID != "" {
		q.and("client_id = ?", f.ClientID)
	}
	return q
}

// ListConsents implements [storage.Consents].
func (s *Store) ListConsents(ctx context.Context, f storage.ConsentFilter, p storage.Page) (page storage.ConsentPage, err error) {
	all, err := readList(ctx, s, "list consents", consentQuery(f, p), consentTable.scan)
	page.Consents, page.Next = trimPage(all, p.Size(), storage.Consent.Cursor)
	return page, err
}

func consentQuery(f storage.ConsentFilter, p storage.Page) selection {
	user, client := storage.ParseConsentCursor(p.After)
	q := selectConsents(consentTable.read, f, user, client)
	q.pageBy("user_id, client_id", p.Size())
	return q
}

var scopeTextTable = newTable("scope_texts",
	plain("scope", func(t *storage.ScopeText) *string { return &t.Scope }),
	object("texts", func(t *storage.ScopeText) *map[string]string { return &t.Texts }),
	timestamp("updated_at", func(t *storage.ScopeText) *time.Time { return &t.UpdatedAt }),
)

// PutScopeText implements [storage.ScopeTexts].
func (s *Store) PutScopeText(ctx context.Context, t storage.ScopeText) error {
	return s.exec(ctx, "put scope text", nil, scopeTextTable.put, scopeTextTable.insertValues(&t)...)
}

// DeleteScopeText implements [storage.ScopeTexts].
func (s *Store) DeleteScopeText(ctx context.Context, scope string) error {
	return s.exec(ctx, "delete scope text", storage.ErrNotFound, "DELETE FROM scope_texts WHERE scope = ?", scope)
}

// ListScopeTexts implements [storage.ScopeTexts].
func (s *Store) ListScopeTexts(ctx context.Context) ([]storage.ScopeText, error) {
	q := selection{scopeTextTable.read + " ORDER BY scope LIMIT ? + 0", []any{int64(storage.MaxPage)}}
	return readMany(ctx, s, "list scope texts", q, scopeTextTable.scan)
}
