package main

import (
	"context"
	"net/netip"
	"strings"

	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/admin"
)

// logoFetcher fetches the logos of clients: from public addresses, and for an issuer on
// loopback also from this machine.
func logoFetcher(issuerURL string) admin.Fetcher {
	var allow func(netip.Addr) bool
	if strings.HasPrefix(issuerURL, "http://") { // only ever a loopback host
		allow = safehttp.Loopback
	}
	client := safehttp.Client(allow)
	return func(ctx context.Context, uri string, limit int64) ([]byte, error) {
		return safehttp.Fetch(ctx, client, uri, limit)
	}
}
