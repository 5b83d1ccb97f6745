package issuer

import (
	"fmt"
	"net/netip"
)

// networkClass is a size of networks, and its limits in halves of the narrowest one's.
type networkClass struct {
	name      string // in keys
	bits      int    // of IPv6; 0 for what else is narrowest
	manyTimes int64  // for all accounts together
	someTimes int64  // for one account: so low that a /48 alone never reaches the account's own limit
}

// The classes. One person can vary at will the lower half of an IPv6 address, and often
// some bits above it.
var (
	widest    = networkClass{"network48", 48, 8, 4}
	wide      = networkClass{"network56", 56, 4, 3}
	narrowest = networkClass{"network", 0, 2, 2}
)

// throttleNetwork is one of the networks that a request counts by.
type throttleNetwork struct {
	networkClass
	prefix string
}

// networks lists what counts as the network of a request, the widest first.
func (s RequestInfo) networks() []throttleNetwork {
	own := throttleNetwork{narrowest, s.Network()}
	a := s.Address.Unmap().WithZone("")
	if s.Backend != "" || !a.Is6() {
		return []throttleNetwork{own}
	}
	return []throttleNetwork{{widest, networkOf(a, widest.bits)}, {wide, networkOf(a, wide.bits)}, own}
}

func networkOf(a netip.Addr, bits int) string {
	p, err := a.Prefix(bits)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// Network names the narrowest network of a request: an IPv6 /64, one IPv4 address, or
// the confidential client through which people of unknown addresses come.
func (s RequestInfo) Network() string {
	if s.Backend != "" {
		return fmt.Sprintf("client %q", s.Backend)
	}
	a := s.Address.Unmap().WithZone("")
	if a.Is6() {
		return networkOf(a, 64)
	}
	return a.String()
}
