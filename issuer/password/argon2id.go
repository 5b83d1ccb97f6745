package password

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"example.org/signet/internal/fielderror"
	"example.org/signet/internal/random"
)

const (
	argon2idPrefix = "$argon2id$"
	argon2iPrefix  = "$argon2i$"

	// Sizes of new hashes in bytes, after RFC 9106 §3.1 and §4.
	argon2SaltSize = 16
	argon2TagSize  = 32

	// Bounds on what a stored hash may ask for. The greatest defaults in use
	// (64 MiB with 3 or 4 passes, 256 MiB with 3) are inside; the work bound is
	// the product of memory in KiB and passes, about a second of one core.
	maxArgon2Memory      = 256 * 1024
	maxArgon2Passes      = 64
	maxArgon2Parallelism = 16
	maxArgon2Work        = 1 << 20
	minArgon2PerLane     = 8 // RFC 9106 §3.1: at least 8 blocks of 1 KiB a lane
	maxArgon2Part        = 64
	minArgon2Salt        = 8
	minArgon2Tag         = 16
)

// base64PHC is the encoding of salt and tag in a PHC string: no padding, and no two
// spellings of the same bytes.
var base64PHC = base64.RawStdEncoding.Strict()

// Argon2id holds the cost parameters of argon2id (RFC 9106 §3.1). The zero value
// stands for the OWASP defaults: 19456 KiB, 2 passes, 1 lane.
type Argon2id struct {
	// Memory in KiB: at least 8 a lane, at most 262144 (256 MiB).
	Memory uint32
	// Passes over the memory, 1 to 64; Memory × Passes is at most 2^20.
	Passes uint32
	// Parallelism is the number of lanes, 1 to 16. Each lane of one evaluation
	// runs on its own core if one is free, so more than one outgrows the pool.
	Parallelism uint8
}

var (
	_ scheme     = Argon2id{}
	_ storedHash = argon2idHash{}
)

// defaultArgon2id follows the OWASP Password Storage Cheat Sheet.
var defaultArgon2id = Argon2id{Memory: 19 * 1024, Passes: 2, Parallelism: 1}

// faults keeps configured and stored parameters within the same bounds. A fault is
// named after the setting that it would be of.
func (p Argon2id) faults() fielderror.List {
	var list fielderror.List
	if p.Parallelism < 1 || p.Parallelism > maxArgon2Parallelism {
		list.Addf("argon2id parallelism", "argon2id parallelism is not within 1 to %d", maxArgon2Parallelism)
	}
	switch {
	case p.Memory < minArgon2PerLane*uint32(p.Parallelism):
		list.Addf("argon2-memory", "argon2id memory is under %d KiB a lane", minArgon2PerLane)
	case p.Memory > maxArgon2Memory:
		list.Addf("argon2-memory", "argon2id memory is over %d KiB", maxArgon2Memory)
	}
	switch {
	case p.Passes < 1 || p.Passes > maxArgon2Passes:
		list.Addf("argon2-time", "argon2id passes are not within 1 to %d", maxArgon2Passes)
	case p.Memory <= maxArgon2Memory && uint64(p.Memory)*uint64(p.Passes) > maxArgon2Work:
		list.Addf("argon2-time", "argon2id memory in KiB times passes is over %d", maxArgon2Work)
	}
	return list
}

// derive is one evaluation.
func (p Argon2id) derive(pw string, salt []byte, size int) []byte {
	return argon2.IDKey([]byte(pw), salt, p.Passes, p.Memory, p.Parallelism, uint32(size))
}

// check accepts every password: argon2 reads all of it.
func (p Argon2id) check(string) error { return nil }

func (p Argon2id) hash(source io.Reader, pw string) (string, error) {
	salt, err := random.Bytes(source, argon2SaltSize)
	if err != nil {
		return "", fmt.Errorf("generate salt: %w", err)
	}
	tag := p.derive(pw, salt, argon2TagSize)
	return argon2idHash{params: p, salt: salt, tag: tag}.encode(), nil
}

