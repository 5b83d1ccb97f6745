package main

import (
	"context"

	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/admin"
)

// logoFetcher fetches the logos of clients from where --outbound-networks lets Signet connect to.
func logoFetcher(s *settings) admin.Fetcher {
	allow, err := s.outboundAllowed()
	if err != nil { // a command that needs no issuer has none: public addresses alone
		allow = nil
	}
	client := safehttp.Client(allow)
	return func(ctx context.Context, uri string, limit int64) ([]byte, error) {
		return safehttp.Fetch(ctx, client, uri, limit)
	}
}
