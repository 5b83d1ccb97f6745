package main

import (
	"net"
	"net/url"
	"strings"
)

// withPort puts the port of the listener in the place of port 0.
func withPort(issuer string, listener net.Addr) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Port() != "0" {
		return issuer
	}
	_, port, err := net.SplitHostPort(listener.String())
	if err != nil {
		return issuer
	}
	u.Host = strings.TrimSuffix(u.Host, "0") + port
	return u.String()
}
