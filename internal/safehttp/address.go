package safehttp

import (
	"net/netip"
	"slices"
)

// notPublic lists the blocks of the special-purpose address registries (RFC 6890) that the
// predicates of netip do not know. Of IPv6 only 2000::/3 is public at all.
var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	nat64      = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052 §2.1: an IPv4 address in the last 32 bits
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for n, s := range texts {
		list[n] = netip.MustParsePrefix(s)
	}
	return list
}

// IsPublic tells whether an address is one of the public Internet: not of a private network,
// of this machine, of the link, multicast, or reserved.
func IsPublic(a netip.Addr) bool {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	switch {
	case !a.IsGlobalUnicast(), a.IsPrivate(), a.Zone() != "":
		return false
	case a.Is6() && !globalIPv6.Contains(a):
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}
