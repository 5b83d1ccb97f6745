package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/internal/openssl"
)

// A libraryKey stands for a key that OpenSSL holds: its type is none of Go's crypto.
type libraryKey struct {
	crypto.Signer
	damage func(signature []byte)
}

func (k libraryKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := k.Signer.Sign(rand.Reader, digest, opts)
	if err == nil && k.damage != nil {
		k.damage(signature)
	}
	return signature, err
}

func newRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A library signs with a key only after a signature of it was right. Without one the key
// signs by itself, and its refusal says why.
func TestUseRSASigner(t *testing.T) {
	key, other := newRSAKey(t), newRSAKey(t)
	for name, c := range map[string]struct {
		newSigner func(*rsa.PrivateKey) (crypto.Signer, error)
		used      bool
		refusal   string // "" for none
	}{
		"right":       {func(k *rsa.PrivateKey) (crypto.Signer, error) { return libraryKey{Signer: k}, nil }, true, ""},
		"not built":   {func(*rsa.PrivateKey) (crypto.Signer, error) { return nil, openssl.ErrNotBuilt }, false, ""},
		"not loaded":  {func(*rsa.PrivateKey) (crypto.Signer, error) { return nil, errors.New("no libcrypto") }, false, "no libcrypto"},
		"another key": {func(*rsa.PrivateKey) (crypto.Signer, error) { return libraryKey{Signer: other}, nil }, false, "crypto/rsa refuses"},
		"a bit wrong": {func(k *rsa.PrivateKey) (crypto.Signer, error) {
			return libraryKey{k, func(s []byte) { s[100] ^= 1 }}, nil
		}, false, "crypto/rsa refuses"},
		"failing": {func(k *rsa.PrivateKey) (crypto.Signer, error) { return failingKey{k}, nil }, false, "out of memory"},
	} {
		for _, alg := range []string{RS256, PS256} {
			t.Run(name+" "+alg, func(t *testing.T) {
				p, err := newKeyPair(alg, key)
				if err != nil {
					t.Fatal(err)
				}
				p.rsaSigner, p.refusal = nil, nil
				p.useRSASigner(key, c.newSigner)
				if used := p.rsaSigner != nil; used != c.used {
					t.Errorf("used: %v", used)
				}
				if (p.refusal != nil) != (c.refusal != "") || p.refusal != nil && !strings.Contains(p.refusal.Error(), c.refusal) {
					t.Errorf("refusal: %v", p.refusal)
				}
				if named := p.withKID("another"); (named.rsaSigner != nil) != c.used || named.refusal != p.refusal {
					t.Error("under another kid it signs otherwise")
				}
				header, err := p.header("JWT")
				if err != nil {
					t.Fatal(err)
				}
				text, err := p.compact(rand.Reader, header, []byte("{}"))
				if err != nil {
					t.Fatal(err)
				}
				token, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := token.Verify(&key.PublicKey); err != nil {
					t.Errorf("its token does not verify: %v", err)
				}
			})
		}
	}
}

// A failingKey makes no signature.
type failingKey struct{ crypto.Signer }

func (k failingKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("out of memory")
}

// Keys of other kinds are not offered to the library.
func TestUseRSASigner_OtherKeys_SignByThemselves(t *testing.T) {
	for _, alg := range []string{ES256, EdDSA} {
		private, err := generatePrivate(Config{Alg: alg, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		p := &keyPair{alg: alg}
		p.useRSASigner(private, func(*rsa.PrivateKey) (crypto.Signer, error) { t.Error("asked"); return nil, nil })
		if p.rsaSigner != nil || p.refusal != nil {
			t.Errorf("%s: %v", alg, p.refusal)
		}
	}
}
