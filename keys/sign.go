package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
)

// A Signer signs with the key that was active when it was taken, so that all tokens
// of one response have the same key. Use it for one response only.
type Signer struct {
	signing *signing
	pair    *keyPair
}

// signing bounds and counts the signatures of one instance.
type signing struct {
	rsaSlots chan struct{} // holds one element for each RSA signature under way
	random   io.Reader
	count    atomic.Uint64
}

func newSigning(random io.Reader) *signing {
	return &signing{random: random, rsaSlots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Current returns a Signer with the key that signs now. It fails with [ErrStale] or
// [ErrNoKey].
func (m *Manager) Current() (Signer, error) {
	s, now := m.snapshots.get()
	if m.snapshots.stale(s, now) {
		return Signer{}, ErrStale
	}
	if s.active == nil {
		return Signer{}, ErrNoKey
	}
	return Signer{m.signing, s.active}, nil
}

// KID returns the key's id.
func (s Signer) KID() string { return s.pair.kid }

// Alg returns the key's algorithm, which also decides the hash of at_hash
// (OpenID Connect Core §3.1.3.6).
func (s Signer) Alg() string { return s.pair.alg }

// Sign returns the claims, anything that marshals into a JSON object, as a JWT
// in compact form. Its header has alg, kid and typ; typ must come from the
// program, never from a request. RSA signatures queue for a processor, first
// come first served; the end of ctx ends the wait.
func (s Signer) Sign(ctx context.Context, typ string, claims any) (string, error) {
	header, err := s.pair.header(typ)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("marshal claims: %w", err)
	}
	if s.pair.cpuBound() {
		select {
		case s.signing.rsaSlots <- struct{}{}:
			defer func() { <-s.signing.rsaSlots }()
		case <-ctx.Done():
			return "", fmt.Errorf("wait to sign: %w", context.Cause(ctx))
		}
	}
	token, err := s.pair.compact(s.signing.random, header, payload)
	if err != nil {
		return "", fmt.Errorf("sign with key %s: %w", s.pair.kid, err)
	}
	s.signing.count.Add(1)
	return token, nil
}

// Sign signs claims with the key that signs now; see [Signer.Sign].
func (m *Manager) Sign(ctx context.Context, typ string, claims any) (string, error) {
	s, err := m.Current()
	if err != nil {
		return "", err
	}
	return s.Sign(ctx, typ, claims)
}

// Active returns the id and the algorithm of the key that signs now.
func (m *Manager) Active() (kid, alg string, err error) {
	s, err := m.Current()
	if err != nil {
		return "", "", err
	}
	return s.KID(), s.Alg(), nil
}

// Ready returns nil when the instance may sign, else [ErrStale] or [ErrNoKey].
func (m *Manager) Ready() error {
	_, err := m.Current()
	return err
}

// Signatures returns how many signatures were made so far.
func (m *Manager) Signatures() uint64 { return m.signing.count.Load() }
