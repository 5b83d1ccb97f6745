package keys

import (
	"crypto/rand"
	"io"
	"slices"
	"time"

	"example.org/signet/internal/fielderror"
	"example.org/signet/internal/random"
)

// Algorithms that a key may have (RFC 7518 §3.1, RFC 8037 §3.1).
const (
	RS256 = "RS256"
	PS256 = "PS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// Config says how keys are made and how long their lives are. Every instance
// and every command on one store should have the same.
type Config struct {
	Alg     string // of new keys: RS256, PS256, ES256 or EdDSA
	RSABits int    // of new RSA keys: 2048, 3072 or 4096

	RotationInterval time.Duration // a key signs this long; 0 rotates by hand only
	PublishAhead     time.Duration // a key is published at least this long before it signs
	JWKSMaxAge       time.Duration // how long others may cache the JWKS
	Refresh          time.Duration // how often the keys are read anew
	TokenLifetime    time.Duration // of the longest-lived token that is signed
	Leeway           time.Duration // the most that two clocks may differ, verifiers' included

	Now     func() time.Time
	Rand    io.Reader   // nil for crypto/rand
	OnEvent func(Event) // nil for none; called without locks held, must not block
}

// DefaultConfig is what a server without any settings uses, on the given clock.
func DefaultConfig(now func() time.Time) Config {
	return Config{
		Alg:              RS256,
		RSABits:          2048,
		RotationInterval: 720 * time.Hour,
		PublishAhead:     24 * time.Hour,
		JWKSMaxAge:       5 * time.Minute,
		Refresh:          5 * time.Second,
		TokenLifetime:    15 * time.Minute,
		Leeway:           time.Minute,
		Now:              now,
		Rand:             rand.Reader,
	}
}

// maxStale bounds StaleAfter. Signing longer without a store gains nothing, and every
// retired key would stay published for that much longer.
const maxStale = time.Hour

// StaleAfter returns the age of the snapshot beyond which an instance stops signing:
// PublishAhead - JWKSMaxAge - Leeway, at most an hour. A JWKS that was fetched from an
// instance just before that, and cached for JWKSMaxAge, still expires before a key
// that it lacks starts to sign.
func (c Config) StaleAfter() time.Duration {
	return min(c.PublishAhead-c.JWKSMaxAge-c.Leeway, maxStale)
}

// Retention returns how long a key stays published after another took over: the
// last signature may come from an instance whose snapshot is StaleAfter old and
// whose clock is behind by Leeway, its token lives for TokenLifetime, and a
// verifier's clock may be behind by Leeway too.
func (c Config) Retention() time.Duration {
	return c.StaleAfter() + c.TokenLifetime + 2*c.Leeway
}

// lead returns how long before its time a rotation on schedule is stored: as long as
// an instance may be behind, so that every instance that signs then knows of it.
func (c Config) lead() time.Duration { return min(c.StaleAfter(), c.RotationInterval/2) }

// withDefaults returns a copy with defaults filled in and the source of randomness
// made safe for concurrent use.
func (c Config) withDefaults() Config {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	c.Rand = random.Locked(c.Rand)
	return c
}

// Validate returns all faults at once, as a fielderror.List under the names of the
// settings.
func (c Config) Validate() error {
	var faults fielderror.List
	if !slices.Contains([]string{RS256, PS256, ES256, EdDSA}, c.Alg) {
		faults.Addf("signing-alg", "is %q, must be RS256, PS256, ES256 or EdDSA", c.Alg)
	}
	if rsa := c.Alg == RS256 || c.Alg == PS256; rsa && !slices.Contains([]int{2048, 3072, 4096}, c.RSABits) {
		faults.Addf("rsa-bits", "is %d, must be 2048, 3072 or 4096", c.RSABits)
	}
	if c.Now == nil {
		faults.Addf("clock", "is missing")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"rotation-interval", c.RotationInterval, 0},
		{"jwks-max-age", c.JWKSMaxAge, 0},
		{"keyring-refresh", c.Refresh, time.Millisecond},
		{"access-token-ttl", c.TokenLifetime, time.Second},
		{"clock-skew", c.Leeway, 0},
	} {
		if d.value < d.least {
			faults.Addf(d.name, "is %s, must be at least %s", d.value, d.least)
		}
	}
	if need := c.JWKSMaxAge + c.Refresh + c.Leeway; c.PublishAhead <= need {
		faults.Addf("publish-ahead", "is %s, must be above %s: jwks-max-age %s + keyring-refresh %s + clock-skew %s, or a key signs before every verifier can know it",
			c.PublishAhead, need, c.JWKSMaxAge, c.Refresh, c.Leeway)
	}
	if c.RotationInterval > 0 && c.RotationInterval < c.PublishAhead {
		faults.Addf("rotation-interval", "is %s, must be 0 or at least publish-ahead %s: the next key must have been published that long", c.RotationInterval, c.PublishAhead)
	}
	return faults.Err()
}

// reportRefusal reports a key that OpenSSL does not sign with, though this build has it.
func (c Config) reportRefusal(p *keyPair) {
	if p.refusal != nil {
		c.report(Event{Kind: EventRefusal, KID: p.kid, At: c.Now(), Err: p.refusal})
	}
}

// report hands the event to OnEvent, if that is set.
func (c Config) report(e Event) {
	if c.OnEvent != nil {
		c.OnEvent(e)
	}
}