func (p Argon2id) hashDummy(pw string) {
	p.derive(pw, make([]byte, argon2SaltSize), argon2TagSize)
}

func (p Argon2id) current(d storedHash) bool {
	h, ok := d.(argon2idHash)
	return ok && !h.independent && h.params == p && len(h.salt) >= argon2SaltSize && len(h.tag) == argon2TagSize
}

// argon2idHash is one stored argon2id hash, or one by argon2i, which is verified for
// imports only.
type argon2idHash struct {
	params      Argon2id
	salt, tag   []byte
	independent bool // argon2i: the order of memory does not depend on the password
}

func (h argon2idHash) matches(pw string) bool {
	var tag []byte
	if h.independent {
		tag = argon2.Key([]byte(pw), h.salt, h.params.Passes, h.params.Memory, h.params.Parallelism, uint32(len(h.tag)))
	} else {
		tag = h.params.derive(pw, h.salt, len(h.tag))
	}
	return subtle.ConstantTimeCompare(tag, h.tag) == 1
}

// encode writes the PHC string form.
func (h argon2idHash) encode() string {
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", argon2idPrefix, argon2.Version,
		h.params.Memory, h.params.Passes, h.params.Parallelism,
		base64PHC.EncodeToString(h.salt), base64PHC.EncodeToString(h.tag))
}

// parseArgon2id reads a PHC string in the one spelling that argon2 libraries write.
func parseArgon2id(encoded string) (storedHash, error) {
	h, err := parseArgon2(strings.TrimPrefix(encoded, argon2idPrefix))
	if err != nil {
		return nil, err
	}
	return h, nil
}

func parseArgon2i(encoded string) (storedHash, error) {
	h, err := parseArgon2(strings.TrimPrefix(encoded, argon2iPrefix))
	if err != nil {
		return nil, err
	}
	h.independent = true
	return h, nil
}

func parseArgon2(encoded string) (h argon2idHash, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 4 {
		return h, formatError("argon2id hash does not have its four parts")
	}
	if parts[0] != "v="+strconv.Itoa(argon2.Version) {
		return h, formatError("only argon2id version 19 is read")
	}
	params, err := parseArgon2Params(parts[1])
	if err != nil {
		return h, formatError(err.Error())
	}
	salt, ok := decodeArgon2Part(parts[2], minArgon2Salt)
	if !ok {
		return h, formatError("argon2id salt is not 8 to 64 bytes of base64")
	}
	tag, ok := decodeArgon2Part(parts[3], minArgon2Tag)
	if !ok {
		return h, formatError("argon2id tag is not 16 to 64 bytes of base64")
	}
	return argon2idHash{params: params, salt: salt, tag: tag}, nil
}

// errArgon2Params says nothing of the value, which is part of the hash.
var errArgon2Params = errors.New("argon2id parameters are not of the form m=…,t=…,p=…")

// parseArgon2Params reads m=…,t=…,p=… and demands that it is written back the same,
// which rules out signs, leading zeros and further parameters.
func parseArgon2Params(s string) (Argon2id, error) {
	var p Argon2id
	n, err := fmt.Sscanf(s, "m=%d,t=%d,p=%d", &p.Memory, &p.Passes, &p.Parallelism)
	if err != nil || n != 3 {
		return Argon2id{}, errArgon2Params
	}
	if s != fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Passes, p.Parallelism) {
		return Argon2id{}, errArgon2Params
	}
	return p, p.faults().Err()
}

// decodeArgon2Part decodes a salt or a tag of at least the given bytes. Line breaks,
// which the decoder skips, are refused by writing it back.
func decodeArgon2Part(s string, least int) ([]byte, bool) {
	b, err := base64PHC.DecodeString(s)
	if err != nil || base64PHC.EncodeToString(b) != s {
		return nil, false
	}
	return b, len(b) >= least && len(b) <= maxArgon2Part
}
