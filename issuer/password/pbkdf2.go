package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // PBKDF2 with HMAC-SHA-1, of imports only
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// PBKDF2 (RFC 8018 §5.2) is verified for imports only; new hashes are never made by it.
const (
	// maxPBKDF2Work bounds iterations times blocks of output, to about a second
	// of one core. The greatest defaults in use are below a half of that.
	maxPBKDF2Work = 4_000_000

	minPBKDF2Salt = 4
	minPBKDF2Key  = 16
	maxPBKDF2Part = 64
)

// pbkdf2Hash is one stored hash.
type pbkdf2Hash struct {
	function   func() hash.Hash
	iterations int
	salt, key  []byte
}

var _ storedHash = pbkdf2Hash{}

func (h pbkdf2Hash) matches(pw string) bool {
	key, err := pbkdf2.Key(h.function, pw, h.salt, h.iterations, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

// pbkdf2Digests are the names of digests in the spellings below.
var pbkdf2Digests = map[string]func() hash.Hash{"": sha1.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// newPBKDF2 keeps a stored hash within bounds.
func newPBKDF2(function, iterations string, salt, key []byte) (storedHash, error) {
	sum, known := pbkdf2Digests[function]
	if !known {
		return nil, formatError("PBKDF2 is read with SHA-1, SHA-256 and SHA-512")
	}
	n, err := strconv.Atoi(iterations)
	if err != nil || n < 1 || strconv.Itoa(n) != iterations {
		return nil, formatError("PBKDF2 iterations are not a number")
	}
	if len(salt) < minPBKDF2Salt || len(salt) > maxPBKDF2Part {
		return nil, formatError(fmt.Sprintf("PBKDF2 salt is not %d to %d bytes", minPBKDF2Salt, maxPBKDF2Part))
	}
	if len(key) < minPBKDF2Key || len(key) > maxPBKDF2Part {
		return nil, formatError(fmt.Sprintf("PBKDF2 key is not %d to %d bytes", minPBKDF2Key, maxPBKDF2Part))
	}
	size := sum().Size()
	if blocks := (len(key) + size - 1) / size; n > maxPBKDF2Work/blocks {
		return nil, formatError(fmt.Sprintf("PBKDF2 iterations are over %d", maxPBKDF2Work/blocks))
	}
	return pbkdf2Hash{function: sum, iterations: n, salt: salt, key: key}, nil
}

// parseDjangoPBKDF2 reads pbkdf2_sha256$iterations$salt$key, the salt as it is.
func parseDjangoPBKDF2(encoded string) (storedHash, error) {
	parts := strings.Split(strings.TrimPrefix(encoded, "pbkdf2_"), "$")
	if len(parts) != 4 {
		return nil, formatError("PBKDF2 hash does not have its four parts")
	}
	key, ok := decodeStrictly(base64.StdEncoding, parts[3])
	if !ok {
		return nil, formatError("PBKDF2 key is not base64")
	}
	return newPBKDF2(parts[0], parts[1], []byte(parts[2]), key)
}

// base64Passlib is passlib's base64: a full stop for the plus, no padding.
var base64Passlib = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)

// parsePasslibPBKDF2 reads $pbkdf2-sha256$iterations$salt$key, and the PHC form with
// i=iterations and l=length of the key, in either base64; $pbkdf2$ is SHA-1.
func parsePasslibPBKDF2(encoded string) (storedHash, error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 5 {
		return nil, formatError("PBKDF2 hash does not have its four parts")
	}
	encoding, iterations, length := base64Passlib, parts[2], ""
	if phc, is := strings.CutPrefix(iterations, "i="); is {
		encoding = base64PHC
		iterations, length, _ = strings.Cut(phc, ",l=")
	}
	salt, good := decodeStrictly(encoding, parts[3])
	key, fine := decodeStrictly(encoding, parts[4])
	if !good || !fine {
		return nil, formatError("PBKDF2 salt and key are not base64")
	}
	if length != "" && length != strconv.Itoa(len(key)) {
		return nil, formatError("PBKDF2 key is not as long as it says")
	}
	return newPBKDF2(strings.TrimPrefix(strings.TrimPrefix(parts[1], "pbkdf2"), "-"), iterations, salt, key)
}

// parseWerkzeugPBKDF2 reads pbkdf2:sha256:iterations$salt$key, the key in hexadecimal.
func parseWerkzeugPBKDF2(encoded string) (storedHash, error) {
	parts := strings.Split(encoded, "$")
	method := strings.Split(parts[0], ":")
	if len(parts) != 3 || len(method) != 3 {
		return nil, formatError("PBKDF2 hash does not have its parts")
	}
	key, err := hex.DecodeString(parts[2])
	if err != nil {
		return nil, formatError("PBKDF2 key is not hexadecimal")
	}
	return newPBKDF2(method[1], method[2], []byte(parts[1]), key)
}

// decodeStrictly takes one spelling of the bytes only.
func decodeStrictly(e *base64.Encoding, s string) ([]byte, bool) {
	b, err := e.Strict().DecodeString(s)
	return b, err == nil && e.EncodeToString(b) == s
}
