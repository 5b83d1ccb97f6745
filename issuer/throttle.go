package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// Throttle bounds how often a wrong password may be tried. An attempt is counted
// before it is checked, in the store, so that parallel attempts and several
// instances share one count; a right password takes its own attempt back.
type Throttle struct {
	PerAccountNetwork Limit // one account from one network
	PerNetwork        Limit // any account from one network
	PerAccount        Limit // one account from anywhere: high, so that a stranger cannot lock the owner out quickly

	Registrations Limit // from one network, whether they succeed or not
}

// Limit allows Attempts within Window. Zero Attempts means no limit.
type Limit struct {
	Attempts int64
	Window   time.Duration
}

// DefaultThrottle lets a person mistype, and a guesser get nowhere: at most 100
// guesses an hour at one account (NIST SP 800-63B §5.2.2).
func DefaultThrottle() Throttle {
	return Throttle{
		PerAccountNetwork: Limit{10, 15 * time.Minute},
		PerNetwork:        Limit{100, 15 * time.Minute},
		PerAccount:        Limit{100, time.Hour},
		Registrations:     Limit{30, time.Hour},
	}
}

// A Throttler counts attempts against the limits. It is safe for concurrent use.
type Throttler struct {
	limits Throttle
	store  storage.RateCounters
	log    *audit.Log
	now    func() time.Time
}

// NewThrottler returns a throttler that counts in the store.
func NewThrottler(limits Throttle, store storage.RateCounters, log *audit.Log, now func() time.Time) *Throttler {
	return &Throttler{limits: limits, store: store, log: log, now: now}
}

// Attempt is one attempt at a secret.
type Attempt struct {
	Kind    string // what is guessed at: "login", "client", "bootstrap"
	Account string // a user's or client's id or, for a name that nobody has, the name
	Target  string // whom the audit log names; "" for nobody
	Client  string
	Info    RequestInfo
}

// CountedAttempt is an attempt that was counted.
type CountedAttempt struct {
	store   storage.RateCounters
	counted []string // the keys counted; the first belongs to account and network together
}

// Count counts an attempt, or refuses it: the error is *Error, with TooManyAttempts or
// Unavailable. Names that nobody has reach the same limits as accounts, so that the answer
// tells nothing.
func (t *Throttler) Count(ctx context.Context, a Attempt) (*CountedAttempt, error) {
	network := a.Info.Network()
	counted := &CountedAttempt{store: t.store}
	for _, c := range []struct {
		limit Limit
		key   string
	}{
		{t.limits.PerAccountNetwork, counterKey(a.Kind, "account+network", a.Account, network)},
		{t.limits.PerNetwork, counterKey(a.Kind, "network", network)},
		{t.limits.PerAccount, counterKey(a.Kind, "account", a.Account)},
	} {
		if c.limit.Attempts == 0 {
			continue
		}
		if err := t.increment(ctx, a, c.key, c.limit); err != nil {
			return nil, err
		}
		counted.counted = append(counted.counted, c.key)
	}
	return counted, nil
}

// CountRegistration counts a registration, or refuses it as Count does: one network gets so
// many accounts, and questions whether a name is taken.
func (t *Throttler) CountRegistration(ctx context.Context, info RequestInfo) error {
	if t.limits.Registrations.Attempts == 0 {
		return nil
	}
	key := counterKey("register", "network", info.Network())
	return t.increment(ctx, Attempt{Kind: "register", Info: info}, key, t.limits.Registrations)
}

func (t *Throttler) increment(ctx context.Context, a Attempt, key string, limit Limit) error {
	now := storage.Time(t.now())
	n, err := t.store.IncrementCounter(ctx, key, now, limit.Window)
	if err != nil {
		return unavailable(err) // an attempt that is not counted is not allowed
	}
	if n.Count <= limit.Attempts {
		return nil
	}
	refusal := &Error{Code: TooManyAttempts, Description: "too many failed attempts, try again later", RetryAfter: n.ResetAt.Sub(now)}
	if n.Count == limit.Attempts+1 { // once a window, so that a flood does not fill the log
		e := storage.AuditEvent{Type: audit.EventLoginThrottled, Target: a.Target, ClientID: a.Client, Detail: a.Kind}
		_, err = t.log.Append(ctx, a.Info.Event(e))
		refusal.Cause = unavailableOrNil(err)
	}
	return refusal
}

// Succeeded forgives what the right password has counted: all failures of this account from
// this network, elsewhere only its own attempt, so that an attacker's own logins do not wash
// the network clean.
func (c *CountedAttempt) Succeeded(ctx context.Context) error {
	for n, key := range c.counted {
		var err error
		if n == 0 {
			err = c.store.DeleteCounter(ctx, key)
		} else {
			err = c.store.DecrementCounter(ctx, key)
		}
		if err != nil {
			return unavailable(err)
		}
	}
	return nil
}

// counterKey hashes its parts: what a person typed into the name field may be
// their password, and must not stand in the store.
func counterKey(kind string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return kind + ":" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// throttleNetwork groups what one person can vary at will: an IPv6 /64, one IPv4
// address.
func throttleNetwork(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Network returns the part of the address that one person can vary at will.
func (s RequestInfo) Network() string { return throttleNetwork(s.Address) }
