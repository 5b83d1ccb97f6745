package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"strings"

	"example.org/signet/internal/random"
	"example.org/signet/internal/ttlcache"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

// A client secret that Signet generates has 256 bits, so a fast hash is enough:
// machine clients never queue behind password hashing. A chosen secret of at
// least 32 bytes is stored the same way. A shorter one is hashed like a password,
// and cached in memory once it was right.
const (
	fastSecretLength = 32 // bytes, from which on the fast hash is enough
	fastHashPrefix   = "$sha256$"
)

// HashClientSecret returns what the store keeps of a client's secret.
func HashClientSecret(ctx context.Context, passwords *password.Pool, secret Secret) (string, error) {
	if len(secret) >= fastSecretLength {
		return fastHash(secret), nil
	}
	return passwords.Hash(ctx, "client secrets", string(secret))
}

func fastHash(secret Secret) string {
	sum := sha256.Sum256([]byte(secret))
	return fastHashPrefix + base64.RawStdEncoding.EncodeToString(sum[:])
}

// checkSecret tells whether the secret is the client's, or the one before in its
// overlap.
func (ca *clientAuthenticator) checkSecret(ctx context.Context, c storage.Client, secret Secret, info RequestInfo) (bool, error) {
	right, err := ca.matchSecret(ctx, c, secret, info)
	if right || err != nil || c.OldSecretHash == "" || !ca.now().Before(c.OldSecretUntil) {
		return right, err
	}
	c.SecretHash = c.OldSecretHash
	return ca.matchSecret(ctx, c, secret, info)
}

// matchSecret compares in constant time. A client without a secret hash matches
// nothing.
func (ca *clientAuthenticator) matchSecret(ctx context.Context, c storage.Client, secret Secret, info RequestInfo) (bool, error) {
	if c.SecretHash == "" || secret == "" {
		return false, nil
	}
	if strings.HasPrefix(c.SecretHash, fastHashPrefix) {
		return subtle.ConstantTimeCompare([]byte(c.SecretHash), []byte(fastHash(secret))) == 1, nil
	}
	return ca.checkSlowSecret(ctx, c, secret, info)
}

// checkSlowSecret evaluates the password hash, once for each right secret. Guesses
// are throttled before they are hashed (RFC 6749 §2.3.1).
func (ca *clientAuthenticator) checkSlowSecret(ctx context.Context, c storage.Client, secret Secret, info RequestInfo) (bool, error) {
	if ca.verified.has(c, secret) {
		return true, nil
	}
	t, err := ca.throttler.Count(ctx, Attempt{Kind: "client", Account: c.ID, Target: c.ID, Client: c.ID, Info: info})
	if err != nil {
		return false, err
	}
	res, err := ca.passwords.Verify(ctx, info.Network(), c.SecretHash, string(secret))
	if err != nil {
		return false, unavailable(err)
	}
	if !res.OK {
		return false, nil
	}
	ca.verified.put(c, secret)
	return true, t.Succeeded(ctx)
}

// secretCache keeps, under a key that lives as long as the process, which
// slowly hashed secrets were right. It holds no secret.
type secretCache struct {
	key      []byte
	verified *ttlcache.Cache[string, []byte] // tags by client id and stored hash
}

func newSecretCache(rand io.Reader) (*secretCache, error) {
	key, err := random.Bytes(rand, sha256.Size)
	if err != nil {
		return nil, err
	}
	return &secretCache{key: key, verified: ttlcache.New[string, []byte](maxCachedClients, ttlcache.Forever, nil)}, nil
}

func (m *secretCache) has(c storage.Client, secret Secret) bool {
	tag, _ := m.verified.Get(secretCacheKey(c))
	return hmac.Equal(tag, m.tag(c, secret))
}

func (m *secretCache) put(c storage.Client, secret Secret) {
	m.verified.Put(secretCacheKey(c), m.tag(c, secret))
}

// secretCacheKey has a place for each of the two secrets of an overlap.
func secretCacheKey(c storage.Client) string { return c.ID + "\x00" + c.SecretHash }

// tag binds the secret to the hash it was checked against, so that a changed
// secret is never taken for right.
func (m *secretCache) tag(c storage.Client, secret Secret) []byte {
	h := hmac.New(sha256.New, m.key)
	for _, part := range []string{c.ID, c.SecretHash, string(secret)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return h.Sum(nil)
}
