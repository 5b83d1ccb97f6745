package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/keys"
	"github.com/go-jose/go-jose/v4"
)

// otherIssuerKey draws a key whose thumbprint may be a kid.
func otherIssuerKey(t testing.TB) crypto.Signer {
	t.Helper()
	return drawKey(t, func(thumbprint string) bool { return thumbprint[0] != '-' })
}

// drawKey draws P-256 keys until one has a thumbprint that fits.
func drawKey(t testing.TB, fits func(thumbprint string) bool) crypto.Signer {
	t.Helper()
	for {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		thumbprint, err := (&jose.JSONWebKey{Key: k.Public()}).Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if fits(base64.RawURLEncoding.EncodeToString(thumbprint)) {
			return k
		}
	}
}

// otherIssuerToken is what the other issuer has signed.
func otherIssuerToken(t testing.TB, k crypto.Signer, kid string) string {
	t.Helper()
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: k, KeyID: kid}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign([]byte(`{"sub":"u1"}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := token.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// acceptedBy tells whether the instances take the token.
func acceptedBy(t testing.TB, token string, instances ...*keys.Manager) bool {
	t.Helper()
	yes := 0
	for _, m := range instances {
		if _, _, err := m.Verify(t.Context(), token); err == nil {
			yes++
		} else if !errors.Is(err, keys.ErrUnknownKey) {
			t.Fatal(err)
		}
	}
	if yes != 0 && yes != len(instances) {
		t.Fatalf("%d of %d instances take the token", yes, len(instances))
	}
	return yes > 0
}

// A retired key of another issuer verifies for its time under the name that
// the tokens give it, and never signs.
func TestImportRetired(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m, other := open(t, store, cfg), open(t, store, cfg)
	first, foreign := active(t, m), otherIssuerKey(t)
	token := otherIssuerToken(t, foreign, "2024:key/1")
	if acceptedBy(t, token, m, other) {
		t.Fatal("known before")
	}
	kid, err := m.Import(t.Context(), keys.ImportedKey{Private: foreign, KID: "2024:key/1", VerifyFor: time.Hour}, keys.Change{})
	if err != nil || kid != "2024:key/1" {
		t.Fatalf("got %q, %v", kid, err)
	}
	refresh(t, other)
	if !acceptedBy(t, token, m, other, open(t, store, cfg)) || active(t, m) != first {
		t.Error("its tokens do not verify, or it signs")
	}
	if i := info(t, m, kid); i.State != keys.Retired || i.Alg != keys.ES256 || !i.ActivatesAt.IsZero() || !i.UnpublishedAt.Equal(epoch.Add(time.Hour+cfg.Leeway)) {
		t.Errorf("it is %+v", i)
	}
	if err := m.Revoke(t.Context(), first, keys.Change{}); err != nil { // never takes over
		t.Fatal(err)
	}
	rotate(t, m, true)
	if active(t, m) == kid {
		t.Error("it signs")
	}
	c.Set(epoch.Add(time.Hour + cfg.Leeway))
	if acceptedBy(t, token, m) || slices.Contains(published(t, m), kid) || info(t, m, kid).State != keys.Expired {
		t.Error("it is still there")
	}
}

func TestImportActive(t *testing.T) {
	c := newClock()
	cfg := settings(c)
	store := new(memoryStore)
	m, other := open(t, store, cfg), open(t, store, cfg)
	first := active(t, m)
	mine := sign(t, m)
	rotate(t, m, false) // scheduled, and overtaken
	foreign := otherIssuerKey(t)
	kid, err := m.Import(t.Context(), keys.ImportedKey{Private: foreign}, keys.Change{By: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	refresh(t, other)
	if active(t, m) != kid || active(t, other) != kid || len(kid) != 43 {
		t.Errorf("%s signs, want %s", active(t, m), kid)
	}
	if !acceptedBy(t, otherIssuerToken(t, foreign, kid), m, other) || !acceptedBy(t, sign(t, m), m, other) || !acceptedBy(t, mine, m, other) {
		t.Error("a token does not verify")
	}
	c.Set(epoch.Add(cfg.PublishAhead))
	refresh(t, m, other)
	if active(t, m) != kid || info(t, m, first).State != keys.Expired {
		t.Errorf("the rotation that was overtaken came back: %+v", m.List())
	}
	if r := rotate(t, m, false); r.Activates == kid || active(t, m) != r.Activates {
		t.Errorf("the next rotation: %+v", r)
	}
}

func TestImportRefusals(t *testing.T) {
	cfg := settings(newClock())
	store := new(memoryStore)
	m := open(t, store, cfg)
	foreign := otherIssuerKey(t)
	kid, err := m.Import(t.Context(), keys.ImportedKey{Private: foreign, VerifyFor: time.Hour}, keys.Change{})
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	records := len(store.all())
	for name, k := range map[string]keys.ImportedKey{
		"again":              {Private: foreign},
		"again, other name":  {Private: foreign, KID: "other", VerifyFor: time.Hour},
		"name taken":         {Private: otherIssuerKey(t), KID: kid},
		"weak":               {Private: weak},
		"other curve":        {Private: odd},
		"no key":             {},
		"name with a dash":   {Private: otherIssuerKey(t), KID: "-x"},
		"name with a space":  {Private: otherIssuerKey(t), KID: "a b"},
		"long name":          {Private: otherIssuerKey(t), KID: strings.Repeat("k", 201)},
		"negative life":      {Private: otherIssuerKey(t), VerifyFor: -1},
		"name beyond ASCII":  {Private: otherIssuerKey(t), KID: "schlüssel"},
		"name with line end": {Private: otherIssuerKey(t), KID: "a\nb"},
	} {
		if _, err := m.Import(t.Context(), k, keys.Change{}); err == nil {
			t.Errorf("%s: imported", name)
		} else if taken := strings.Contains(name, "again") || strings.Contains(name, "taken"); errors.Is(err, keys.ErrKeyExists) != taken {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(store.all()) != records {
		t.Error("something was stored")
	}
}

// A thumbprint that begins with a dash is no kid either: the key needs a name.
func TestImport_ThumbprintWithDash_NeedsAName(t *testing.T) {
	store := new(memoryStore)
	m := open(t, store, settings(newClock()))
	dashed := drawKey(t, func(thumbprint string) bool { return thumbprint[0] == '-' })
	for _, k := range []keys.ImportedKey{{Private: dashed}, {Private: dashed, VerifyFor: time.Hour}} {
		if kid, err := m.Import(t.Context(), k, keys.Change{}); err == nil || !strings.Contains(err.Error(), "begins with a dash") {
			t.Errorf("got %q, %v", kid, err)
		}
	}
	if len(store.all()) != 2 {
		t.Error("something was stored")
	}
	if kid, err := m.Import(t.Context(), keys.ImportedKey{Private: dashed, KID: "old"}, keys.Change{}); err != nil || kid != "old" || active(t, m) != "old" {
		t.Errorf("named: %q, %v", kid, err)
	}
	for _, i := range open(t, store, settings(newClock())).List() {
		if strings.HasPrefix(i.KID, "-") {
			t.Errorf("kid %s", i.KID)
		}
	}
}

func TestParsePEM(t *testing.T) {
	ec := otherIssuerKey(t).(*ecdsa.PrivateKey)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	pkcs8 := func(k any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		return block("PRIVATE KEY", der, err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	for name, c := range map[string]struct {
		text []byte
		want interface{ Equal(crypto.PublicKey) bool }
	}{
		"RSA, PKCS #8":           {pkcs8(rsaKey), &rsaKey.PublicKey},
		"RSA, PKCS #1":           {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), &rsaKey.PublicKey},
		"P-256, SEC 1":           {slices.Concat(block("EC PARAMETERS", []byte{6, 1, 2}, nil), block("EC PRIVATE KEY", sec1, err)), &ec.PublicKey},
		"Ed25519":                {pkcs8(ed), ed.Public().(ed25519.PublicKey)},
		"beside a certificate":   {slices.Concat(block("CERTIFICATE", []byte{1}, nil), pkcs8(ec)), &ec.PublicKey},
		"two":                    {slices.Concat(pkcs8(ec), pkcs8(ed)), nil},
		"none":                   {block("CERTIFICATE", []byte{1}, nil), nil},
		"no PEM":                 {[]byte("secret-text"), nil},
		"damaged":                {block("PRIVATE KEY", []byte("secret-text"), nil), nil},
		"encrypted":              {block("ENCRYPTED PRIVATE KEY", []byte{1}, nil), nil},
		"public":                 {block("PUBLIC KEY", []byte{1}, nil), nil},
		"damaged, of one format": {block("EC PRIVATE KEY", []byte("secret-text"), nil), nil},
	} {
		got, err := keys.ParsePEM(c.text)
		switch {
		case c.want == nil && (err == nil || strings.Contains(err.Error(), "secret-text")):
			t.Errorf("%s: %v", name, err)
		case c.want != nil && (err != nil || !c.want.Equal(got.Public())):
			t.Errorf("%s: %v", name, err)
		}
	}
}
