package issuer

import (
	"crypto/sha256"
	"sync"
)

// maxRecognised bounds the memory of recognised tokens: a few megabytes.
const maxRecognised = 4096

// recognised remembers what genuine access tokens say, so that one that is
// shown again needs no second signature check. Only signature and form are
// remembered: whether the key still counts is asked of the keyring, and whether
// the token does of the store, each time. A forged token never gets in.
type recognised struct {
	mu     sync.RWMutex
	claims map[[sha256.Size]byte]recognisedToken // by the hash of the whole token
}

type recognisedToken struct {
	claims accessClaims // shared: nobody changes it
	kid    string
}

func newRecognised() *recognised {
	return &recognised{claims: map[[sha256.Size]byte]recognisedToken{}}
}

func (r *recognised) find(token string) (recognisedToken, bool) {
	name := sha256.Sum256([]byte(token))
	r.mu.RLock()
	defer r.mu.RUnlock()
	known, ok := r.claims[name]
	return known, ok
}

// remember drops an arbitrary entry when there is no room: it only costs a
// signature check to have it back.
func (r *recognised) remember(token string, t recognisedToken) {
	name := sha256.Sum256([]byte(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	for old := range r.claims {
		if len(r.claims) < maxRecognised {
			break
		}
		delete(r.claims, old)
	}
	r.claims[name] = t
}
