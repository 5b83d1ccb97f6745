package password

import "strings"

// frameworkPrefixes begin the hashes of widespread frameworks that are not in modular
// crypt form: Django, Werkzeug, LDAP.
var frameworkPrefixes = []string{
	"pbkdf2_sha", "pbkdf2:sha", "scrypt:", "scrypt$", "argon2$", "bcrypt$", "bcrypt_sha256$",
	"md5$", "sha1$", "sha256$", "sha512$",
	"{SSHA", "{SHA", "{MD5}", "{SMD5}", "{CRYPT}", "{PBKDF2", "{ARGON2", "{BCRYPT}", "{bcrypt}",
}

// digestLengths are the lengths in characters of bare hexadecimal digests, from MD5
// to SHA-512.
var digestLengths = []int{32, 40, 56, 64, 96, 128}

// LooksHashed reports whether a text that was given as a password is more likely a
// hash, of a kind that is read here or not. To store such a text as a plain password
// would let anyone who has seen the old hash log in with it. A few odd passwords are
// taken for hashes too; they can be set by hand.
func LooksHashed(text string) bool {
	if isModularCrypt(text) || isBareDigest(text) {
		return true
	}
	for _, prefix := range frameworkPrefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// isModularCrypt matches $name$rest where the whole is as long as the shortest such
// hash, MD5-crypt with a salt of one character.
func isModularCrypt(text string) bool {
	if len(text) < 27 || text[0] != '$' {
		return false
	}
	name, _, found := strings.Cut(text[1:], "$")
	if !found || name == "" || len(name) > 32 {
		return false
	}
	for _, c := range []byte(name) {
		if !isBase64Char(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isBareDigest(text string) bool {
	for _, n := range digestLengths {
		if len(text) == n {
			return strings.Trim(text, "0123456789abcdef") == "" ||
				strings.Trim(text, "0123456789ABCDEF") == ""
		}
	}
	return false
}

// isBase64Char holds for the 64 characters of bcrypt's alphabet and the one more of
// standard base64.
func isBase64Char(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c == '.' || c == '/' || c == '+'
}
