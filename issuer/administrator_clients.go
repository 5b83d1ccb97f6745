package issuer

import (
	"context"

	"example.org/signet/storage"
)

// Clients returns one page of clients.
func (a *Administrator) Clients(ctx context.Context, p storage.Page) (ClientList, error) {
	return a.issuer.ListClients(ctx, p)
}

// Client returns the client of that id.
func (a *Administrator) Client(ctx context.Context, id string) (Client, error) {
	return a.issuer.FindClient(ctx, id)
}

// CreateClient creates a client whose scopes are the administrator's to give: a
// client can use some of them on its own behalf, with no user's roles in the way.
func (a *Administrator) CreateClient(ctx context.Context, n NewClient) (Client, error) {
	if n.Settings.Scopes != nil && !a.mayGrantScopes(*n.Settings.Scopes) {
		return Client{}, errScopeAbove
	}
	return a.issuer.CreateClient(ctx, n, a.info)
}

// UpdateClient changes a client.
func (a *Administrator) UpdateClient(ctx context.Context, id string, ch ClientChange, when Precondition) (Client, error) {
	if ch.Scopes != nil && !a.mayGrantScopes(*ch.Scopes) {
		return Client{}, errScopeAbove
	}
	return a.issuer.updateClient(ctx, id, ch, a.info, a.mayManageClient(when))
}

// RotateClientSecret gives a client a new secret: whoever has it has the
// client's scopes.
func (a *Administrator) RotateClientSecret(ctx context.Context, id string, r SecretRotation, when Precondition) (Client, error) {
	return a.issuer.rotateClientSecret(ctx, id, r, a.info, a.mayManageClient(when))
}

// DeleteClient removes a client.
func (a *Administrator) DeleteClient(ctx context.Context, id string) error {
	return a.issuer.deleteClient(ctx, id, a.info, a.mayManageClient(nil))
}

// mayManageClient refuses to act on a client with scopes that are not the
// administrator's to give.
func (a *Administrator) mayManageClient(when Precondition) func(storage.Client) error {
	return func(c storage.Client) error {
		if !a.mayGrantScopes(c.Scopes) {
			return errClientAbove
		}
		return when.check(revision(c.CreatedAt, c.Version))
	}
}
