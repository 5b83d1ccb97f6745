package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
)

// Header is the protected header of a verified token.
type Header struct {
	Typ string
	KID string
	Alg string
}

// MaxToken is the longest token that Verify looks at, in bytes.
const MaxToken = 8 << 10

// Verify checks that this issuer signed the token with a key that still
// counts, and returns the payload, a JSON object, and the header. It does not
// look at typ or at any claim: that is the caller's to demand. It works from
// memory, however old the view. The one exception: a genuine signature of a
// standby shows that the view is behind, so the records are read once more.
//
// Refusals are [ErrNotOurs]; a failure of that one reading is the store's
// error.
func (m *Manager) Verify(ctx context.Context, token string) ([]byte, Header, error) {
	j, err := parse(token)
	if err != nil {
		return nil, Header{}, err
	}
	key, ok := m.lookup(j.header.KID)
	if !ok {
		return nil, Header{}, ErrUnknownKey
	}
	// The key decides on the algorithm, the token does not (RFC 8725 §3.1).
	if j.header.Alg != key.alg || !key.verifies(j.signed, j.signature) {
		return nil, Header{}, ErrSignature
	}
	if err := m.started(ctx, key); err != nil {
		return nil, Header{}, err
	}
	if _, err := members(j.payload); err != nil {
		return nil, Header{}, ErrMalformed
	}
	return j.payload, j.header, nil
}

// Counts tells whether a token that the key has signed would pass Verify now,
// as far as is known from memory: the key is published and has begun to sign.
func (m *Manager) Counts(kid string) bool {
	key, ok := m.lookup(kid)
	return ok && m.begun(key)
}

func (m *Manager) lookup(kid string) (published, bool) {
	s, _ := m.view()
	key, ok := s.known[kid]
	return key, ok
}

// started refuses a key that does not sign yet, unless another instance knows
// better: it may have rotated or revoked since the records were read here, or
// have a clock that is ahead.
func (m *Manager) started(ctx context.Context, key published) error {
	if m.begun(key) {
		return nil
	}
	if err := m.reload(ctx); err != nil {
		return err
	}
	if fresh, ok := m.lookup(key.kid); !ok || !m.begun(fresh) {
		return ErrUnknownKey
	}
	return nil
}

func (m *Manager) begun(key published) bool {
	return !key.standby || !key.starts.IsZero() && !m.cfg.Now().Before(key.starts.Add(-m.cfg.Leeway))
}

// verifies tells whether the signature over signed is this key's, under the
// key's algorithm (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1).
func (p *pair) verifies(signed string, signature []byte) bool {
	if key, ok := p.public.Key.(ed25519.PublicKey); ok {
		return ed25519.Verify(key, []byte(signed), signature)
	}
	digest := sha256.Sum256([]byte(signed))
	switch key := p.public.Key.(type) {
	case *rsa.PublicKey:
		if p.alg == PS256 {
			return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		const half = 32 // r and s in full length, one behind the other
		return len(signature) == 2*half &&
			ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	}
	return false
}

// A jws is a token taken apart.
type jws struct {
	header    Header
	signed    string // what the signature is over: header and payload as they stand
	payload   []byte
	signature []byte
}

// parse takes a token apart if it has the one form that is accepted: three
// parts, each strict base64url in the one spelling of its bytes (RFC 7515 §2).
// It is written here, and not left to a library, because one reading must
// decide: two that differ on some token are a way around the stricter one.
func parse(token string) (jws, error) {
	if len(token) > MaxToken || strings.Count(token, ".") != 2 {
		return jws{}, ErrMalformed
	}
	var raw [3][]byte
	for i, part := range strings.Split(token, ".") {
		var err error
		if raw[i], err = decodePart(part); err != nil || len(raw[i]) == 0 {
			return jws{}, ErrMalformed
		}
	}
	header, err := readHeader(raw[0])
	return jws{header, token[:strings.LastIndexByte(token, '.')], raw[1], raw[2]}, err
}

// readHeader refuses extensions that must be understood (RFC 7515 §4.1.11) and
// an unencoded payload (RFC 7797). Keys and addresses of keys in the header
// are passed over (RFC 8725 §3.10).
func readHeader(raw []byte) (Header, error) {
	fields, err := members(raw)
	if err != nil || fields["crit"] != nil || fields["b64"] != nil {
		return Header{}, ErrMalformed
	}
	var h Header
	for _, f := range []struct {
		name string
		into *string
	}{{"alg", &h.Alg}, {"kid", &h.KID}, {"typ", &h.Typ}} {
		value, given := fields[f.name]
		if !given {
			continue
		}
		if *f.into, err = text(value); err != nil {
			return Header{}, fmt.Errorf("%w: %s", ErrMalformed, f.name)
		}
	}
	return h, nil
}

// decodePart decodes base64url without padding. The decoder skips line breaks
// even when strict, so they are refused before it.
func decodePart(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") {
		return nil, ErrMalformed
	}
	return base64.RawURLEncoding.Strict().DecodeString(part)
}
