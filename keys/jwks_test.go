package keys_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/signet/keys"
	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"
)

// published lists the kids of the JWKS.
func published(t testing.TB, m *keys.Manager) []string {
	t.Helper()
	var set struct {
		Keys []struct {
			KID string `json:"kid"`
		}
	}
	if err := json.Unmarshal(m.JWKS().Body, &set); err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.KID)
	}
	return kids
}

// members of each kind of key that a JWKS may show (RFC 7518 §6, RFC 8037 §2).
var publicMembers = map[string][]string{
	"RSA": {"alg", "e", "kid", "kty", "n", "use"},
	"EC":  {"alg", "crv", "kid", "kty", "use", "x", "y"},
	"OKP": {"alg", "crv", "kid", "kty", "use", "x"},
}

// checkSet asserts that the document is a JWKS with public members only.
func checkSet(t interface{ Fatalf(string, ...any) }, body []byte) {
	var set map[string][]map[string]string
	if err := json.Unmarshal(body, &set); err != nil || len(set) != 1 || set["keys"] == nil {
		t.Fatalf("not a JWKS: %v %s", err, body)
	}
	seen := map[string]bool{}
	for _, k := range set["keys"] {
		var names []string
		for name := range k {
			names = append(names, name)
		}
		slices.Sort(names)
		if want := publicMembers[k["kty"]]; want == nil || !slices.Equal(names, want) {
			t.Fatalf("members %v in a key of type %q", names, k["kty"])
		}
		if k["use"] != "sig" || k["alg"] == "" || seen[k["kid"]] || k["kid"][0] == '-' || len(k["kid"]) != 43 {
			t.Fatalf("bad use, alg or kid: %v", k)
		}
		seen[k["kid"]] = true
	}
}

func TestJWKSEntries(t *testing.T) { // K02
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			m := open(t, new(memoryStore), withAlg(newClock(), alg))
			body := m.JWKS().Body
			checkSet(t, body)
			var set jose.JSONWebKeySet
			if err := json.Unmarshal(body, &set); err != nil || len(set.Keys) != 2 {
				t.Fatalf("%v, %d keys", err, len(set.Keys))
			}
			for _, k := range set.Keys {
				thumbprint, err := k.Thumbprint(5) // crypto.SHA256
				if err != nil || base64.RawURLEncoding.EncodeToString(thumbprint) != k.KeyID || !k.Valid() || !k.IsPublic() || k.Algorithm != alg {
					t.Errorf("key %+v: %v", k, err)
				}
				if r, ok := k.Key.(*rsa.PublicKey); ok && (r.N.BitLen() < 2048 || big.NewInt(int64(r.E)).Cmp(big.NewInt(65537)) != 0) {
					t.Errorf("weak key: %d bits, e %d", r.N.BitLen(), r.E)
				}
			}
		})
	}
}

func TestRSASizes(t *testing.T) {
	if testing.Short() {
		t.Skip("makes large keys")
	}
	for _, bits := range []int{2048, 3072} {
		cfg := withAlg(newClock(), keys.RS256)
		cfg.RSABits = bits
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(open(t, new(memoryStore), cfg).JWKS().Body, &set); err != nil {
			t.Fatal(err)
		}
		if got := set.Keys[0].Key.(*rsa.PublicKey).N.BitLen(); got != bits {
			t.Errorf("%d bits, want %d", got, bits)
		}
	}
}

