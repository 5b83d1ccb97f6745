package keys_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/testclock"
	"example.org/signet/keys"
	"example.org/signet/storage"
	"github.com/go-jose/go-jose/v4"
)

var algorithms = []string{keys.RS256, keys.PS256, keys.ES256, keys.EdDSA}

func withAlg(c *testclock.Clock, alg string) keys.Config {
	cfg := settings(c)
	cfg.Alg = alg
	return cfg
}

// expectUnsealError asserts that the store does not open, names the key, and
// changes nothing.
func expectUnsealError(t *testing.T, store *memoryStore, k keys.MasterKey, cfg keys.Config, kid string) {
	t.Helper()
	before := store.all()
	_, err := keys.Open(t.Context(), store, k, cfg)
	var refused *keys.UnsealError
	if !errors.As(err, &refused) || refused.KID != kid {
		t.Fatalf("got %v, want an UnsealError for %s", err, kid)
	}
	if after := store.all(); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Fatal("the records were changed")
	}
}

func TestWrongMasterKey(t *testing.T) { // K04
	store, cfg := new(memoryStore), settings(newClock())
	open(t, store, cfg)
	other, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expectUnsealError(t, store, other, cfg, store.all()[0].KID)
	_, err = keys.Open(t.Context(), store, other, cfg)
	for _, want := range []string{store.all()[0].KID, "another master key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	open(t, store, cfg) // the right one still opens
}

func TestAlteredRecords(t *testing.T) { // K15, K03
	cfg := settings(newClock())
	store := new(memoryStore)
	rotate(t, open(t, store, cfg), true)
	records := store.all()
	second := records[1]

	alter := func(name string, change func(*storage.Key)) {
		t.Run(name, func(t *testing.T) {
			altered := &memoryStore{records: slices.Clone(records)}
			change(&altered.records[1])
			expectUnsealError(t, altered, testMasterKey(t), cfg, altered.records[1].KID)
		})
	}
	for i := range second.Sealed {
		alter(fmt.Sprintf("byte %d", i), func(k *storage.Key) {
			k.Sealed = slices.Clone(k.Sealed)
			k.Sealed[i] ^= 1
		})
	}
	for n := range len(second.Sealed) {
		alter(fmt.Sprintf("cut to %d", n), func(k *storage.Key) { k.Sealed = k.Sealed[:n] })
	}
	alter("longer", func(k *storage.Key) { k.Sealed = append(slices.Clone(k.Sealed), 0) })
	alter("sealed key of another row", func(k *storage.Key) { k.Sealed = records[0].Sealed })
	alter("public key of another row", func(k *storage.Key) { k.PublicJWK = records[0].PublicJWK })
	alter("kid", func(k *storage.Key) { k.KID = "A" + k.KID })
	alter("alg", func(k *storage.Key) { k.Alg = keys.ES256 })
	alter("seq", func(k *storage.Key) { k.Seq = 9 })
	alter("created", func(k *storage.Key) { k.CreatedAt = k.CreatedAt.Add(-time.Hour) })
	alter("activates", func(k *storage.Key) { k.ActivatesAt = k.CreatedAt })
	alter("restores", func(k *storage.Key) { k.Restores = records[0].KID })
	alter("restores at", func(k *storage.Key) { k.RestoresAt = k.CreatedAt })
	alter("verifies until", func(k *storage.Key) { k.VerifiesUntil = k.CreatedAt })
	alter("predecessor activates", func(k *storage.Key) { k.PredecessorActivatesAt = k.CreatedAt })
}

// Of two algorithms that the same key could serve, only its own opens it.
func TestAlteredAlgorithm(t *testing.T) {
	store, cfg := new(memoryStore), withAlg(newClock(), keys.RS256)
	open(t, store, cfg)
	store.records[0].Alg = keys.PS256
	expectUnsealError(t, store, testMasterKey(t), cfg, store.records[0].KID)
}

func TestSwappedRows(t *testing.T) { // K03
	store, cfg := new(memoryStore), settings(newClock())
	open(t, store, cfg)
	store.records[0].Seq, store.records[1].Seq = store.records[1].Seq, store.records[0].Seq
	expectUnsealError(t, store, testMasterKey(t), cfg, store.all()[0].KID)
}

// A record that is altered while the instance runs is reported, and the instance goes
// on with the keys it has.
func TestAlteredRecordWhileRunning(t *testing.T) {
	c := newClock()
	store, cfg := new(memoryStore), settings(c)
	m, other := open(t, store, cfg), open(t, store, cfg)
	rotate(t, other, true)
	kid := store.all()[2].KID
	if err := store.update(kid, func(k *storage.Key) { k.Sealed[30] ^= 1 }); err != nil {
		t.Fatal(err)
	}
	var refused *keys.UnsealError
	if err := m.Refresh(t.Context()); !errors.As(err, &refused) || refused.KID != kid {
		t.Fatalf("got %v", err)
	}
	sign(t, m)
	c.Advance(cfg.StaleAfter() + time.Second)
	if err := m.Ready(); !errors.Is(err, keys.ErrStale) {
		t.Errorf("got %v, want ErrStale once the last good reading is old", err)
	}
}

// privateKeyEncodings returns the secret parts of the key in every encoding.
func privateKeyEncodings(t *testing.T, cfg keys.Config) (store *memoryStore, secrets [][]byte) {
	t.Helper()
	store = new(memoryStore)
	open(t, store, cfg)
	for _, k := range store.all() {
		private := keys.OpenForTest(t, testMasterKey(t), k)
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		jwk, err := json.Marshal(jose.JSONWebKey{Key: private})
		if err != nil {
			t.Fatal(err)
		}
		members := map[string]string{}
		if err := json.Unmarshal(jwk, &members); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, der[len(der)-16:])
		for _, name := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			if members[name] == "" {
				continue
			}
			raw, err := base64.RawURLEncoding.DecodeString(members[name])
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, raw[:16], raw[len(raw)-16:], []byte(members[name][:16]), []byte(hex.EncodeToString(raw[:12])))
		}
	}
	return store, secrets
}

func TestRecordsHoldNoPrivateKey(t *testing.T) { // K03
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			store, secrets := privateKeyEncodings(t, withAlg(newClock(), alg))
			for _, k := range store.all() {
				row := fmt.Appendf(nil, "%s|%s|%s|", k.KID, k.Alg, k.PublicJWK)
				row = append(row, k.Sealed...)
				for _, secret := range secrets {
					if bytes.Contains(row, secret) {
						t.Fatalf("key %s shows private material", k.KID)
					}
				}
				for _, text := range []string{"PRIVATE", "BEGIN", `"d"`} {
					if bytes.Contains(row, []byte(text)) {
						t.Errorf("key %s shows %s", k.KID, text)
					}
				}
			}
		})
	}
}
