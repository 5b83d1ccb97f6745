package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"

	"github.com/go-jose/go-jose/v4"
)

// The signature algorithms that a Config may accept (RFC 7518 §3.1, RFC 8037 §3.1).
const (
	RS256 = string(jose.RS256)
	PS256 = string(jose.PS256)
	ES256 = string(jose.ES256)
	EdDSA = string(jose.EdDSA)
)

var supported = []string{RS256, PS256, ES256, EdDSA}

const minRSABits = 2048 // RFC 7518 §3.3

// publicKey is a key bound to the one algorithm that it may check (RFC 8725 §3.1). The
// token's alg only selects among the bound keys of a kid.
type publicKey struct {
	alg   string
	check func(signed, signature []byte) bool
}

// bind returns key once for each supported algorithm that suits its type, none for
// a key that suits none: another type, another curve, too few bits.
func bind(key any) []publicKey {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return nil
		}
		return []publicKey{{RS256, checkRS256(key)}, {PS256, checkPS256(key)}}
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return nil
		}
		return []publicKey{{ES256, checkES256(key)}}
	case ed25519.PublicKey:
		return []publicKey{{EdDSA, checkEdDSA(key)}}
	}
	return nil
}

// The checks call the primitives of the standard library: go-jose would parse header and
// payload a second time and encode the payload again, which costs a third of a signature
// check. A test compares every outcome with go-jose's.

func checkRS256(key *rsa.PublicKey) func(signed, signature []byte) bool {
	return func(signed, signature []byte) bool {
		digest := sha256.Sum256(signed)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
}

// RFC 7518 §3.5: the salt is as long as the hash.
var pssOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

func checkPS256(key *rsa.PublicKey) func(signed, signature []byte) bool {
	return func(signed, signature []byte) bool {
		digest := sha256.Sum256(signed)
		return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, pssOptions) == nil
	}
}

// RFC 7518 §3.4: R and S of 32 bytes each, never DER.
func checkES256(key *ecdsa.PublicKey) func(signed, signature []byte) bool {
	return func(signed, signature []byte) bool {
		if len(signature) != 64 {
			return false
		}
		digest := sha256.Sum256(signed)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(key, digest[:], r, s)
	}
}

func checkEdDSA(key ed25519.PublicKey) func(signed, signature []byte) bool {
	return func(signed, signature []byte) bool { return ed25519.Verify(key, signed, signature) }
}
