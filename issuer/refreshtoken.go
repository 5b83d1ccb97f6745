package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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
	refreshBody    = 1 + handleSize + 4
	refreshSize    = refreshBody + sha256.Size
	maxGeneration  = math.MaxUint32
)

var (
	refreshEncoding  = base64.RawURLEncoding.Strict()
	refreshTokenSize = len(refreshPrefix) + refreshEncoding.EncodedLen(refreshSize)
)

type refreshCodec struct {
	macKeys macKeys
	rand    io.Reader
}

func newRefreshCodec(rand io.Reader, master keys.MasterKey, others ...keys.MasterKey) *refreshCodec {
	return &refreshCodec{rand: rand, macKeys: newMACKeys("refresh token mac v1", master, others...)}
}

// newHandle makes the handle of a new session.
func (c *refreshCodec) newHandle() (handle, error) { return newHandle(c.rand) }

// token is the refresh token of one generation; the same input gives the same
// token, which is what makes a replayed answer identical.
func (c *refreshCodec) token(h handle, generation int64) string {
	b := make([]byte, 0, refreshSize)
	b = append(b, refreshVersion)
	b = append(b, h[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(generation))
	b = append(b, c.macKeys.sum(b)...)
	return string(refreshEncoding.AppendEncode([]byte(refreshPrefix), b))
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
	if !c.macKeys.genuine(b[:refreshBody], b[refreshBody:]) {
		return handle{}, 0, false
	}
	copy(h[:], b[1:])
	return h, int64(binary.BigEndian.Uint32(b[1+handleSize:])), true
}
