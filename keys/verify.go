package keys

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
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
	header, err := parseHeader(token)
	if err != nil {
		return nil, Header{}, err
	}
	key, ok := m.lookup(header.KID)
	if !ok {
		return nil, Header{}, ErrUnknownKey
	}
	payload, err := key.verify(token, header.Alg)
	if err != nil {
		return nil, Header{}, err
	}
	if err := m.started(ctx, key); err != nil {
		return nil, Header{}, err
	}
	if _, err := members(payload); err != nil {
		return nil, Header{}, ErrMalformed
	}
	return payload, header, nil
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

// verify checks the signature with this key, under the algorithm of the key
// and no other (RFC 8725 §3.1).
func (p *pair) verify(token, alg string) ([]byte, error) {
	if alg != p.alg {
		return nil, ErrSignature
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(p.alg)})
	if err != nil {
		return nil, ErrMalformed
	}
	payload, err := signed.Verify(p.public.Key)
	if err != nil {
		return nil, ErrSignature
	}
	return payload, nil
}

// parseHeader reads the header of a token after checking the token's form:
// three parts, each strict base64url in the one spelling of its bytes
// (RFC 7515 §2).
func parseHeader(token string) (Header, error) {
	if len(token) > MaxToken || strings.Count(token, ".") != 2 {
		return Header{}, ErrMalformed
	}
	var first []byte
	for i, part := range strings.Split(token, ".") {
		raw, err := decodePart(part)
		if err != nil || len(raw) == 0 {
			return Header{}, ErrMalformed
		}
		if i == 0 {
			first = raw
		}
	}
	return readHeader(first)
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
