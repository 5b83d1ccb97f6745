package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"

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

// attempt is one attempt at a secret.
type attempt struct {
	kind    string // what is guessed at: "login", "client"
	account string // a user's or client's id or, for a name that nobody has, the name
	target  string // whom the audit log names; "" for nobody
	client  string
	info    RequestInfo
}

// countedAttempt is an attempt that was counted.
type countedAttempt struct {
	issuer  *Issuer
	counted []string // the keys counted; the first belongs to account and network together
}

// throttle counts an attempt, or refuses it. Names that nobody has reach the same
// limits as accounts, so that the answer tells nothing.
func (i *Issuer) throttle(ctx context.Context, a attempt) (*countedAttempt, error) {
	network := a.info.network()
	t := &countedAttempt{issuer: i}
	for _, c := range []struct {
		limit Limit
		key   string
	}{
		{i.cfg.Throttle.PerAccountNetwork, counterKey(a.kind, "account+network", a.account, network)},
		{i.cfg.Throttle.PerNetwork, counterKey(a.kind, "network", network)},
		{i.cfg.Throttle.PerAccount, counterKey(a.kind, "account", a.account)},
	} {
		if c.limit.Attempts == 0 {
			continue
		}
		if err := t.count(ctx, a, c.key, c.limit); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *countedAttempt) count(ctx context.Context, a attempt, key string, limit Limit) error {
	now := t.issuer.now()
	n, err := t.issuer.store.IncrementCounter(ctx, key, now, limit.Window)
	if err != nil {
		return unavailable(err) // an attempt that is not counted is not allowed
	}
	t.counted = append(t.counted, key)
	if n.Count <= limit.Attempts {
		return nil
	}
	refusal := &Error{Code: TooManyAttempts, Description: "too many failed attempts, try again later", RetryAfter: n.ResetAt.Sub(now)}
	if n.Count == limit.Attempts+1 { // once a window, so that a flood does not fill the log
		refusal.Cause = t.issuer.audit(ctx, a.info, storage.AuditEvent{Type: EventLoginThrottled, Target: a.target, ClientID: a.client, Detail: a.kind})
	}
	return refusal
}

// succeeded forgives what the right password has counted: all failures of this
// account from this network, elsewhere only its own attempt, so that an attacker's
// own logins do not wash the network clean.
func (t *countedAttempt) succeeded(ctx context.Context) error {
	for n, key := range t.counted {
		var err error
		if n == 0 {
			err = t.issuer.store.DeleteCounter(ctx, key)
		} else {
			err = t.issuer.store.DecrementCounter(ctx, key)
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

func (s RequestInfo) network() string { return throttleNetwork(s.Address) }
