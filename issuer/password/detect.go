package password

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// LooksHashed reports whether a text that was given as a password has the form of a
// stored verifier, of a kind that is read here or not. To store such a text as a plain
// password would let anyone who has seen the old store log in with it, and keep the
// owner out. Some odd passwords are taken for verifiers too; they can be set by hand.
func LooksHashed(text string) bool {
	return isModularCrypt(text) || isMarked(text) || isDigest(text) || hasDigestPart(text) || isNamedScheme(text)
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

// markedForms are verifiers that their first characters give away.
var markedForms = []*regexp.Regexp{
	regexp.MustCompile(`^\{[A-Za-z0-9_./+-]{1,32}\}\S`),   // {SSHA}…, {bcrypt}…, {pbkdf2}…, {noop}…: LDAP, Spring
	regexp.MustCompile(`^\{\s*"`),                         // a JSON object
	regexp.MustCompile(`^![A-Za-z0-9]{20,}$`),             // Django: no usable password
	regexp.MustCompile(`^(!!?|\*|\*LK\*|\*NP\*|!\*|x)$`),  // shadow(5): locked or elsewhere
	regexp.MustCompile(`^!+[$*].`),                        // shadow(5): a locked hash
	regexp.MustCompile(`^\*[0-9A-Fa-f]{40}$`),             // MySQL, MariaDB
	regexp.MustCompile(`^md5[0-9A-Fa-f]{32}$`),            // PostgreSQL
	regexp.MustCompile(`^0x[0-9A-Fa-f]{16,}$`),            // SQL Server
	regexp.MustCompile(`^_[./0-9A-Za-z]{19}$`),            // BSDi DES
	regexp.MustCompile(`^\$[A-Za-z0-9]\$[./0-9A-Za-z]+$`), // phpass and its kin, however short
}

func isMarked(text string) bool {
	for _, form := range markedForms {
		if form.MatchString(text) {
			return true
		}
	}
	return false
}

// digestLengths are the lengths in characters of bare hexadecimal digests, from MySQL's
// oldest and MD5 to SHA-512.
var digestLengths = map[int]bool{16: true, 32: true, 40: true, 48: true, 56: true, 64: true, 96: true, 128: true}

// minBase64Digest is the length of 16 bytes in base64 with its padding.
const minBase64Digest = 24

// isDigest matches a bare digest: hexadecimal of a digest's length, or base64 that is
// padded, or as long as a salt and a digest together.
func isDigest(text string) bool {
	if digestLengths[len(text)] && isHex(text) {
		return true
	}
	if len(text) < minBase64Digest {
		return false
	}
	padded := strings.HasSuffix(text, "=")
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		if _, err := encoding.DecodeString(text); err == nil && (padded || len(text) >= 40 && isMixed(text)) {
			return true
		}
	}
	return false
}

// isMixed tells a random text from words: it has capitals, small letters and digits.
func isMixed(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.ToUpper(text) != text && strings.ToLower(text) != text
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdefABCDEF") == "" }

// minHexPart is the length in characters of a digest that stands beside a salt.
const minHexPart = 32

// hasDigestPart matches salt:digest and digest:salt in any order, and with any of the
// separators that frameworks use, and longer rows of such parts.
func hasDigestPart(text string) bool {
	for _, separator := range []string{":", "$", ".", "|", ",", ";", "#", "@"} {
		parts := strings.Split(text, separator)
		if len(parts) < 2 {
			continue
		}
		for _, part := range parts {
			if len(part) >= minHexPart && len(part)%2 == 0 && isHex(part) {
				return true
			}
			if len(part) >= minBase64Digest && len(part)%4 == 0 && isDigest(part) {
				return true
			}
		}
	}
	return false
}

// namedScheme matches a text that begins with the name of a hash function or scheme and
// has at least two separators of parts behind it.
var namedScheme = regexp.MustCompile(`(?i)^(hmac|md[245]|sha|ssha|smd5|ripemd|pbkdf2|scrypt|bcrypt|argon2|crypt|scram|phpass|ntlm|whirlpool|xxh|yescrypt|balloon|makwa)[a-z0-9_/() -]{0,24}[$:].{10,}`)

func isNamedScheme(text string) bool { return len(text) >= 20 && namedScheme.MatchString(text) }

// isBase64Char holds for the 64 characters of bcrypt's alphabet and the one more of
// standard base64.
func isBase64Char(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c == '.' || c == '/' || c == '+'
}
