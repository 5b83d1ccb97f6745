package issuer

import (
	"crypto/sha256"
	"sync"
)

// maxVerifiedTokens bounds the memory of verified tokens: a few megabytes.
const maxVerifiedTokens = 4096

// verifiedTokenCache remembers what genuine access tokens say, so that one that is
// shown again needs no second signature check. Only signature and form are
// remembered: whether the key still counts is asked of the keyring, and whether
// the token does of the store, each time. A forged token never gets in.
type verifiedTokenCache struct {
	mu     sync.RWMutex
	claims map[[sha256.Size]byte]verifiedToken // by the hash of the whole token
}

type verifiedToken struct {
	claims accessClaims // shared: nobody changes it
	kid    string
}

func newVerifiedTokenCache() *verifiedTokenCache {
	return &verifiedTokenCache{claims: map[[sha256.Size]byte]verifiedToken{}}
}

func (r *verifiedTokenCache) get(token string) (verifiedToken, bool) {
	sum := sha256.Sum256([]byte(token))
	r.mu.RLock()
	defer r.mu.RUnlock()
	t, ok := r.claims[sum]
	return t, ok
}

// put drops an arbitrary entry when there is no room: it only costs a
// signature check to have it back.
func (r *verifiedTokenCache) put(token string, t verifiedToken) {
	sum := sha256.Sum256([]byte(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	for old := range r.claims {
		if len(r.claims) < maxVerifiedTokens {
			break
		}
		delete(r.claims, old)
	}
	r.claims[sum] = t
}
