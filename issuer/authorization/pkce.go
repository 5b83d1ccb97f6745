package authorization

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// MethodS256 is the one code challenge method (RFC 7636 §4.2). With `plain` whoever sees
// the request can redeem the code (RFC 9700 §2.1.1).
const MethodS256 = "S256"

// challengeLength is that of a SHA-256 in base64url.
const challengeLength = 43

// Bounds of a code verifier (RFC 7636 §4.1).
const (
	minVerifier = 43
	maxVerifier = 128
)

// CheckChallenge tells whether the text is a code challenge of method S256.
func CheckChallenge(challenge string) bool {
	if len(challenge) != challengeLength {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	return err == nil
}

// CheckVerifier tells whether the text can be a code verifier (RFC 7636 §4.1).
func CheckVerifier(verifier string) bool {
	if len(verifier) < minVerifier || len(verifier) > maxVerifier {
		return false
	}
	for n := range len(verifier) {
		if !isUnreserved(verifier[n]) {
			return false
		}
	}
	return true
}

func isUnreserved(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
		return true
	}
	return false
}

// VerifyPKCE tells whether the verifier belongs to the challenge, in constant time (RFC
// 7636 §4.6).
func VerifyPKCE(challenge, verifier string) bool {
	if !CheckChallenge(challenge) || !CheckVerifier(verifier) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(Challenge(verifier)), []byte(challenge)) == 1
}

// Challenge returns the code challenge of a verifier, of method S256 (RFC 7636 §4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
