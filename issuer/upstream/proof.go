package upstream

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Proof binds the provider's answer to one attempt in one browser. All follows from a secret
// that only a cookie of this browser holds, so that no record is needed.
type Proof struct{ secret []byte }

// SecretSize is the length of the secret of an attempt, in bytes.
const SecretSize = 32

// NewProof returns the proof of an attempt with that secret.
func NewProof(secret []byte) Proof { return Proof{secret} }

// Mark is what the sealed state knows the secret by.
func (p Proof) Mark() [16]byte { return [16]byte(p.derive("mark")) }

// nonce is what the ID token must repeat (OpenID Connect Core §3.1.2.1).
func (p Proof) nonce() string { return base64.RawURLEncoding.EncodeToString(p.derive("nonce")) }

// verifier is the code verifier: 43 characters (RFC 7636 §4.1).
func (p Proof) verifier() string { return base64.RawURLEncoding.EncodeToString(p.derive("verifier")) }

func (p Proof) derive(what string) []byte {
	mac := hmac.New(sha256.New, p.secret)
	mac.Write([]byte("signet upstream v1 " + what))
	return mac.Sum(nil)
}
