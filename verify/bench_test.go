package verify_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// BenchmarkVerify compares a whole check with what it cannot do without: beside each
// algorithm stands the raw signature check of the same token. Compare within one
// run, as ratios; the machine's mood is in both.
func BenchmarkVerify(b *testing.B) {
	v, _ := allAlgorithms(b)
	if err := v.Warm(context.Background()); err != nil {
		b.Fatal(err)
	}
	for _, k := range []key{rsaKey(), p256Key(), ed25519Key()} {
		token := k.token(goodClaims().json())
		b.Run(k.alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(context.Background(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	token := rsaKey().token(goodClaims().json())
	b.Run("RS256-raw", func(b *testing.B) { benchmarkRaw(b, token) })
	b.Run("RS256-parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := v.Verify(context.Background(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("RS256-go-jose", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := joseVerify(token, rsaKey()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("refuse-unknown-kid", func(b *testing.B) {
		token := unknownRSA().token(goodClaims().json())
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(context.Background(), token); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}

// benchmarkRaw is the raw check of a whole token.
func benchmarkRaw(b *testing.B, token string) {
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !rawVerify(token[:cut], signature) {
			b.Fatal("raw check failed")
		}
	}
}

// BenchmarkVerifyOverRaw takes the two in turn, so that a noisy machine disturbs both
// alike, and reports how many raw signature checks a whole one costs, by medians.
func BenchmarkVerifyOverRaw(b *testing.B) {
	v, _ := allAlgorithms(b)
	token := rsaKey().token(goodClaims().json())
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		b.Fatal(err)
	}
	var whole, raw []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := v.Verify(context.Background(), token); err != nil {
			b.Fatal(err)
		}
		verified := time.Now()
		if !rawVerify(token[:cut], signature) {
			b.Fatal("raw check failed")
		}
		whole, raw = append(whole, verified.Sub(start)), append(raw, time.Since(verified))
	}
	slices.Sort(whole)
	slices.Sort(raw)
	b.ReportMetric(float64(whole[len(whole)/2])/float64(raw[len(raw)/2]), "verify/raw")
}

// rawVerify is one RSA signature check and nothing else.
func rawVerify(signed string, signature []byte) bool {
	digest := sha256.Sum256([]byte(signed))
	return rsa.VerifyPKCS1v15(rsaKey().private.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], signature) == nil
}

// joseVerify is go-jose's judgement of a token's signature.
func joseVerify(token string, k key) ([]byte, error) {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.alg)})
	if err != nil {
		return nil, err
	}
	return parsed.Verify(k.private.Public())
}

func BenchmarkMiddleware(b *testing.B) {
	v := newVerifier(b, config(newHost(b, p256Key(), rsaKey())))
	handler := v.Middleware(v.RequireScope("items:read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	r := get("Bearer " + goodToken())
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(w, r)
	}
	if w.Code != http.StatusOK {
		b.Fatal(w.Code)
	}
}

// The hot path allocates little beyond the signature check itself.
func TestVerifyAllocatesLittle(t *testing.T) {
	v, h := allAlgorithms(t)
	token := goodToken()
	if err := check(v, token); err != nil {
		t.Fatal(err)
	}
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		t.Fatal(err)
	}
	raw := testing.AllocsPerRun(100, func() { rawVerify(token[:cut], signature) })
	whole := testing.AllocsPerRun(100, func() { v.Verify(context.Background(), token) })
	if whole > raw+16 {
		t.Errorf("%v allocations, of which %v are the signature check", whole, raw)
	}
	if n := h.keyFetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}
