package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"time"

	"example.org/signet/storage"
)

// throttleClaim is the claim of an attempt for a place in one counter.
type throttleClaim struct {
	storage.CounterClaim
	forgiven bool // a right secret clears the counter
}

// Networks from which an account has logged in are left out of its own limit: so
// strangers cannot lock the owner out of where they live and work.
const (
	knownNetworkFor  = 90 * 24 * time.Hour
	maxKnownNetworks = 32 // of one account within that time
)

// claims lists the counters of an attempt, the widest first.
func (t *Throttler) claims(a Attempt) (claims []throttleClaim) {
	add := func(limit Limit, key, unless string, forgiven bool) {
		if limit.Attempts > 0 {
			c := storage.CounterClaim{Key: key, Limit: limit.Attempts, Window: limit.Window, Unless: unless}
			claims = append(claims, throttleClaim{c, forgiven})
		}
	}
	account := accountPrefix(a.Kind, a.Account)
	switch a.Kind {
	case AttemptOwnPassword: // whoever has no session cannot make it count
		add(t.limits.PerAccountNetwork, account+"session:"+hashKey(a.Session), "", true)
		return claims
	case AttemptName:
		add(t.limits.Registrations, account+"all", "", false)
		fallthrough
	case AttemptRegistration:
		if a.Info.Backend != "" {
			add(t.limits.RegistrationsByBackend, counterKey(AttemptRegistration, "client", a.Info.Backend), "", false)
			return claims
		}
		for _, n := range a.Info.networks() {
			add(t.limits.Registrations.wider(n.manyTimes), counterKey(AttemptRegistration, "network", n.name), "", false)
		}
		return claims
	}
	if a.Info.Backend == "" {
		for _, n := range a.Info.networks() {
			add(t.limits.PerNetwork.wider(n.manyTimes), counterKey(a.Kind, "network", n.name), "", false)
		}
	}
	if a.Kind != AttemptBootstrap { // that secret is too long to be guessed from many places
		add(t.limits.PerAccount, account+"all", knownNetworkKey(a), false)
	}
	for _, n := range a.Info.networks() {
		add(t.limits.PerAccountNetwork.wider(n.someTimes), account+"network:"+hashKey(n.name), "", true)
	}
	return claims
}

// wider is the limit of a network that holds several, in halves of the narrowest one's.
func (l Limit) wider(halves int64) Limit {
	l.Attempts = (l.Attempts*halves + 1) / 2
	return l
}

// rememberNetwork remembers the network from which the right secret came.
func (t *Throttler) rememberNetwork(ctx context.Context, a Attempt) error {
	known := "known:" + accountPrefix(a.Kind, a.Account)
	_, err := t.store.ReserveCounters(ctx, storage.Time(t.now()), 0,
		storage.CounterClaim{Key: known + "all", Limit: maxKnownNetworks, Window: knownNetworkFor},
		storage.CounterClaim{Key: knownNetworkKey(a), Limit: maxKnownNetworks, Window: knownNetworkFor})
	return unavailableOrNil(err)
}

func knownNetworkKey(a Attempt) string {
	return "known:" + accountPrefix(a.Kind, a.Account) + "network:" + hashKey(a.Info.Network())
}

// accountPrefix is what the keys of all counters of an account begin with.
func accountPrefix(kind AttemptKind, account string) string {
	return counterKey(kind, "account", account) + ":"
}

func counterKey(kind AttemptKind, class, value string) string {
	return string(kind) + ":" + class + ":" + hashKey(value)
}

// hashKey hides what it stands for: what a person typed into the name field may be
// their password, and must not stand in the store.
func hashKey(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// throttleNetwork is one of the networks that a request counts by, and its limits in halves
// of the narrowest network's.
type throttleNetwork struct {
	name      string
	manyTimes int64 // for all accounts together
	someTimes int64 // for one account: so low that a /48 alone never reaches the account's own limit
}

// networks lists what counts as the network of a request, the widest first. One person can
// vary at will the lower half of an IPv6 address, and often some bits above it.
func (s RequestInfo) networks() []throttleNetwork {
	narrowest := throttleNetwork{s.Network(), 2, 2}
	a := s.Address.Unmap().WithZone("")
	if s.Backend != "" || !a.Is6() {
		return []throttleNetwork{narrowest}
	}
	return []throttleNetwork{{networkOf(a, 48), 8, 4}, {networkOf(a, 56), 4, 3}, narrowest}
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
