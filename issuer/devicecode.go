package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"

	"example.org/signet/issuer/usercode"
	"example.org/signet/keys"
)

// A device code is `sgd_` and base64url of
//
//	version (1) ‖ handle (16, random) ‖ user code (8) ‖ HMAC-SHA256 (32)
//
// It is known to be genuine before the store is asked. The record of the request lies under a MAC
// of the user code, so that both codes find it by its id, and the store tells neither. The handle
// is that of the session that an approval begins.
const (
	devicePrefix  = "sgd_"
	deviceVersion = 1
	deviceBody    = 1 + handleSize + usercode.Length
	deviceSize    = deviceBody + sha256.Size
)

var deviceLength = len(devicePrefix) + codeEncoding.EncodedLen(deviceSize)

// deviceCodec makes and reads the codes of devices.
type deviceCodec struct {
	macKeys  macKeys // of device codes
	userKeys macKeys // of user codes
	rand     io.Reader
}

func newDeviceCodec(rand io.Reader, master keys.MasterKey, others ...keys.MasterKey) *deviceCodec {
	return &deviceCodec{
		rand: rand, macKeys: newMACKeys("device code mac v1", master, others...), userKeys: newMACKeys("user code mac v1", master, others...),
	}
}

// code is the device code of the session with that handle and the user code.
func (c *deviceCodec) code(h handle, user usercode.Code) string {
	b := make([]byte, 0, deviceSize)
	b = append(b, deviceVersion)
	b = append(b, h[:]...)
	b = append(b, user...)
	b = append(b, c.macKeys.sum(b)...)
	return devicePrefix + codeEncoding.EncodeToString(b)
}

// parse verifies and decodes a device code; ok is false if it is not genuine.
func (c *deviceCodec) parse(code string) (h handle, user usercode.Code, ok bool) {
	if len(code) != deviceLength || !strings.HasPrefix(code, devicePrefix) {
		return handle{}, "", false
	}
	b, err := codeEncoding.DecodeString(code[len(devicePrefix):])
	if err != nil || len(b) != deviceSize || b[0] != deviceVersion || !c.macKeys.genuine(b[:deviceBody], b[deviceBody:]) {
		return handle{}, "", false
	}
	copy(h[:], b[1:])
	return h, usercode.Code(b[1+handleSize : deviceBody]), true
}

// ids are those of the request with that user code under each master key; new requests have the
// first.
func (c *deviceCodec) ids(user usercode.Code) []string {
	ids := make([]string, len(c.userKeys))
	for n, key := range c.userKeys {
		ids[n] = base64.RawURLEncoding.EncodeToString(key.sum([]byte(user))[:20])
	}
	return ids
}
