package issuer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"example.org/signet/keys"
)

// A refresh token is `sgr_` and base64url of
//
//	version (1) ‖ handle (16, random) ‖ generation (4, big endian) ‖ HMAC-SHA256 (32)
//
// The MAC's key is derived from the master key, so that a token is known to be
// genuine before the store is asked. While the master key changes, tokens made
// under the other one are genuine too; new ones are made under the present one.
// The session's id is a hash of the handle, and the store holds only the id:
// whoever reads the store, even with the master key, cannot make a token from it.
const (
	refreshPrefix  = "sgr_"
	refreshVersion = 1
	handleSize     = 16
	refreshBody    = 1 + handleSize + 4
	refreshSize    = refreshBody + sha256.Size
	maxGeneration  = math.MaxUint32
)

var (
	refreshEncoding  = base64.RawURLEncoding.Strict()
	refreshTokenSize = len(refreshPrefix) + refreshEncoding.EncodedLen(refreshSize)
)

type handle [handleSize]byte

// sessionID is the `sid`: 160 bits of a hash of the handle.
func (h handle) sessionID() string {
	sum := sha256.Sum256(append([]byte("signet session id v1\x00"), h[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:20])
}

type refreshCodec struct {
	macKeys [][]byte // the first makes tokens, all verify them
	rand    io.Reader
}

func newRefreshCodec(rand io.Reader, master keys.MasterKey, others ...keys.MasterKey) *refreshCodec {
	c := &refreshCodec{rand: rand}
	for _, k := range append([]keys.MasterKey{master}, others...) {
		c.macKeys = append(c.macKeys, k.Derive("refresh token mac v1", sha256.Size))
	}
	return c
}

// newHandle makes the handle of a new session. One whose `sid` begins with a dash is
// drawn again: an administrator will type it on a command line.
func (c *refreshCodec) newHandle() (handle, error) {
	for {
		var h handle
		if _, err := io.ReadFull(c.rand, h[:]); err != nil {
			return handle{}, fmt.Errorf("generate session handle: %w", err)
		}
		if h.sessionID()[0] != '-' {
			return h, nil
		}
	}
}

// token is the refresh token of one generation; the same input gives the same
// token, which is what makes a replayed answer identical.
func (c *refreshCodec) token(h handle, generation int64) string {
	b := make([]byte, 0, refreshSize)
	b = append(b, refreshVersion)
	b = append(b, h[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(generation))
	b = append(b, mac(c.macKeys[0], b)...)
	return refreshPrefix + refreshEncoding.EncodeToString(b)
}

// parse verifies and decodes a token; ok is false if it is not genuine.
func (c *refreshCodec) parse(token string) (h handle, generation int64, ok bool) {
	if len(token) != refreshTokenSize || !strings.HasPrefix(token, refreshPrefix) {
		return handle{}, 0, false
	}
	b, err := refreshEncoding.DecodeString(token[len(refreshPrefix):])
	if err != nil || len(b) != refreshSize || b[0] != refreshVersion {
		return handle{}, 0, false
	}
	if !c.genuine(b[:refreshBody], b[refreshBody:]) {
		return handle{}, 0, false
	}
	copy(h[:], b[1:])
	return h, int64(binary.BigEndian.Uint32(b[1+handleSize:])), true
}

// genuine tries every key, so that its duration does not disclose which one matched.
func (c *refreshCodec) genuine(body, tag []byte) (ok bool) {
	for _, key := range c.macKeys {
		if hmac.Equal(tag, mac(key, body)) {
			ok = true
		}
	}
	return ok
}

func mac(key, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(body)
	return m.Sum(nil)
}
