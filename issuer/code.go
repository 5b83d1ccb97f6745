package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"

	"example.org/signet/keys"
)

// An authorization code is `sgc_` and base64url of
//
//	version (1) ‖ handle (16, random) ‖ HMAC-SHA256 (32)
//
// The MAC's key is derived from the master key for this purpose alone: a code is known to be
// genuine before the store is asked, and never passes as a refresh token of the session that
// it begins, which has the same handle. While the master key changes, codes made under the
// other one are genuine too.
const (
	codePrefix  = "sgc_"
	codeVersion = 1
	codeBody    = 1 + handleSize
	codeSize    = codeBody + sha256.Size
)

var (
	codeEncoding = base64.RawURLEncoding.Strict()
	codeLength   = len(codePrefix) + codeEncoding.EncodedLen(codeSize)
)

type codeCodec struct {
	macKeys macKeys
	rand    io.Reader
}

func newCodeCodec(rand io.Reader, master keys.MasterKey, others ...keys.MasterKey) *codeCodec {
	return &codeCodec{rand: rand, macKeys: newMACKeys("authorization code mac v1", master, others...)}
}

// code is the authorization code of the session with that handle.
func (c *codeCodec) code(h handle) string {
	b := make([]byte, 0, codeSize)
	b = append(b, codeVersion)
	b = append(b, h[:]...)
	b = append(b, c.macKeys.sum(b)...)
	return codePrefix + codeEncoding.EncodeToString(b)
}

// parse verifies and decodes a code; ok is false if it is not genuine.
func (c *codeCodec) parse(code string) (h handle, ok bool) {
	if len(code) != codeLength || !strings.HasPrefix(code, codePrefix) {
		return handle{}, false
	}
	b, err := codeEncoding.DecodeString(code[len(codePrefix):])
	if err != nil || len(b) != codeSize || b[0] != codeVersion || !c.macKeys.genuine(b[:codeBody], b[codeBody:]) {
		return handle{}, false
	}
	copy(h[:], b[1:])
	return h, true
}
