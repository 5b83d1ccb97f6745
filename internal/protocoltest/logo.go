package protocoltest

import (
	"context"

	"example.org/signet/internal/safehttp"
)

// fetchLogo fetches the logos of clients as a server with a loopback issuer does.
func fetchLogo(ctx context.Context, uri string, limit int64) ([]byte, error) {
	return safehttp.Fetch(ctx, safehttp.Client(safehttp.Loopback), uri, limit)
}
