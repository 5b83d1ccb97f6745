package password

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrFormat is wrapped by every error about a stored hash that cannot be used. The
// text after it gives the reason and never any part of the hash.
var ErrFormat = errors.New("password hash is not usable")

// maxEncoded bounds the hashes that are read at all, in bytes.
const maxEncoded = 512

// storedHash is one stored hash, read and found within bounds.
type storedHash interface {
	// matches evaluates the hash function exactly once, also for a password that
	// can never match, and compares in constant time.
	matches(pw string) bool
}

// scheme makes new hashes with the parameters configured.
type scheme interface {
	// check refuses what the hash function would not tell apart from something else.
	check(pw string) error
	// hash evaluates once and encodes the result with a salt read from random.
	hash(random io.Reader, pw string) (string, error)
	// hashDummy evaluates once against nothing, and costs what matches costs on a
	// hash of this scheme.
	hashDummy(pw string)
	// current reports whether hash would make the same kind with the same cost.
	current(d storedHash) bool
}

// formats holds every kind of hash that can be read, by how it begins.
var formats = []struct {
	prefix string
	parse  func(encoded string) (storedHash, error)
}{
	{argon2idPrefix, parseArgon2id},
	{argon2iPrefix, parseArgon2i},
	{"$2a$", parseBcrypt},
	{"$2b$", parseBcrypt},
	{"$2y$", parseBcrypt},
	{"$pbkdf2$", parsePasslibPBKDF2},
	{"$pbkdf2-sha", parsePasslibPBKDF2},
	{"pbkdf2_sha", parseDjangoPBKDF2},
	{"pbkdf2:sha", parseWerkzeugPBKDF2},
	{"$scrypt$", parseScrypt},
	{"scrypt$", parseDjangoScrypt},
	{"scrypt:", parseWerkzeugScrypt},
}

// djangoPrefixes come before hashes that are otherwise as their makers write them.
var djangoPrefixes = map[string]string{"argon2$argon2": "argon2", "bcrypt$$2": "bcrypt$"}

// springPrefixes are the names that Spring Security and some directories write before
// hashes that are otherwise in modular crypt form.
var springPrefixes = []string{"{bcrypt}$2", "{BCRYPT}$2", "{argon2}$argon2", "{ARGON2}$argon2", "{CRYPT}$2", "{crypt}$2", "{CRYPT}$argon2"}

// CheckHash reports whether a stored or imported hash can be checked by Verify:
// argon2id or argon2i in PHC form, bcrypt's $2a$, $2b$, $2y$, PBKDF2 in the spellings
// of Django, passlib and Werkzeug and in PHC form, scrypt in PHC form and in those of
// Django and Werkzeug, also behind Spring's {bcrypt} and {argon2}, with a cost within
// bounds. Otherwise the error wraps ErrFormat and says why, without the hash.
func CheckHash(encoded string) error {
	_, err := parse(encoded)
	return err
}

// parse reads a stored hash. Errors wrap ErrFormat.
func parse(encoded string) (storedHash, error) {
	if len(encoded) > maxEncoded {
		return nil, formatError("it is longer than any that is known")
	}
	for mark, wrapper := range djangoPrefixes {
		if strings.HasPrefix(encoded, mark) {
			encoded = strings.TrimPrefix(encoded, wrapper)
		}
	}
	for _, mark := range springPrefixes {
		if strings.HasPrefix(encoded, mark) {
			encoded = encoded[strings.Index(encoded, "$"):]
		}
	}
	for _, f := range formats {
		if strings.HasPrefix(encoded, f.prefix) {
			return f.parse(encoded)
		}
	}
	return nil, formatError(unsupportedReason(encoded))
}

// unsupportedReason says why a hash of no known kind is refused, naming the kinds that people
// are likely to bring along.
func unsupportedReason(encoded string) string {
	switch {
	case encoded == "":
		return "it is empty"
	case strings.HasPrefix(encoded, "$2x$"):
		return "bcrypt $2x$ comes from an implementation that ignored parts of passwords"
	case strings.HasPrefix(encoded, "$argon2"):
		return "of argon2 only the kinds argon2id and argon2i are read"
	case LooksHashed(encoded):
		return "its kind is not read: only argon2, bcrypt, PBKDF2 and scrypt are"
	}
	return "it is neither argon2, bcrypt, PBKDF2 nor scrypt"
}

// formatError wraps ErrFormat with a reason that holds nothing of the hash.
func formatError(reason string) error {
	return fmt.Errorf("%w: %s", ErrFormat, reason)
}
