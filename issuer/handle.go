package issuer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"sync"

	"example.org/signet/keys"
)

const handleSize = 16

// handle is the random part of a session's authorization code and refresh tokens.
type handle [handleSize]byte

// newHandle draws a handle. One whose `sid` begins with a dash is drawn again: an
// administrator will type it on a command line.
func newHandle(rand io.Reader) (handle, error) {
	for {
		var h handle
		if _, err := io.ReadFull(rand, h[:]); err != nil {
			return handle{}, fmt.Errorf("generate session handle: %w", err)
		}
		if h.sessionID()[0] != '-' {
			return h, nil
		}
	}
}

// sessionID is the `sid`: 160 bits of a hash of the handle.
func (h handle) sessionID() string {
	sum := sha256.Sum256(append([]byte("signet session id v1\x00"), h[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:20])
}

// macKeys are the keys of one kind of token: the first makes tokens, all verify them.
type macKeys []*macKey

// macKey is a key of HMAC-SHA256. It keeps states that have read the key, as each token takes one.
type macKey struct{ states sync.Pool }

func newMACKey(key []byte) *macKey {
	return &macKey{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (k *macKey) sum(body []byte) []byte {
	m := k.states.Get().(hash.Hash)
	defer k.states.Put(m)
	m.Reset()
	m.Write(body)
	return m.Sum(nil)
}

// newMACKeys derives the keys for a purpose from the present master key and the others that
// are accepted beside it.
func newMACKeys(purpose string, master keys.MasterKey, others ...keys.MasterKey) macKeys {
	var m macKeys
	for _, k := range append([]keys.MasterKey{master}, others...) {
		m = append(m, newMACKey(k.Derive(purpose, sha256.Size)))
	}
	return m
}

// sum returns the MAC of a new token.
func (m macKeys) sum(body []byte) []byte { return m[0].sum(body) }

// genuine tries every key, so that its duration does not disclose which one matched.
func (m macKeys) genuine(body, tag []byte) (ok bool) {
	for _, key := range m {
		if hmac.Equal(tag, key.sum(body)) {
			ok = true
		}
	}
	return ok
}
