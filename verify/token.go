package verify

import (
	"encoding/base64"
	"fmt"
	"strings"

	"example.org/signet/internal/strictjson"
)

// compact holds the parts of a token in the compact serialization (RFC 7515 §7.1), whose
// alphabet has been checked.
type compact struct {
	header, payload, signature string
	signed                     string // header "." payload: what the signature is over
}

// split returns the parts of a token of at most limit bytes. Anything but three parts of
// base64url is refused, such as a JWE's five.
func split(token string, limit int) (compact, error) {
	if len(token) > limit {
		return compact{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, limit)
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if !isBase64URL(header) || !isBase64URL(payload) || !isBase64URL(signature) {
		return compact{}, fmt.Errorf("%w: not three parts of base64url", ErrMalformed)
	}
	signed := token[:len(header)+1+len(payload)]
	return compact{header, payload, signature, signed}, nil
}

// isBase64URL reports whether part is not empty and within RFC 4648 §5's alphabet. The
// decoder alone would accept line breaks.
func isBase64URL(part string) bool {
	for i := range len(part) {
		if !inBase64URL[part[i]] {
			return false
		}
	}
	return part != ""
}

var inBase64URL = func() (in [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		in[c] = true
	}
	return in
}()

// strictBase64 also refuses set bits behind the last byte, so that each token has one
// spelling only.
var strictBase64 = base64.RawURLEncoding.Strict()

func decodePart(part, name string) ([]byte, error) {
	data, err := strictBase64.DecodeString(part)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not strict base64url", ErrMalformed, name)
	}
	return data, nil
}

// header holds the members of a JOSE header that are used. All others are ignored, such
// as jku, x5u, x5c and jwk (RFC 8725 §3.10).
type header struct{ alg, kid, typ string }

// accessTokenType is the typ of access tokens (RFC 9068 §2.1).
const accessTokenType = "at+jwt"

// maxMembers bounds the members of one JSON object, so that looking for repeated
// names in a header that nobody has signed stays cheap.
const maxMembers = 256

func parseHeader(part, wantType string) (header, error) {
	data, err := decodePart(part, "header")
	if err != nil {
		return header{}, err
	}
	var buf [8]strictjson.Member
	members, err := strictjson.Object(buf[:0], data, maxMembers)
	if err != nil {
		return header{}, fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	var h header
	for _, m := range members {
		if err := h.set(m); err != nil {
			return header{}, err
		}
	}
	return h, h.checkType(wantType)
}

func (h *header) set(m strictjson.Member) error {
	var into *string
	switch m.Name {
	case "alg":
		into = &h.alg
	case "kid":
		into = &h.kid
	case "typ":
		into = &h.typ
	case "crit", "b64": // RFC 7515 §4.1.11: no extension is understood here
		return fmt.Errorf("%w: header: %s is not supported", ErrMalformed, m.Name)
	default:
		return nil
	}
	text, ok := strictjson.String(m.Value)
	if !ok {
		return fmt.Errorf("%w: header: %s is not a string", ErrMalformed, m.Name)
	}
	*into = text
	return nil
}

// checkType demands the type, such as RFC 9068 §2.1's, so that no ID token, logout token or other
// JWT of the same issuer passes for an access token (RFC 8725 §3.11).
func (h header) checkType(want string) error {
	typ := h.typ
	if prefix := "application/"; len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	if !strings.EqualFold(typ, want) {
		return ErrTokenType
	}
	if h.kid == "" {
		return fmt.Errorf("%w: the token names none", ErrUnknownKey)
	}
	return nil
}
