package keys_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"example.org/signet/keys"
)

// claimsOf is an access token of the usual size.
var claimsOf = struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	ClientID string   `json:"client_id"`
	Expires  int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope"`
	Session  string   `json:"sid"`
	Roles    []string `json:"roles"`
}{
	"https://id.example", "0197c1f0-8f5c-7cc2-a1a2-6e1f0c1d2e3f", "https://api.example.com", "web", 1893553445, 1893552545,
	"Zm9vYmFyYmF6cXV4MDEyMw", "openid items:read items:write", "c2Vzc2lvbi1pZC1vZi0yMi1jaGFycw", []string{"user", "editor"},
}

// BenchmarkRawRSA2048 is S, the unit of all ratios: one bare signature.
func BenchmarkRawRSA2048(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("signed"))
	for b.Loop() {
		if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(alg, func(b *testing.B) {
			m := open(b, new(memoryStore), withAlg(newClock(), alg))
			for b.Loop() {
				if _, err := m.Sign(b.Context(), "at+jwt", claimsOf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(alg, func(b *testing.B) {
			m := open(b, new(memoryStore), withAlg(newClock(), alg))
			token, err := m.Sign(b.Context(), "at+jwt", claimsOf)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, _, err := m.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerifyUnknownKey is what a flood of foreign tokens costs.
func BenchmarkVerifyUnknownKey(b *testing.B) {
	m := open(b, new(memoryStore), settings(newClock()))
	token := sign(b, open(b, new(memoryStore), settings(newClock())))
	for b.Loop() {
		if _, _, err := m.Verify(b.Context(), token); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkJWKS(b *testing.B) {
	m := open(b, new(memoryStore), withAlg(newClock(), keys.RS256))
	for b.Loop() {
		if d := m.JWKS(); len(d.Body) == 0 {
			b.Fatal("empty")
		}
	}
}

// BenchmarkRefresh is one reading that finds nothing new.
func BenchmarkRefresh(b *testing.B) {
	m := open(b, new(memoryStore), withAlg(newClock(), keys.RS256))
	for b.Loop() {
		if err := m.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is what an existing store costs at start.
func BenchmarkOpen(b *testing.B) {
	store, cfg := new(memoryStore), withAlg(newClock(), keys.RS256)
	open(b, store, cfg)
	for b.Loop() {
		open(b, store, cfg)
	}
}
