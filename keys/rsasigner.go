package keys

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"

	"github.com/go-jose/go-jose/v4"

	"example.org/signet/internal/openssl"
)

// SigningLibrary returns the name and version of the library that signs with RSA keys:
// OpenSSL in a build with the tag openssl, else Go. An error tells why such a build signs
// with Go nevertheless.
func SigningLibrary() (name string, err error) {
	name, err = openssl.Load()
	if err == nil {
		return name, nil
	}
	if errors.Is(err, openssl.ErrNotBuilt) {
		err = nil
	}
	return "Go crypto (" + runtime.Version() + ")", err
}

// useRSASigner lets an RSA key sign by what newSigner makes of it, if that signs as Go
// does. Otherwise the key signs by itself, and the reason is kept for an event. Keys of
// other kinds always sign by themselves.
func (p *keyPair) useRSASigner(private crypto.Signer, newSigner func(*rsa.PrivateKey) (crypto.Signer, error)) {
	key, isRSA := private.(*rsa.PrivateKey)
	if !isRSA {
		return
	}
	signer, err := newSigner(key)
	if err == nil {
		err = checkSigner(p.alg, signer, &key.PublicKey)
	}
	switch {
	case errors.Is(err, openssl.ErrNotBuilt):
	case err != nil:
		p.refusal = err
	default:
		p.rsaSigner = &opaqueSigner{p.public, signer}
	}
}

// checkSigner makes a signature and verifies it with Go's crypto/rsa.
func checkSigner(alg string, signer crypto.Signer, public *rsa.PublicKey) error {
	digest := sha256.Sum256([]byte("signature of a key that was loaded"))
	signature, err := signer.Sign(nil, digest[:], signerOpts(alg))
	if err != nil {
		return err
	}
	if alg == PS256 {
		err = rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, signerOpts(alg).(*rsa.PSSOptions))
	} else {
		err = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	}
	if err != nil {
		return fmt.Errorf("crypto/rsa refuses its signature: %w", err)
	}
	return nil
}

// signerOpts are the options of [crypto.Signer] for the algorithm (RFC 7518 §3.3, §3.5).
func signerOpts(alg string) crypto.SignerOpts {
	if alg == PS256 {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	}
	return crypto.SHA256
}

// An opaqueSigner is an RSA key that signs outside of Go's crypto, for go-jose.
type opaqueSigner struct {
	public jose.JSONWebKey
	signer crypto.Signer
}

var _ jose.OpaqueSigner = (*opaqueSigner)(nil)

func (s *opaqueSigner) Public() *jose.JSONWebKey { return &s.public }

func (s *opaqueSigner) Algs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.SignatureAlgorithm(s.public.Algorithm)}
}

func (s *opaqueSigner) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	digest := sha256.Sum256(payload)
	return s.signer.Sign(nil, digest[:], signerOpts(string(alg)))
}
