package keys_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	_ "crypto/sha512" // for the algorithms that are refused
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/signet/internal/testclock"
	"example.org/signet/keys"
	"github.com/go-jose/go-jose/v4"
)

func encode(raw string) string { return base64.RawURLEncoding.EncodeToString([]byte(raw)) }

var hashes = map[jose.SignatureAlgorithm]crypto.Hash{
	jose.RS256: crypto.SHA256, jose.RS384: crypto.SHA384, jose.RS512: crypto.SHA512,
	jose.HS256: crypto.SHA256, jose.HS384: crypto.SHA384, jose.HS512: crypto.SHA512,
}

// forge signs any header and payload with any key, as go-jose would not.
func forge(t testing.TB, header, payload string, key any, alg jose.SignatureAlgorithm) string {
	t.Helper()
	return forgeRaw(t, encode(header)+"."+encode(payload), key, alg)
}

func forgeRaw(t testing.TB, signed string, key any, alg jose.SignatureAlgorithm) string {
	t.Helper()
	if secret, ok := key.([]byte); ok {
		return signed + "." + hmacOf(alg, secret, signed)
	}
	signer := key.(crypto.Signer)
	var signature []byte
	var err error
	if alg == jose.EdDSA {
		signature, err = signer.Sign(rand.Reader, []byte(signed), crypto.Hash(0))
	} else {
		hash := hashes[alg]
		h := hash.New()
		h.Write([]byte(signed))
		signature, err = signer.Sign(rand.Reader, h.Sum(nil), hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func hmacOf(alg jose.SignatureAlgorithm, secret []byte, signed string) string {
	mac := hmac.New(hashes[alg].New, secret)
	mac.Write([]byte(signed))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// forgeryFixture is an issuer whose active private key the attacker of the worst case
// holds, so that each refusal has its own reason.
type forgeryFixture struct {
	m      *keys.Manager
	store  *memoryStore
	clock  *testclock.Clock
	cfg    keys.Config
	kid    string
	signer crypto.Signer
}

func newForgeryFixture(t testing.TB, alg string) forgeryFixture {
	t.Helper()
	c := newClock()
	x := forgeryFixture{store: new(memoryStore), clock: c, cfg: withAlg(c, alg)}
	x.m = open(t, x.store, x.cfg)
	x.kid = active(t, x.m)
	x.signer = keys.OpenForTest(t, testMasterKey(t), x.store.all()[0])
	return x
}

func (x forgeryFixture) header(alg string, more ...string) string {
	return fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"%s}`, alg, x.kid, strings.Join(more, ""))
}

const claims = `{"iss":"https://id.example","sub":"u1"}`

// expectRefused asserts ErrInvalidToken, no result, and no question to the store.
func (x forgeryFixture) expectRefused(t *testing.T, token string) {
	t.Helper()
	calls := x.store.calls.Load()
	payload, header, err := x.m.Verify(t.Context(), token)
	if !errors.Is(err, keys.ErrInvalidToken) || payload != nil || header != (keys.Header{}) {
		t.Errorf("%.80s: got %s %+v %v", token, payload, header, err)
	}
	if x.store.calls.Load() != calls {
		t.Error("the store was asked")
	}
}
