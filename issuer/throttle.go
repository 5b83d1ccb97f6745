package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"

	"example.org/signet/storage"
)

// Throttle bounds how often a wrong password may be tried. A try is counted
// before it is checked, in the store, so that parallel tries and several
// instances share one count; a right password takes its own try back.
type Throttle struct {
	PerAccountNetwork Limit // one account from one network
	PerNetwork        Limit // any account from one network
	PerAccount        Limit // one account from anywhere: high, so that a stranger cannot lock the owner out quickly

	Registrations Limit // from one network, whether they succeed or not
}

// Limit allows Tries within Window. Zero Tries means no limit.
type Limit struct {
	Tries  int64
	Window time.Duration
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

// try is one attempt at a secret.
type try struct {
	kind    string // what is guessed at: "login", "client"
	account string // a user's or client's id or, for a name that nobody has, the name
	target  string // whom the audit log names; "" for nobody
	client  string
	source  Source
}

// ticket is a counted try.
type ticket struct {
	issuer  *Issuer
	counted []string // the keys counted; the first belongs to account and network together
}

// throttle counts a try, or refuses it. Names that nobody has reach the same
// limits as accounts, so that the answer tells nothing.
func (i *Issuer) throttle(ctx context.Context, y try) (*ticket, error) {
	network := y.source.network()
	t := &ticket{issuer: i}
	for _, c := range []struct {
		limit Limit
		key   string
	}{
		{i.cfg.Throttle.PerAccountNetwork, counterKey(y.kind, "account+network", y.account, network)},
		{i.cfg.Throttle.PerNetwork, counterKey(y.kind, "network", network)},
		{i.cfg.Throttle.PerAccount, counterKey(y.kind, "account", y.account)},
	} {
		if c.limit.Tries == 0 {
			continue
		}
		if err := t.count(ctx, y, c.key, c.limit); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *ticket) count(ctx context.Context, y try, key string, limit Limit) error {
	now := t.issuer.now()
	n, err := t.issuer.store.CountAttempt(ctx, key, now, limit.Window)
	if err != nil {
		return unknown(err) // not a free try
	}
	t.counted = append(t.counted, key)
	if n.Count <= limit.Tries {
		return nil
	}
	refusal := &Error{Code: TooManyAttempts, Description: "too many failed attempts, try again later", RetryAfter: n.ResetAt.Sub(now)}
	if n.Count == limit.Tries+1 { // once a window, so that a flood does not fill the log
		refusal.Cause = t.issuer.audit(ctx, y.source, storage.AuditEvent{Type: EventLoginThrottled, Target: y.target, ClientID: y.client, Detail: y.kind})
	}
	return refusal
}

// succeeded forgives what the right password has counted: all failures of this
// account from this network, elsewhere only its own try, so that an attacker's
// own logins do not wash the network clean.
func (t *ticket) succeeded(ctx context.Context) error {
	for n, key := range t.counted {
		var err error
		if n == 0 {
			err = t.issuer.store.ClearAttempts(ctx, key)
		} else {
			err = t.issuer.store.ForgiveAttempt(ctx, key)
		}
		if err != nil {
			return unknown(err)
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

// networkOf groups what one person can vary at will: an IPv6 /64, one IPv4
// address.
func networkOf(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

func (s Source) network() string { return networkOf(s.Address) }