// K01: at all times and in all states, with keys of several kinds, the
// document shows public members only, and of exactly the keys that count.
func TestJWKSAlwaysPublic(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newClock()
		store := new(memoryStore)
		cfg := settings(c)
		m := open(t, store, cfg)
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			c.Advance(time.Duration(rapid.IntRange(1, 3000).Draw(r, "minutes")) * time.Minute)
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				_, _ = m.Rotate(t.Context(), keys.Change{Force: rapid.Bool().Draw(r, "force")}) // may be scheduled already
			case 1:
				list := m.List()
				if err := m.Revoke(t.Context(), list[rapid.IntRange(0, len(list)-1).Draw(r, "key")].KID, keys.Change{}); err != nil {
					r.Fatalf("revoke: %v", err)
				}
			case 2: // another instance, with other settings
				cfg.Alg = rapid.SampledFrom([]string{keys.ES256, keys.EdDSA}).Draw(r, "alg")
				m = open(t, store, cfg)
			case 3:
				refresh(t, m)
			}
			checkSet(r, m.JWKS().Body)
			var want []string
			for _, i := range m.List() {
				if i.State == keys.Standby || i.State == keys.Active || i.State == keys.Retired {
					want = append(want, i.KID)
				}
			}
			if got := published(t, m); !slices.Equal(got, want) {
				r.Fatalf("published %v, want %v", got, want)
			}
		}
	})
}

func TestJWKSIsRenderedOncePerChange(t *testing.T) {
	c := newClock()
	store := new(memoryStore)
	m := open(t, store, settings(c))
	first := m.JWKS()
	calls := store.calls.Load()
	for range 100 {
		if d := m.JWKS(); &d.Body[0] != &first.Body[0] {
			t.Fatal("rendered again")
		}
	}
	if store.calls.Load() != calls {
		t.Error("asked the store")
	}
	refresh(t, m)
	if d := m.JWKS(); &d.Body[0] != &first.Body[0] || d.ETag != first.ETag {
		t.Error("rendered again by a refresh that found nothing new")
	}
	rotate(t, m, true)
	if d := m.JWKS(); d.ETag == first.ETag || d.ETag[0] != '"' || d.ETag[len(d.ETag)-1] != '"' {
		t.Errorf("entity tag %s after %s", d.ETag, first.ETag)
	}
	if n := testing.AllocsPerRun(100, func() { m.JWKS() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// K16: the document may not be cached beyond the next planned change.
func TestJWKSMaxAge(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	if got := m.JWKS().MaxAge; got != cfg.JWKSMaxAge || got > cfg.PublishAhead {
		t.Errorf("max-age %s", got)
	}
	r := rotate(t, m, false)
	c.Set(r.At.Add(-time.Minute))
	refresh(t, m)
	if got := m.JWKS().MaxAge; got != time.Minute {
		t.Errorf("a minute before the start: %s", got)
	}
	c.Set(r.At)
	if got := m.JWKS().MaxAge; got != cfg.JWKSMaxAge {
		t.Errorf("at the start: %s", got)
	}
	c.Set(r.At.Add(cfg.Retention() - time.Second))
	refresh(t, m)
	if got := m.JWKS().MaxAge; got != time.Second {
		t.Errorf("a second before the old key leaves: %s", got)
	}
}

// When the clock passes a change, one caller derives the next snapshot, without the
// store, and no caller sees a mixture.
func TestDerivedChangeUnderLoad(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m := open(t, store, cfg)
	r := rotate(t, m, false)
	c.Set(r.At.Add(-time.Millisecond))
	refresh(t, m)
	store.failWith(unavailable)

	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for range 50 {
				s, err := m.Current()
				if err != nil {
					t.Error(err)
					return
				}
				if kids := published(t, m); !slices.Contains(kids, s.KID()) {
					t.Errorf("%s signs and is not in %v", s.KID(), kids)
				}
			}
		})
	}
	c.Set(r.At)
	group.Wait()
	if active(t, m) != r.Activates {
		t.Error("did not change")
	}
}

func TestClockStepsBack(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	m := open(t, new(memoryStore), cfg)
	r := rotate(t, m, false)
	c.Set(r.At)
	refresh(t, m)
	c.Advance(-cfg.Leeway)
	if active(t, m) != r.Activates {
		t.Error("a small step brought the old key back")
	}
}

func ExampleManager_JWKS() {
	m := exampleManager()
	d := m.JWKS()
	fmt.Println(len(d.ETag), d.MaxAge)
	// Output: 24 5m0s
}
