package password

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// scrypt (RFC 7914) is verified for imports only; new hashes are never made by it.
const (
	maxScryptMemory = 128 << 20 // bytes: 128 times N times r
	maxScryptWork   = 1 << 20   // N times r times p, about half a second of one core
	maxScryptR      = 32
	maxScryptP      = 16

	minScryptSalt = 4
	minScryptKey  = 16
	maxScryptPart = 64
)

// scryptHash is one stored hash.
type scryptHash struct {
	n, r, p   int
	salt, key []byte
}

var _ storedHash = scryptHash{}

func (h scryptHash) matches(pw string) bool {
	key, err := scrypt.Key([]byte(pw), h.salt, h.n, h.r, h.p, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

// newScrypt keeps a stored hash within bounds.
func newScrypt(n, r, p int, salt, key []byte) (storedHash, error) {
	switch {
	case n < 2 || bits.OnesCount(uint(n)) != 1:
		return nil, formatError("scrypt N is not a power of two")
	case r < 1 || r > maxScryptR:
		return nil, formatError(fmt.Sprintf("scrypt r is not within 1 to %d", maxScryptR))
	case p < 1 || p > maxScryptP:
		return nil, formatError(fmt.Sprintf("scrypt p is not within 1 to %d", maxScryptP))
	case n > maxScryptMemory/128/r:
		return nil, formatError(fmt.Sprintf("scrypt memory is over %d MiB", maxScryptMemory>>20))
	case n > maxScryptWork/r/p:
		return nil, formatError(fmt.Sprintf("scrypt N times r times p is over %d", maxScryptWork))
	case len(salt) < minScryptSalt || len(salt) > maxScryptPart:
		return nil, formatError(fmt.Sprintf("scrypt salt is not %d to %d bytes", minScryptSalt, maxScryptPart))
	case len(key) < minScryptKey || len(key) > maxScryptPart:
		return nil, formatError(fmt.Sprintf("scrypt key is not %d to %d bytes", minScryptKey, maxScryptPart))
	}
	return scryptHash{n: n, r: r, p: p, salt: salt, key: key}, nil
}

var errScryptParts = formatError("scrypt hash does not have its parts")

// parseScrypt reads the PHC string $scrypt$ln=16,r=8,p=1$salt$key, which passlib
// writes too.
func parseScrypt(encoded string) (storedHash, error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 5 {
		return nil, errScryptParts
	}
	var ln, r, p int
	if n, err := fmt.Sscanf(parts[2], "ln=%d,r=%d,p=%d", &ln, &r, &p); err != nil || n != 3 || parts[2] != fmt.Sprintf("ln=%d,r=%d,p=%d", ln, r, p) {
		return nil, formatError("scrypt parameters are not of the form ln=…,r=…,p=…")
	}
	if ln < 1 || ln > 24 {
		return nil, formatError("scrypt ln is not within 1 to 24")
	}
	salt, good := decodeStrictly(base64.RawStdEncoding, parts[3])
	key, fine := decodeStrictly(base64.RawStdEncoding, parts[4])
	if !good || !fine {
		return nil, formatError("scrypt salt and key are not base64")
	}
	return newScrypt(1<<ln, r, p, salt, key)
}

// parseDjangoScrypt reads scrypt$N$salt$r$p$key, the salt as it is.
func parseDjangoScrypt(encoded string) (storedHash, error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 {
		return nil, errScryptParts
	}
	numbers, ok := plainNumbers(parts[1], parts[3], parts[4])
	if !ok {
		return nil, formatError("scrypt parameters are not numbers")
	}
	key, ok := decodeStrictly(base64.StdEncoding, parts[5])
	if !ok {
		return nil, formatError("scrypt key is not base64")
	}
	return newScrypt(numbers[0], numbers[1], numbers[2], []byte(parts[2]), key)
}

// parseWerkzeugScrypt reads scrypt:N:r:p$salt$key, the key in hexadecimal.
func parseWerkzeugScrypt(encoded string) (storedHash, error) {
	parts := strings.Split(encoded, "$")
	method := strings.Split(parts[0], ":")
	if len(parts) != 3 || len(method) != 4 {
		return nil, errScryptParts
	}
	numbers, ok := plainNumbers(method[1:]...)
	if !ok {
		return nil, formatError("scrypt parameters are not numbers")
	}
	key, err := hex.DecodeString(parts[2])
	if err != nil {
		return nil, formatError("scrypt key is not hexadecimal")
	}
	return newScrypt(numbers[0], numbers[1], numbers[2], []byte(parts[1]), key)
}

// plainNumbers takes one spelling of each number only.
func plainNumbers(texts ...string) ([]int, bool) {
	numbers := make([]int, len(texts))
	for i, text := range texts {
		n, err := strconv.Atoi(text)
		if err != nil || strconv.Itoa(n) != text {
			return nil, false
		}
		numbers[i] = n
	}
	return numbers, true
}
