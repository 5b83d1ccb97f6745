package keys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.org/signet/keys"
	"github.com/go-jose/go-jose/v4"
)

// jwk is a key of the JWKS, as encoding/json reads it.
type jwk struct{ KID, KTY, Alg, N, E, X, Y string }

func b64(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func bigInt(t testing.TB, text string) *big.Int { return new(big.Int).SetBytes(b64(t, text)) }

// verifyByHand checks the token against the document with the standard
// library's primitives alone (RFC 7518 §3, RFC 8037 §3.1).
func verifyByHand(t testing.TB, document []byte, token string) bool {
	t.Helper()
	parts := strings.Split(token, ".")
	var header struct{ KID, Alg string }
	var set struct{ Keys []jwk }
	if err := errors.Join(json.Unmarshal(b64(t, parts[0]), &header), json.Unmarshal(document, &set)); err != nil {
		t.Fatal(err)
	}
	signed, signature := parts[0]+"."+parts[1], b64(t, parts[2])
	digest := sha256.Sum256([]byte(signed))
	for _, k := range set.Keys {
		if k.KID != header.KID || k.Alg != header.Alg {
			continue
		}
		switch k.Alg {
		case "RS256":
			return rsa.VerifyPKCS1v15(rsaKey(t, k), crypto.SHA256, digest[:], signature) == nil
		case "PS256":
			return rsa.VerifyPSS(rsaKey(t, k), crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		case "ES256":
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, b64(t, k.X), b64(t, k.Y)))
			if err != nil {
				t.Fatal(err)
			}
			return len(signature) == 64 && ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		case "EdDSA":
			return ed25519.Verify(b64(t, k.X), []byte(signed), signature)
		}
	}
	return false
}

func rsaKey(t testing.TB, k jwk) *rsa.PublicKey {
	return &rsa.PublicKey{N: bigInt(t, k.N), E: int(bigInt(t, k.E).Int64())}
}

// Tokens verify with the published document and the standard library alone.
func TestTokens_VerifyWithStandardLibrary(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			m := open(t, new(memoryStore), withAlg(newClock(), alg))
			token := sign(t, m)
			document := m.JWKS().Body
			if !verifyByHand(t, document, token) {
				t.Error("the standard library refuses the token")
			}
			if verifyByHand(t, document, token[:len(token)-6]+"AAAAAA") {
				t.Error("the standard library accepts an altered token")
			}
			var set jose.JSONWebKeySet
			if err := json.Unmarshal(document, &set); err != nil {
				t.Fatal(err)
			}
			signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatal(err)
			}
			payload, err := signed.Verify(set)
			if err != nil || string(payload) != `{"iss":"https://id.example","sub":"u1"}` {
				t.Errorf("%s: %v", payload, err)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	m := open(t, new(memoryStore), settings(newClock()))
	for _, typ := range []string{"at+jwt", "JWT", "at+jwt"} {
		token, err := m.Sign(t.Context(), typ, map[string]any{"n": 1})
		if err != nil {
			t.Fatal(err)
		}
		header := map[string]any{}
		if err := json.Unmarshal(b64(t, strings.Split(token, ".")[0]), &header); err != nil {
			t.Fatal(err)
		}
		if len(header) != 3 || header["typ"] != typ || header["alg"] != "EdDSA" || header["kid"] != active(t, m) {
			t.Errorf("header %v", header)
		}
	}
	if n := m.Signatures(); n != 3 {
		t.Errorf("%d signatures counted", n)
	}
}

// All tokens of one Signer have the same key, though a rotation comes between them.
func TestSigner_RotationInBetween_KeepsKey(t *testing.T) {
	m := open(t, new(memoryStore), settings(newClock()))
	s, err := m.Current()
	if err != nil {
		t.Fatal(err)
	}
	rotate(t, m, true)
	token, err := s.Sign(t.Context(), "JWT", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	_, h, err := m.Verify(t.Context(), token)
	if err != nil || h != (keys.Header{Typ: "JWT", KID: s.KID(), Alg: s.Alg()}) || h.KID == active(t, m) {
		t.Errorf("%+v: %v", h, err)
	}
}

func TestClaimsThatDoNotMarshal(t *testing.T) {
	m := open(t, new(memoryStore), settings(newClock()))
	if _, err := m.Sign(t.Context(), "JWT", make(chan int)); err == nil || m.Signatures() != 0 {
		t.Errorf("got %v, %d signatures", err, m.Signatures())
	}
}

// RSA signatures wait for a processor, and the end of the context ends the
// wait; other algorithms do not wait.
func TestSigningQueue(t *testing.T) {
	rsaKeys := open(t, new(memoryStore), withAlg(newClock(), keys.RS256))
	release := keys.OccupyRSASlots(rsaKeys)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { _, err := rsaKeys.Sign(ctx, "JWT", 1); failed <- err }()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	var group sync.WaitGroup
	for range 8 * runtime.GOMAXPROCS(0) {
		group.Go(func() { sign(t, rsaKeys) })
	}
	release()
	group.Wait()

	cheap := open(t, new(memoryStore), settings(newClock()))
	defer keys.OccupyRSASlots(cheap)()
	sign(t, cheap)
}

func TestAlgs(t *testing.T) {
	store, c := new(memoryStore), newClock()
	rotate(t, open(t, store, withAlg(c, keys.EdDSA)), true)
	c.Advance(settings(c).Refresh)
	m := open(t, store, withAlg(c, keys.ES256))
	rotate(t, m, true)
	if got := strings.Join(m.Algs(), " "); got != "ES256 EdDSA" {
		t.Errorf("got %s", got)
	}
}
