package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/internal/openssl"
)

// minRSABits is the smallest RSA modulus that is loaded (RFC 7518 §3.3).
const minRSABits = 2048

// A keyPair is a private key, ready to sign, with its public half. It is
// immutable and shared by all snapshots that hold the key.
type keyPair struct {
	kid     string
	alg     string
	private func() crypto.Signer // a function, so that nothing prints it
	public  jose.JSONWebKey
	headers sync.Map // typ (string) → protected header in base64url (string)

	rsaSigner jose.OpaqueSigner // signs in the place of private; nil where private signs
	refusal   error             // why OpenSSL does not sign with the key; nil where it does, or is not asked

	revokedAt time.Time // set where a sealed revocation took the place of the private half, which is nil then
}

// isRevoked tells whether the envelope of the key holds a revocation.
func (p *keyPair) isRevoked() bool { return !p.revokedAt.IsZero() }

// generate draws a key pair, and another one where the kid would begin with a dash.
func generate(cfg Config) (*keyPair, error) {
	for {
		private, err := generatePrivate(cfg)
		if err != nil {
			return nil, fmt.Errorf("generate a signing key: %w", err)
		}
		p, err := newKeyPair(cfg.Alg, private)
		if err != nil || !looksLikeFlag(p.kid) {
			return p, err
		}
	}
}

// looksLikeFlag tells whether the kid begins with a dash: no kid may, so that each
// can be given on a command line.
func looksLikeFlag(kid string) bool { return strings.HasPrefix(kid, "-") }

func generatePrivate(cfg Config) (crypto.Signer, error) {
	switch cfg.Alg {
	case RS256, PS256:
		return rsa.GenerateKey(cfg.Rand, cfg.RSABits)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), cfg.Rand)
	case EdDSA:
		return generateEd25519(cfg.Rand)
	}
	return nil, fmt.Errorf("unknown algorithm %q", cfg.Alg)
}

func generateEd25519(random io.Reader) (crypto.Signer, error) {
	_, private, err := ed25519.GenerateKey(random)
	return private, err
}

// newKeyPair prepares the private key for signing with alg. It refuses a key that
// is not of that algorithm's kind, or too weak, or inconsistent in itself.
func newKeyPair(alg string, private crypto.Signer) (*keyPair, error) {
	if err := checkKeyType(alg, private); err != nil {
		return nil, err
	}
	public := jose.JSONWebKey{Key: private.Public(), Algorithm: alg, Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256) // RFC 7638 §3
	if err != nil {
		return nil, fmt.Errorf("thumbprint: %w", err)
	}
	p := keyPair{alg: alg, private: func() crypto.Signer { return private }, public: public}
	p.useRSASigner(private, openssl.NewRSASigner)
	return p.withKID(base64.RawURLEncoding.EncodeToString(thumbprint)), nil
}

// withKID returns the same key under another kid, which only an imported key has.
func (p *keyPair) withKID(kid string) *keyPair {
	if p.kid == kid {
		return p
	}
	named := keyPair{kid: kid, alg: p.alg, private: p.private, public: p.public, rsaSigner: p.rsaSigner, refusal: p.refusal}
	named.public.KeyID = kid
	return &named
}

// samePublic reports whether both are the same key, whatever their kids.
func samePublic(a, b jose.JSONWebKey) bool {
	x, err := a.Thumbprint(crypto.SHA256)
	if err != nil {
		return false
	}
	y, err := b.Thumbprint(crypto.SHA256)
	return err == nil && bytes.Equal(x, y)
}

func checkKeyType(alg string, private crypto.Signer) error {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		if alg != RS256 && alg != PS256 {
			break
		}
		if key.N.BitLen() < minRSABits {
			return fmt.Errorf("an RSA key of %d bits is too weak", key.N.BitLen())
		}
		key.Precompute()
		return key.Validate()
	case *ecdsa.PrivateKey:
		if alg == ES256 && key.Curve == elliptic.P256() {
			return nil
		}
	case ed25519.PrivateKey:
		if alg == EdDSA {
			return nil
		}
	}
	return fmt.Errorf("a %T does not sign with %q", private, alg)
}

// marshal returns the private key in PKCS #8.
func (p *keyPair) marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(p.private()) }

// parseKeyPair reads what marshal wrote.
func parseKeyPair(alg string, der []byte) (*keyPair, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("not a private key") // the cause could tell of its content
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("not a signing key")
	}
	return newKeyPair(alg, private)
}

// cpuBound reports whether signatures of the key are limited to one for each
// processor at a time, because they cost so much.
func (p *keyPair) cpuBound() bool { return p.alg == RS256 || p.alg == PS256 }
