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
	"time"

	"example.org/signet/internal/strictjson"
)

// Header is the protected header of a verified token.
type Header struct {
	Typ string
	KID string
	Alg string
}

// MaxToken is the longest token that Verify looks at, in bytes.
const MaxToken = 8 << 10

// maxMembers bounds the members of one JSON object in a token.
const maxMembers = 256

// Verify checks that this issuer signed the token with a key that is published and has
// started, and returns the payload, a JSON object, and the header. It checks neither
// typ nor any claim: the caller does. It works from memory, however old the snapshot,
// with one exception: a genuine signature of a standby shows that the snapshot is
// behind, so the records are read once.
//
// Refusals are [ErrInvalidToken]; a failure of that one reading is the store's
// error.
func (m *Manager) Verify(ctx context.Context, token string) ([]byte, Header, error) {
	return m.verifier.verify(ctx, token)
}

// VerifyHint checks a token that was handed back long after it expired, such as an
// id_token_hint (OpenID Connect RP-Initiated Logout 1.0 §2). It is Verify, but that a key
// counts for as long as its record is kept, also after it left the JWKS: at least the two
// newest past keys are. Keys that were revoked never count. No right may follow from such a
// token, for nobody promises that an old key is still secret.
func (m *Manager) VerifyHint(ctx context.Context, token string) ([]byte, Header, error) {
	return m.verifier.verifyWith(ctx, token, m.verifier.lookupKept)
}

// Accepts reports whether a token that the key has signed would pass Verify now,
// judged by the snapshot in memory: the key is published and has begun to sign.
func (m *Manager) Accepts(kid string) bool {
	key, ok := m.verifier.lookup(kid)
	return ok && m.verifier.hasStarted(key)
}

// A verifier checks tokens against the published keys in the snapshot.
type verifier struct {
	snapshots *snapshotCache
	now       func() time.Time
	leeway    time.Duration
}

// verify does the work of [Manager.Verify].
func (v verifier) verify(ctx context.Context, token string) ([]byte, Header, error) {
	return v.verifyWith(ctx, token, v.lookup)
}

// verifyWith checks a token against the keys that lookup finds.
func (v verifier) verifyWith(ctx context.Context, token string, lookup func(kid string) (publishedKey, bool)) ([]byte, Header, error) {
	j, err := parseJWS(token)
	if err != nil {
		return nil, Header{}, err
	}
	key, ok := lookup(j.header.KID)
	if !ok {
		return nil, Header{}, ErrUnknownKey
	}
	// The key decides on the algorithm, the token does not (RFC 8725 §3.1).
	if j.header.Alg != key.alg || !key.verifySignature(j.signed, j.signature) {
		return nil, Header{}, ErrSignature
	}
	if err := v.requireStarted(ctx, key); err != nil {
		return nil, Header{}, err
	}
	var buf [16]strictjson.Member
	if _, err := strictjson.Object(buf[:0], j.payload, maxMembers); err != nil {
		return nil, Header{}, ErrMalformed
	}
	return j.payload, j.header, nil
}

// lookup returns the published key with that kid.
func (v verifier) lookup(kid string) (publishedKey, bool) {
	s, _ := v.snapshots.get()
	key, ok := s.published[kid]
	return key, ok
}

// lookupKept returns the key with that kid that is published, or was and has expired.
func (v verifier) lookupKept(kid string) (publishedKey, bool) {
	s, _ := v.snapshots.get()
	if key, ok := s.published[kid]; ok {
		return key, true
	}
	for _, info := range s.infos {
		if info.KID == kid && info.State == Expired {
			return publishedKey{keyPair: s.pairs[kid]}, true
		}
	}
	return publishedKey{}, false
}

// requireStarted refuses a key that has not started to sign. It reads the records first,
// because another instance may have rotated or revoked since the last reading.
func (v verifier) requireStarted(ctx context.Context, key publishedKey) error {
	if v.hasStarted(key) {
		return nil
	}
	if err := v.snapshots.reload(ctx); err != nil {
		return err
	}
	if fresh, ok := v.lookup(key.kid); !ok || !v.hasStarted(fresh) {
		return ErrUnknownKey
	}
	return nil
}

// hasStarted tells whether some instance may sign with the key by now.
func (v verifier) hasStarted(key publishedKey) bool {
	return !key.standby || !key.startsAt.IsZero() && !v.now().Before(key.startsAt.Add(-v.leeway))
}

// verifySignature tells whether the signature over signed is this key's, under the
// key's algorithm (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1).
func (p *keyPair) verifySignature(signed string, signature []byte) bool {
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

// A parsedJWS is a token split into its decoded parts.
type parsedJWS struct {
	header    Header
	signed    string // what the signature is over: header and payload as they stand
	payload   []byte
	signature []byte
}

// parseJWS splits and decodes a token of three parts, each in strict base64url, of
// which every byte sequence has one spelling (RFC 7515 §2). It does not use a library,
// so that the signature check and the claims are read from the same parse.
func parseJWS(token string) (parsedJWS, error) {
	if len(token) > MaxToken || strings.Count(token, ".") != 2 {
		return parsedJWS{}, ErrMalformed
	}
	var raw [3][]byte
	for i, part := range strings.Split(token, ".") {
		var err error
		if raw[i], err = decodePart(part); err != nil || len(raw[i]) == 0 {
			return parsedJWS{}, ErrMalformed
		}
	}
	header, err := parseHeader(raw[0])
	return parsedJWS{header, token[:strings.LastIndexByte(token, '.')], raw[1], raw[2]}, err
}

// parseHeader refuses extensions that must be understood (RFC 7515 §4.1.11) and
// an unencoded payload (RFC 7797). Keys and addresses of keys in the header
// are ignored (RFC 8725 §3.10).
func parseHeader(raw []byte) (h Header, err error) {
	var buf [8]strictjson.Member
	members, err := strictjson.Object(buf[:0], raw, maxMembers)
	if err != nil {
		return Header{}, ErrMalformed
	}
	for _, m := range members {
		ok := true
		switch m.Name {
		case "alg":
			h.Alg, ok = strictjson.String(m.Value)
		case "kid":
			h.KID, ok = strictjson.String(m.Value)
		case "typ":
			h.Typ, ok = strictjson.String(m.Value)
		case "crit", "b64":
			ok = false
		}
		if !ok {
			return Header{}, fmt.Errorf("%w: %s", ErrMalformed, m.Name)
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
