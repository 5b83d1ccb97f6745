package protocoltest

import (
	"context"
	"crypto"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// claims are the payload of a JWT, unverified.
func claims(t testing.TB, token string) map[string]any {
	t.Helper()
	return decodePart(t, token, 1)
}

// decodePart decodes the n-th part of a JWT.
func decodePart(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("a JWT of %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[n])
	must(t, err)
	o := map[string]any{}
	must(t, json.Unmarshal(raw, &o))
	return o
}

// jwt puts a token together from JSON texts and a signature over them.
func jwt(header, payload string, sign func(input []byte) []byte) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(sign([]byte(input)))
}

func noSignature([]byte) []byte { return nil }

func hmacWith(h crypto.Hash, key []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		m := hmac.New(h.New, key)
		m.Write(input)
		return m.Sum(nil)
	}
}

func jsonText(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

// sign makes a genuine token of this issuer with any claims, which the issuer
// itself would never make.
func (s *Signet) sign(t testing.TB, typ string, payload string) string {
	t.Helper()
	token, err := s.Keys.Sign(context.Background(), typ, json.RawMessage(payload))
	must(t, err)
	s.Log.MarkSecret(token)
	return token
}

// expectInvalidToken expects invalid_token (RFC 6750 §3.1).
func (a Response) expectInvalidToken(t testing.TB) Response {
	t.Helper()
	a.ExpectError(t, http.StatusUnauthorized, "invalid_token")
	const want = `Bearer realm="signet", error="invalid_token", error_description="`
	if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, want) {
		t.Errorf("WWW-Authenticate: %q, want %q…", got, want)
	}
	return a
}

// maxHeaderTokenBytes is up to which length a token is tried in a header, in bytes.
const maxHeaderTokenBytes = 20 << 10

// validInHeader says whether HTTP takes the token there unchanged.
func validInHeader(token string) bool {
	return len(token) < maxHeaderTokenBytes && !strings.ContainsAny(token, "\r\n\x00") && strings.TrimSpace(token) == token
}

// expectTokenRejected presents a token to every endpoint that takes one and expects it to be
// rejected: userinfo, introspection, revocation, and as a refresh token. (HTTP itself
// trims spaces around a header's value.)
func expectTokenRejected(t testing.TB, s *Signet, token string) {
	t.Helper()
	if validInHeader(token) {
		s.UserInfo(token).expectInvalidToken(t)
	}
	for _, asking := range []Client{s.ResourceServer, s.Web} {
		if s.Active(t, asking, token) {
			t.Error("it is active")
		}
	}
	s.Revoke(t, s.Web, token)
	s.TryRefresh(s.Web, token).ExpectError(t, http.StatusBadRequest, "invalid_grant")
}
