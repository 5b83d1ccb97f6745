package endpoints

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/netip"
	"strings"
)

// maxRequestID bounds a request id that a proxy gives, in bytes.
const maxRequestID = 64

// clientIPResolver determines the client address and the request id. Both
// are taken from headers only if a trusted proxy sent them.
type clientIPResolver struct {
	proxies []netip.Prefix
	rand    io.Reader
}

// identify sets the event's address, request id and user agent.
func (c *clientIPResolver) identify(r *http.Request, e *event) {
	peer := remoteAddr(r)
	e.address, e.userAgent, e.clientIP = peer, r.UserAgent(), strings.Join(r.Header.Values("Signet-Client-IP"), ", ")
	if !c.isTrustedProxy(peer) {
		e.requestID = c.newRequestID()
		return
	}
	e.address = c.forwardedFor(peer, r.Header.Values("X-Forwarded-For"))
	e.requestID = r.Header.Get("X-Request-Id")
	if len(r.Header.Values("X-Request-Id")) != 1 || !isRequestID(e.requestID) {
		e.requestID = c.newRequestID()
	}
}

// forwardedFor reads the hops from the right, nearest first, and returns the first that is
// not a trusted proxy: anybody may have written what is left of it. If a hop is not
// an address it returns the proxy that passed it on.
func (c *clientIPResolver) forwardedFor(peer netip.Addr, headers []string) netip.Addr {
	last := peer
	for n := len(headers) - 1; n >= 0; n-- {
		rest := headers[n]
		for more := true; more; {
			var hop string
			if cut := strings.LastIndexByte(rest, ','); cut >= 0 {
				rest, hop = rest[:cut], rest[cut+1:]
			} else {
				hop, more = rest, false
			}
			addr, ok := parseAddr(strings.TrimSpace(hop))
			if !ok {
				return last
			}
			if last = addr; !c.isTrustedProxy(addr) {
				return addr
			}
		}
	}
	return last
}

func (c *clientIPResolver) isTrustedProxy(a netip.Addr) bool {
	for _, p := range c.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// newRequestID returns 128 random bits in hex. It protects nothing, so if the
// random source fails the request goes on without an id.
func (c *clientIPResolver) newRequestID() string {
	const size = 16
	b := make([]byte, size, 3*size) // and its hex
	if _, err := io.ReadFull(c.rand, b); err != nil {
		return ""
	}
	return string(hex.AppendEncode(b, b)[size:])
}

func remoteAddr(r *http.Request) netip.Addr {
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return peer.Addr().WithZone("").Unmap()
	}
	addr, _ := parseAddr(r.RemoteAddr)
	return addr
}

// parseAddr parses an address with or without a port. It removes the zone and the IPv6
// form of IPv4, so that each host has one address.
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		var with netip.AddrPort
		if with, err = netip.ParseAddrPort(s); err == nil {
			addr = with.Addr()
		}
	}
	return addr.WithZone("").Unmap(), err == nil
}

func isRequestID(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
