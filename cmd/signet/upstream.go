package main

import (
	"net/netip"

	"example.org/signet/endpoints"
	"example.org/signet/internal/safehttp"
	"example.org/signet/issuer/upstream"
	"example.org/signet/keys"
)

// newUpstream returns what talks to the providers that people sign in at. allow accepts addresses
// beside the public ones.
func (p *process) newUpstream(s *settings, master keys.MasterKeys, allow func(netip.Addr) bool) *upstream.Client {
	return upstream.New(upstream.Config{
		HTTP: safehttp.Client(allow), Secrets: master, Rand: p.random, Now: p.now,
		Redirect: func(id string) string { return s.issuer + endpoints.UpstreamRedirectPath(id) },
	})
}
