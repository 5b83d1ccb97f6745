package main

import (
	"context"
	"net"
	"net/url"
	"strings"
)

// warnOfPort warns if the issuer's URL names another port than the server listens on and
// no proxy is configured: clients that follow the discovery document would not reach the
// server.
func (v *server) warnOfPort() {
	named, listened := urlPort(v.settings.issuer), listenerPort(v.listeners.public)
	if v.settings.behindProxy || named == listened {
		return
	}
	v.log.Warn().Str("issuer", v.settings.issuer).Str("listen", v.listeners.publicURL()).
		Msg("the issuer's URL names port " + named + ", --listen is port " + listened + ": unless something forwards to it, clients that follow the URL do not come here; give --issuer with the port, or --behind-proxy")
}

// urlPort is the port of a URL that has been checked, by its scheme where none is named.
func urlPort(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return ""
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func listenerPort(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a TCP listener's address has one
	return port
}

// warnOfDemo warns of accounts that signet dev made: their secrets were printed to a
// terminal and lie in a file, and one client has none.
func (v *server) warnOfDemo(ctx context.Context) {
	var found []string
	for _, a := range v.demo().accounts() {
		if a.find(ctx) == nil { // a store that fails now is reported by /readyz
			found = append(found, a.name)
		}
	}
	if len(found) > 1 { // one alone may be somebody's own of that name
		v.log.Warn().Str("accounts", strings.Join(found, ", ")).Msg("the store holds demo accounts of signet dev: delete them, or serve another store")
	}
}
