package sqlite

import (
	"context"
	"time"

	"example.org/signet/storage"
)

var _ storage.Clients = (*Store)(nil)

var clientTable = newTable("clients",
	plain("id", func(c *storage.Client) *string { return &c.ID }),
	plain("name", func(c *storage.Client) *string { return &c.Name }),
	plain("public", func(c *storage.Client) *bool { return &c.Public }),
	plain("secret_hash", func(c *storage.Client) *string { return &c.SecretHash }),
	list("grants", func(c *storage.Client) *[]string { return &c.Grants }),
	list("scopes", func(c *storage.Client) *[]string { return &c.Scopes }),
	list("audiences", func(c *storage.Client) *[]string { return &c.Audiences }),
	list("resources", func(c *storage.Client) *[]string { return &c.Resources }),
	list("origins", func(c *storage.Client) *[]string { return &c.Origins }),
	plain("id_token_on_refresh", func(c *storage.Client) *bool { return &c.IDTokenOnRefresh }),
	plain("trust_client_ip", func(c *storage.Client) *bool { return &c.TrustClientIP }),
	plain("disabled", func(c *storage.Client) *bool { return &c.Disabled }),
	plain("epoch", func(c *storage.Client) *int64 { return &c.Epoch }),
	plain(versionColumn, func(c *storage.Client) *int64 { return &c.Version }),
	timestamp("created_at", func(c *storage.Client) *time.Time { return &c.CreatedAt }),
	timestamp("updated_at", func(c *storage.Client) *time.Time { return &c.UpdatedAt }),
	plain("old_secret_hash", func(c *storage.Client) *string { return &c.OldSecretHash }),
	nullableTimestamp("old_secret_until", func(c *storage.Client) *time.Time { return &c.OldSecretUntil }),
	list("own_scopes", func(c *storage.Client) *[]string { return &c.OwnScopes }),
	plain("own_rank", func(c *storage.Client) *int64 { return &c.OwnRank }),
	list("redirect_uris", func(c *storage.Client) *[]string { return &c.RedirectURIs }),
	list("post_logout_redirect_uris", func(c *storage.Client) *[]string { return &c.PostLogoutRedirectURIs }),
	plain("backchannel_logout_uri", func(c *storage.Client) *string { return &c.BackchannelLogoutURI }),
	plain("backchannel_session", func(c *storage.Client) *bool { return &c.BackchannelSession }),
	plain("initiate_login_uri", func(c *storage.Client) *string { return &c.InitiateLoginURI }),
	plain("pkce_optional", func(c *storage.Client) *bool { return &c.PKCEOptional }),
	plain("localhost_ports", func(c *storage.Client) *bool { return &c.LocalhostPorts }),
	plain("consent", func(c *storage.Client) *string { return &c.Consent }),
	plain("auth_method", func(c *storage.Client) *string { return &c.AuthMethod }),
	optionalNumber("default_max_age", func(c *storage.Client) **int64 { return &c.DefaultMaxAge }),
	plain("require_auth_time", func(c *storage.Client) *bool { return &c.RequireAuthTime }),
	plain("authentication", func(c *storage.Client) *string { return &c.Authentication }),
	plain("password_grant_without_mfa", func(c *storage.Client) *bool { return &c.PasswordGrantWithoutMFA }),
	plain("home_uri", func(c *storage.Client) *string { return &c.HomeURI }),
	plain("logo_uri", func(c *storage.Client) *string { return &c.LogoURI }),
	plain("policy_uri", func(c *storage.Client) *string { return &c.PolicyURI }),
	plain("terms_uri", func(c *storage.Client) *string { return &c.TermsURI }),
	list("contacts", func(c *storage.Client) *[]string { return &c.Contacts }),
)

// CreateClient implements [storage.Clients].
func (s *Store) CreateClient(ctx context.Context, c storage.Client) error {
	c.Version = 1
	return s.exec(ctx, "create client", duplicate("client_id"), clientTable.insert, clientTable.insertValues(&c)...)
}

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (storage.Client, error) {
	return readOne(ctx, s, "read client", clientTable.byKey, clientTable.scan, id)
}

// UpdateClient implements [storage.Clients].
func (s *Store) UpdateClient(ctx context.Context, c storage.Client) (storage.Client, error) {
	return writeMulti(ctx, s, "update client", func(t *tx) (storage.Client, error) {
		return updateRecord(t, clientTable, &c)
	})
}

// DeleteClient implements [storage.Clients].
func (s *Store) DeleteClient(ctx context.Context, id string, version int64) error {
	_, err := writeMulti(ctx, s, "delete client", func(t *tx) (storage.Client, error) {
		return deleteRecord(t, clientTable, id, version)
	})
	return err
}

// ListClients implements [storage.Clients].
func (s *Store) ListClients(ctx context.Context, p storage.Page) (page storage.ClientPage, err error) {
	q := selection{clientTable.read + " WHERE id > ?", []any{p.After}}
	q.page(p.Size())
	all, err := readList(ctx, s, "list clients", q, clientTable.scan)
	page.Clients, page.Next = trimPage(all, p.Size(), func(c storage.Client) string { return c.ID })
	return page, err
}

// AnyClient implements [storage.ClientUse]. It looks at one client after the other
// until one fits.
func (s *Store) AnyClient(ctx context.Context, grant string) (bool, error) {
	find := selection{"SELECT 1 FROM clients WHERE disabled = 0 AND EXISTS (SELECT 1 FROM json_each(grants) WHERE value = ?) LIMIT 1", []any{grant}}
	found, err := readList(ctx, s, "find client", find, scanBool)
	return len(found) > 0, err
}

// ClientOrigins implements [storage.ClientUse].
func (s *Store) ClientOrigins(ctx context.Context) ([]string, error) {
	find := selection{query: "SELECT DISTINCT o.value FROM clients, json_each(clients.origins) AS o WHERE disabled = 0"}
	return readList(ctx, s, "list origins", find, scanString)
}
