package sqlite

import (
	"context"

	"example.org/signet/storage"
)

var _ storage.Clients = (*Store)(nil)

const clientColumns = query("id, name, public, secret_hash, grants, scopes, audiences, resources, origins," +
	" id_token_on_refresh, disabled, epoch, version, created_at, updated_at, old_secret_hash, old_secret_until")

func scanClient(row scanner) (c storage.Client, err error) {
	err = row.Scan(&c.ID, &c.Name, &c.Public, &c.SecretHash, listColumn{&c.Grants}, listColumn{&c.Scopes},
		listColumn{&c.Audiences}, listColumn{&c.Resources}, listColumn{&c.Origins}, &c.IDTokenOnRefresh,
		&c.Disabled, &c.Epoch, &c.Version, timeColumn{&c.CreatedAt}, timeColumn{&c.UpdatedAt},
		&c.OldSecretHash, timeColumn{&c.OldSecretUntil})
	return c, err
}

// CreateClient implements [storage.Clients].
func (s *Store) CreateClient(ctx context.Context, c storage.Client) error {
	return s.exec(ctx, "create client", duplicate("client_id"),
		"INSERT INTO clients ("+clientColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		c.ID, c.Name, c.Public, c.SecretHash, encodeList(c.Grants), encodeList(c.Scopes),
		encodeList(c.Audiences), encodeList(c.Resources), encodeList(c.Origins), c.IDTokenOnRefresh,
		c.Disabled, c.Epoch, millis(c.CreatedAt), millis(c.UpdatedAt), c.OldSecretHash, nullableMillis(c.OldSecretUntil))
}

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (storage.Client, error) {
	return readOne(ctx, s, "read client", "SELECT "+clientColumns+" FROM clients WHERE id = ?", scanClient, id)
}

// UpdateClient implements [storage.Clients].
func (s *Store) UpdateClient(ctx context.Context, c storage.Client) (storage.Client, error) {
	return writeMulti(ctx, s, "update client", func(t *tx) (storage.Client, error) {
		updated, err := queryOne(t, "UPDATE clients SET name = ?, public = ?, secret_hash = ?, grants = ?, scopes = ?, audiences = ?,"+
			" resources = ?, origins = ?, id_token_on_refresh = ?, disabled = ?, epoch = ?, version = version + 1,"+
			" created_at = ?, updated_at = ?, old_secret_hash = ?, old_secret_until = ? WHERE id = ? AND version = ? RETURNING "+clientColumns,
			scanClient, c.Name, c.Public, c.SecretHash, encodeList(c.Grants), encodeList(c.Scopes), encodeList(c.Audiences),
			encodeList(c.Resources), encodeList(c.Origins), c.IDTokenOnRefresh, c.Disabled, c.Epoch,
			millis(c.CreatedAt), millis(c.UpdatedAt), c.OldSecretHash, nullableMillis(c.OldSecretUntil), c.ID, c.Version)
		if err != nil {
			return updated, conflictOrNotFound(t, err, "SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?)", c.ID)
		}
		return updated, nil
	})
}

// DeleteClient implements [storage.Clients].
func (s *Store) DeleteClient(ctx context.Context, id string) error {
	return s.exec(ctx, "delete client", storage.ErrNotFound, "DELETE FROM clients WHERE id = ?", id)
}

// ListClients implements [storage.Clients].
func (s *Store) ListClients(ctx context.Context, p storage.Page) (page storage.ClientPage, err error) {
	q := selection{"SELECT " + clientColumns + " FROM clients WHERE id > ?", []any{p.After}}
	q.page(p.Size())
	all, err := readMany(ctx, s, "list clients", q, scanClient)
	page.Clients, page.Next = trimPage(all, p.Size(), func(c storage.Client) string { return c.ID })
	return page, err
}

// AnyClient implements [storage.Clients]. It looks at one client after the other
// until one fits.
func (s *Store) AnyClient(ctx context.Context, q storage.ClientQuery) (bool, error) {
	find := selection{query: "SELECT 1 FROM clients WHERE disabled = 0"}
	if q.Grant != "" {
		find.and("EXISTS (SELECT 1 FROM json_each(grants) WHERE value = ?)", q.Grant)
	}
	if q.Origin != "" {
		find.and("EXISTS (SELECT 1 FROM json_each(origins) WHERE value = ?)", q.Origin)
	}
	find.query += " LIMIT 1"
	found, err := readMany(ctx, s, "find client", find, scanBool)
	return len(found) > 0, err
}
