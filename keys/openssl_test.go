//go:build openssl

package keys_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

func TestSigningLibrary_IsOpenSSL(t *testing.T) {
	if name, err := keys.SigningLibrary(); err != nil || !strings.HasPrefix(name, "OpenSSL 3.") {
		t.Fatalf("%s, %v: these tests need libcrypto 3", name, err)
	}
}

// A token that OpenSSL has signed is the token that Go signs with the same key, byte for
// byte. RSASSA-PKCS1-v1_5 has no randomness (RFC 8017 §8.2.1).
func TestOpenSSL_RS256_SameBytesAsGo(t *testing.T) {
	for _, bits := range []int{2048, 3072, 4096} {
		store, cfg := new(memoryStore), withAlg(newClock(), keys.RS256)
		cfg.RSABits = bits
		m := open(t, store, cfg)
		if !keys.SignsByOpenSSL(m, active(t, m)) {
			t.Fatalf("%d bits: Go signs", bits)
		}
		token := sign(t, m)
		dot := strings.LastIndex(token, ".")
		digest := sha256.Sum256([]byte(token[:dot]))
		records := store.all()
		record := records[slices.IndexFunc(records, func(k storage.Key) bool { return k.KID == active(t, m) })]
		want, err := keys.OpenForTest(t, testMasterKey(t), record).Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if token[dot+1:] != base64.RawURLEncoding.EncodeToString(want) {
			t.Errorf("%d bits: the signatures differ", bits)
		}
	}
}

// A key that OpenSSL does not take signs by Go, and an event says why.
func TestOpenSSL_RefusedKey_SignsByGo(t *testing.T) {
	key, err := rsa.GenerateMultiPrimeKey(rand.Reader, 3, 2048) //lint:ignore SA1019 a kind that OpenSSL is not given
	if err != nil {
		t.Fatal(err)
	}
	var refused []keys.Event
	store, cfg := new(memoryStore), withAlg(newClock(), keys.RS256)
	cfg.OnEvent = func(e keys.Event) {
		if e.Kind == keys.EventRefusal {
			refused = append(refused, e)
		}
	}
	m := open(t, store, cfg)
	kid, err := m.Import(t.Context(), keys.ImportedKey{Private: key, KID: "three-primes"}, keys.Change{})
	if err != nil {
		t.Fatal(err)
	}
	if len(refused) != 1 || refused[0].KID != kid || !strings.Contains(refused[0].Err.Error(), "3 primes") || m.Stats().Refusals != 1 {
		t.Fatalf("events %v, %d refusals", refused, m.Stats().Refusals)
	}
	if keys.SignsByOpenSSL(m, kid) || !verifyByHand(t, m.JWKS().Body, sign(t, m)) {
		t.Error("its token does not verify, or OpenSSL has signed it")
	}
	other := open(t, store, cfg)
	refresh(t, other)
	if len(refused) != 2 { // once by the second instance, at its start, and not again at its refresh
		t.Errorf("%d events", len(refused))
	}
}

// Many goroutines sign while keys are rotated, revoked and deleted; every token verifies.
func TestOpenSSL_ConcurrentSignaturesAndRotations(t *testing.T) {
	for _, alg := range []string{keys.RS256, keys.PS256} {
		c := newClock()
		m := open(t, new(memoryStore), withAlg(c, alg))
		var ended atomic.Bool
		var verified atomic.Int64
		var group sync.WaitGroup
		for range 64 {
			group.Go(func() {
				for n := 0; n < 5 || !ended.Load(); n++ {
					signer, err := m.Current()
					if err != nil {
						t.Error(err)
						return
					}
					token, err := signer.Sign(t.Context(), "JWT", map[string]int{"n": n})
					if err != nil {
						t.Error(err)
						return
					}
					switch _, _, err := m.Verify(t.Context(), token); {
					case err == nil:
						verified.Add(1)
					case isPublished(m, signer.KID()):
						t.Errorf("key %s: %v", signer.KID(), err)
						return
					}
				}
			})
		}
		for range 5 {
			rotate(t, m, true)
			c.Advance(time.Minute)
			refresh(t, m)
			runtime.GC()
		}
		if err := m.Revoke(t.Context(), active(t, m), keys.Change{}); err != nil {
			t.Error(err)
		}
		ended.Store(true)
		group.Wait()
		if verified.Load() < 64 {
			t.Errorf("%d tokens verified", verified.Load())
		}
	}
}

// isPublished reports whether the JWKS has the key.
func isPublished(m *keys.Manager, kid string) bool {
	return strings.Contains(string(m.JWKS().Body), `"`+kid+`"`)
}

// What OpenSSL holds of a key is freed after the key has left the snapshot.
func TestOpenSSL_FreesDeletedKeys(t *testing.T) {
	c := newClock()
	cfg := withAlg(c, keys.RS256)
	m := open(t, new(memoryStore), cfg)
	freed := make(chan string, 1)
	kid := active(t, m)
	keys.OnFreed(m, kid, func() { freed <- kid })
	rotate(t, m, true)
	runtime.GC()
	select {
	case <-freed:
		t.Fatal("freed while it is published")
	default:
	}
	for range 100 { // until the record is deleted: retention, and then some
		if !isListed(m, kid) {
			break
		}
		c.Advance(24 * time.Hour)
		refresh(t, m)
	}
	if isListed(m, kid) {
		t.Fatal("the record is never deleted")
	}
	for range 100 {
		runtime.GC()
		select {
		case <-freed:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Error("the key is still in OpenSSL's memory")
}

// isListed reports whether there is a record of the key.
func isListed(m *keys.Manager, kid string) bool {
	return slices.ContainsFunc(m.List(), func(i keys.Info) bool { return i.KID == kid })
}
