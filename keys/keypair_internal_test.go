package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"
)

func TestKIDNeverBeginsWithADash(t *testing.T) {
	cfg := DefaultConfig(time.Now)
	cfg.Alg = EdDSA
	for range 1000 {
		p, err := generate(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.kid, "-") || len(p.kid) != 43 {
			t.Fatalf("kid %s", p.kid)
		}
	}
}

func TestNewKeyPair_WrongKeyType_IsRefused(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	broken := *good
	broken.E = 3
	broken.Precomputed = rsa.PrecomputedValues{}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		alg     string
		private crypto.Signer
	}{
		"weak RSA": {RS256, weak}, "inconsistent RSA": {RS256, &broken}, "RSA as EdDSA": {EdDSA, good}, "RSA as RS512": {"RS512", good},
		"P-384 as ES256": {ES256, p384}, "Ed25519 as RS256": {RS256, ed}, "none": {"none", ed},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newKeyPair(c.alg, c.private); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := newKeyPair(PS256, good); err != nil {
		t.Errorf("a good key is refused: %v", err)
	}
}
