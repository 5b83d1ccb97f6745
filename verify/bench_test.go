package verify_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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

// benchmarkRaw is one RSA signature check and nothing else.
func benchmarkRaw(b *testing.B, token string) {
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		b.Fatal(err)
	}
	public := rsaKey().private.Public().(*rsa.PublicKey)
	b.ReportAllocs()
	for b.Loop() {
		digest := sha256.Sum256([]byte(token[:cut]))
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
	}
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
	public := rsaKey().private.Public().(*rsa.PublicKey)
	cut := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(token[:cut]))
	raw := testing.AllocsPerRun(100, func() { rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) })
	whole := testing.AllocsPerRun(100, func() { v.Verify(context.Background(), token) })
	if whole > raw+24 {
		t.Errorf("%v allocations, of which %v are the signature check", whole, raw)
	}
	if n := h.keyFetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}
