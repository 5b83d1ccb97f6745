//go:build openssl && cgo

package openssl_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.org/signet/internal/openssl"
)

var digest = sha256.Sum256([]byte("text"))

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSigner(t testing.TB, key *rsa.PrivateKey) crypto.Signer {
	t.Helper()
	signer, err := openssl.NewRSASigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func TestLoad(t *testing.T) {
	if version, err := openssl.Load(); err != nil || !strings.HasPrefix(version, "OpenSSL 3.") {
		t.Fatalf("%q, %v: these tests need libcrypto 3", version, err)
	}
}

func TestSign(t *testing.T) {
	key := newKey(t)
	signer := newSigner(t, key)
	if !key.PublicKey.Equal(signer.Public()) {
		t.Error("another public key")
	}
	want, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := signer.Sign(nil, digest[:], crypto.SHA256); err != nil || !bytes.Equal(got, want) {
		t.Errorf("PKCS #1 v1.5: %x, %v", got, err)
	}
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	got, err := signer.Sign(nil, digest[:], pss)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest[:], got, pss); err != nil {
		t.Errorf("PSS: %v", err)
	}
	if again, err := signer.Sign(nil, digest[:], pss); err != nil || bytes.Equal(got, again) {
		t.Errorf("PSS: the same salt twice, or %v", err)
	}
}

func TestSign_WrongArguments_AreRefused(t *testing.T) {
	signer := newSigner(t, newKey(t))
	for name, c := range map[string]struct {
		digest []byte
		opts   crypto.SignerOpts
	}{
		"no digest":      {nil, crypto.SHA256},
		"a short digest": {digest[:31], crypto.SHA256},
		"unhashed":       {digest[:], crypto.Hash(0)},
		"a short salt":   {digest[:], &rsa.PSSOptions{SaltLength: 8, Hash: crypto.SHA256}},
	} {
		if signature, err := signer.Sign(nil, c.digest, c.opts); err == nil || signature != nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %x, %v", name, signature, err)
		}
	}
}

// Errors of OpenSSL fit into one line of a log and tell nothing of the key.
func TestNewRSASigner_KeyThatOpenSSLRefuses(t *testing.T) {
	key := newKey(t)
	three, err := rsa.GenerateMultiPrimeKey(rand.Reader, 3, 2048) //lint:ignore SA1019 a kind that OpenSSL is not given
	if err != nil {
		t.Fatal(err)
	}
	bare := &rsa.PrivateKey{PublicKey: key.PublicKey, D: key.D, Primes: key.Primes}
	for name, k := range map[string]*rsa.PrivateKey{"three primes": three, "not precomputed": bare} {
		if signer, err := openssl.NewRSASigner(k); err == nil || signer != nil || strings.Contains(err.Error(), key.D.String()[:10]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSign_Concurrently(t *testing.T) {
	key := newKey(t)
	signer := newSigner(t, key)
	want, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for range 10 {
				if got, err := signer.Sign(nil, digest[:], crypto.SHA256); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%v, or a wrong signature", err)
				}
			}
		})
	}
	group.Wait()
}

// OpenSSL's copy of a key is freed with its signer: memory does not grow with the keys
// that were loaded.
func TestNewRSASigner_IsFreed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	key := newKey(t)
	load := func(n int) (pages int) {
		for i := range n {
			newSigner(t, key)
			if i%100 == 0 {
				runtime.GC()
			}
		}
		return residentPages(t)
	}
	before := load(2000)
	if growth := (load(20000) - before) * os.Getpagesize(); growth > 20<<20 {
		t.Errorf("20000 keys left %d MiB behind", growth>>20)
	}
}

func residentPages(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages
}
