package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"strings"
	"time"

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
// overlap. A client without a secret hash matches nothing.
func (ca *clientAuthenticator) checkSecret(ctx context.Context, c storage.Client, secret Secret, info RequestInfo) (bool, error) {
	if secret == "" {
		return false, nil
	}
	hashes := []string{c.SecretHash}
	if ca.now().Before(c.OldSecretUntil) {
		hashes = append(hashes, c.OldSecretHash)
	}
	var slow []storage.Client
	for _, hash := range hashes {
		c.SecretHash = hash
		switch {
		case hash == "":
		case !strings.HasPrefix(hash, fastHashPrefix):
			slow = append(slow, c)
		case subtle.ConstantTimeCompare([]byte(hash), []byte(fastHash(secret))) == 1:
			return true, nil
		}
		if ca.verified.has(c, secret) {
			return true, nil
		}
	}
	if len(slow) == 0 {
		return false, nil
	}
	return ca.checkSlowSecretOnce(ctx, slow, secret, info)
}

// checkSlowSecretOnce lets requests at the same time, with the same secret from the same
// network, share one evaluation and one count: after a start all requests of a client
// meet a cold cache at once. The evaluation outlives the request that began it.
func (ca *clientAuthenticator) checkSlowSecretOnce(ctx context.Context, hashes []storage.Client, secret Secret, info RequestInfo) (bool, error) {
	key := string(ca.verified.tag(hashes[0], secret)) + info.Network()
	shared := ca.checks.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), slowSecretTimeout)
		defer cancel()
		return ca.checkSlowSecret(ctx, hashes, secret, info)
	})
	select {
	case r := <-shared:
		right, _ := r.Val.(bool)
		return right, r.Err
	case <-ctx.Done():
		return false, unavailable(ctx.Err())
	}
}

// slowSecretTimeout bounds a check that several requests may wait for.
const slowSecretTimeout = 10 * time.Second

// checkSlowSecret evaluates the password hashes, once for each right secret. Guesses
// are throttled before they are hashed (RFC 6749 §2.3.1), and one attempt is one guess,
// however many hashes it meets.
func (ca *clientAuthenticator) checkSlowSecret(ctx context.Context, hashes []storage.Client, secret Secret, info RequestInfo) (bool, error) {
	id := hashes[0].ID
	t, err := ca.throttler.Count(ctx, Attempt{Kind: AttemptClientSecret, Account: id, Target: id, Client: id, Info: info})
	if err != nil {
		return false, err
	}
	defer t.Release(ctx)
	for _, c := range hashes {
		res, err := ca.passwords.Verify(ctx, info.Network(), c.SecretHash, string(secret))
		if err != nil {
			return false, unavailable(err)
		}
		if res.OK {
			ca.verified.put(c, secret)
			return true, t.Succeeded(ctx)
		}
	}
	return false, t.Failed(ctx, storage.AuditEvent{})
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
