//go:build openssl && cgo

package openssl

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"strings"
	"sync"

	"github.com/golang-fips/openssl/v2"
	"github.com/golang-fips/openssl/v2/bbig"
)

// libraryFile returns the name by which the dynamic linker finds OpenSSL 3 on this system.
func libraryFile() string {
	if runtime.GOOS == "darwin" {
		return "libcrypto.3.dylib"
	}
	return "libcrypto.so.3"
}

// Load loads libcrypto at its first call and returns the version that the library tells
// about itself, such as "OpenSSL 3.5.4 30 Sep 2025".
func Load() (version string, err error) { return load() }

var load = sync.OnceValues(func() (string, error) {
	if err := openssl.Init(libraryFile()); err != nil {
		return "", oneLine(err)
	}
	return openssl.VersionText(), nil
})

// oneLine returns the error with its lines joined and control characters removed: OpenSSL
// reports in several lines.
func oneLine(err error) error {
	parts := strings.FieldsFunc(err.Error(), func(r rune) bool { return r < ' ' })
	return errors.New(strings.Join(parts, "; "))
}

// An rsaSigner holds a private key in OpenSSL's memory, which is freed when the garbage
// collector finds that nobody has the signer any more. Its methods may be called
// concurrently.
type rsaSigner struct {
	public  crypto.PublicKey
	private *openssl.PrivateKeyRSA
}

// NewRSASigner gives a copy of the key to OpenSSL. The key must have been validated and
// precomputed, and have two primes.
func NewRSASigner(key *rsa.PrivateKey) (crypto.Signer, error) {
	if _, err := Load(); err != nil {
		return nil, err
	}
	if len(key.Primes) != 2 || key.Precomputed.Qinv == nil {
		return nil, fmt.Errorf("an RSA key of %d primes is not for OpenSSL", len(key.Primes))
	}
	crt := key.Precomputed
	private, err := openssl.NewPrivateKeyRSA(
		bbig.Enc(key.N), bbig.Enc(big.NewInt(int64(key.E))), bbig.Enc(key.D),
		bbig.Enc(key.Primes[0]), bbig.Enc(key.Primes[1]), bbig.Enc(crt.Dp), bbig.Enc(crt.Dq), bbig.Enc(crt.Qinv))
	if err != nil {
		return nil, fmt.Errorf("give an RSA key to OpenSSL: %w", oneLine(err))
	}
	return &rsaSigner{key.Public(), private}, nil
}

// Public returns the public key as Go's crypto knows it.
func (s *rsaSigner) Public() crypto.PublicKey { return s.public }

// Sign signs a digest like [rsa.PrivateKey.Sign]: by PKCS #1 v1.5, or by PSS with a salt as
// long as the digest where opts are *[rsa.PSSOptions]. OpenSSL draws the salt.
func (s *rsaSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash := opts.HashFunc()
	if hash == 0 || len(digest) != hash.Size() {
		return nil, fmt.Errorf("a digest of %d bytes is not one of %s", len(digest), hash)
	}
	var signature []byte
	var err error
	if pss, ok := opts.(*rsa.PSSOptions); !ok {
		signature, err = openssl.SignRSAPKCS1v15(s.private, hash, digest)
	} else if pss.SaltLength == rsa.PSSSaltLengthEqualsHash {
		signature, err = openssl.SignRSAPSS(s.private, hash, digest, hash.Size())
	} else {
		return nil, fmt.Errorf("the PSS salt length %d is not supported", pss.SaltLength)
	}
	if err != nil {
		return nil, fmt.Errorf("sign by OpenSSL: %w", oneLine(err))
	}
	return signature, nil
}

var _ crypto.Signer = (*rsaSigner)(nil)
