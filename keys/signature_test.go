package keys_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/signet/keys"
	"github.com/go-jose/go-jose/v4"
)

// Each algorithm accepts a signature of another library, and none of its
// relatives: cut, longer, flipped, zero, in another encoding.
func TestVerifySignaturesOfEachAlgorithm(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			x := newForgeryFixture(t, alg)
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: x.signer}, (&jose.SignerOptions{}).WithHeader("kid", x.kid))
			if err != nil {
				t.Fatal(err)
			}
			signed, err := signer.Sign([]byte(claims))
			if err != nil {
				t.Fatal(err)
			}
			token, err := signed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			if payload, _, err := x.m.Verify(t.Context(), token); err != nil || string(payload) != claims {
				t.Fatalf("%s: %v", payload, err)
			}
			body, raw := token[:strings.LastIndex(token, ".")+1], signed.Signatures[0].Signature
			for name, bad := range related(t, x, body[:len(body)-1], raw) {
				t.Run(name, func(t *testing.T) { x.expectRefused(t, body+base64.RawURLEncoding.EncodeToString(bad)) })
			}
		})
	}
}

// related are signatures that are not quite the right one.
func related(t *testing.T, x forgeryFixture, signed string, raw []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{
		"zero": make([]byte, len(raw)), "ones": bytes.Repeat([]byte{0xff}, len(raw)), "cut": raw[:len(raw)-1], "half": raw[:len(raw)/2],
		"zero before": append([]byte{0}, raw...), "zero behind": append(slices.Clone(raw), 0), "twice": append(slices.Clone(raw), raw...),
		"halves swapped": append(slices.Clone(raw[len(raw)/2:]), raw[:len(raw)/2]...),
	}
	for i := 0; i < len(raw); i += 5 {
		flipped := slices.Clone(raw)
		flipped[i] ^= 1
		out[fmt.Sprintf("byte %d", i)] = flipped
	}
	digest := sha256.Sum256([]byte(signed))
	var err error
	switch key := x.signer.(type) {
	case *ecdsa.PrivateKey:
		out["DER"], err = ecdsa.SignASN1(rand.Reader, key, digest[:])
		out["zero r"] = append(make([]byte, 32), raw[32:]...)
		out["zero s"] = append(slices.Clone(raw[:32]), make([]byte, 32)...)
	case *rsa.PrivateKey:
		other := keys.PS256
		if x.cfg.Alg == keys.PS256 {
			other = keys.RS256
			out["PSS with a short salt"], err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 8})
		}
		out["of "+other] = signRSA(t, key, other, digest[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func signRSA(t *testing.T, key *rsa.PrivateKey, alg string, digest []byte) []byte {
	t.Helper()
	var opts crypto.SignerOpts = crypto.SHA256
	if alg == keys.PS256 {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	}
	signature, err := key.Sign(rand.Reader, digest, opts)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}
