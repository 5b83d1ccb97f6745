package issuer

import (
	"crypto/sha256"

	"example.org/signet/internal/ttlcache"
)

// maxVerifiedTokens bounds the memory of verified tokens, and of issued ones: a few megabytes
// each.
const maxVerifiedTokens = 4096

// verifiedTokenCache keeps the claims of access tokens whose signature has been
// verified, so that a token shown again needs no second check, and those of tokens
// that this instance has signed itself. Only signature
// and form are kept: whether the key is still accepted is asked of the keyring,
// and whether the token is active of the store, each time. A forged token never
// gets in.
type verifiedTokenCache struct {
	verified *tokenClaims
	issued   *tokenClaims // apart, so that tokens that nobody asks about displace none
}

// tokenClaims has the claims by the hash of the whole token.
type tokenClaims = ttlcache.Cache[[sha256.Size]byte, verifiedToken]

type verifiedToken struct {
	claims accessClaims // shared: must not be changed
	kid    string
}

func newVerifiedTokenCache() *verifiedTokenCache {
	return &verifiedTokenCache{
		ttlcache.New[[sha256.Size]byte, verifiedToken](maxVerifiedTokens, ttlcache.Forever, nil),
		ttlcache.New[[sha256.Size]byte, verifiedToken](maxVerifiedTokens, ttlcache.Forever, nil),
	}
}

func (c *verifiedTokenCache) get(token string) (verifiedToken, bool) {
	key := hashToken(token)
	if t, ok := c.verified.Get(key); ok {
		return t, true
	}
	return c.issued.Get(key)
}

// putVerified takes a token whose signature was verified.
func (c *verifiedTokenCache) putVerified(token string, t verifiedToken) {
	c.verified.Put(hashToken(token), t)
}

// putIssued takes a token that this instance has signed.
func (c *verifiedTokenCache) putIssued(token string, t verifiedToken) {
	c.issued.Put(hashToken(token), t)
}

// hashToken is SHA-256 of the token. A token of a usual length is copied on the stack: a
// conversion would allocate as much.
func hashToken(token string) [sha256.Size]byte {
	var buf [2 << 10]byte
	if len(token) > len(buf) {
		return sha256.Sum256([]byte(token))
	}
	return sha256.Sum256(buf[:copy(buf[:], token)])
}
