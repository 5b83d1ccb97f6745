package issuer

import (
	"context"
)

// ClientOrigins returns the browser origins that enabled clients name, each once.
// It reads all clients: keep what it returns until ClientChanges moves.
func (i *Issuer) ClientOrigins(ctx context.Context) ([]string, error) {
	origins, err := i.store.ClientOrigins(ctx)
	return origins, StoreError(err)
}

// ClientChanges counts the changes of clients by this instance.
func (i *Issuer) ClientChanges() uint64 { return i.clients.changes.Load() }
