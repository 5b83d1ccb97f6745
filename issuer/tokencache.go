package issuer

import (
	"crypto/sha256"

	"example.org/signet/internal/ttlcache"
)

// maxVerifiedTokens bounds the memory of verified tokens: a few megabytes.
const maxVerifiedTokens = 4096

// verifiedTokenCache keeps the claims of access tokens whose signature has been
// verified, so that a token shown again needs no second check. Only signature
// and form are kept: whether the key is still accepted is asked of the keyring,
// and whether the token is active of the store, each time. A forged token never
// gets in.
type verifiedTokenCache struct {
	tokens *ttlcache.Cache[[sha256.Size]byte, verifiedToken] // by the hash of the whole token
}

type verifiedToken struct {
	claims accessClaims // shared: must not be changed
	kid    string
}

func newVerifiedTokenCache() *verifiedTokenCache {
	return &verifiedTokenCache{ttlcache.New[[sha256.Size]byte, verifiedToken](maxVerifiedTokens, ttlcache.Forever, nil)}
}

func (c *verifiedTokenCache) get(token string) (verifiedToken, bool) {
	return c.tokens.Get(hashToken(token))
}

func (c *verifiedTokenCache) put(token string, t verifiedToken) {
	c.tokens.Put(hashToken(token), t)
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
