package password

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// prepare returns the one form of a password that may be typed in several: OpaqueString of
// RFC 8265 §4.2.2, which maps spaces to the one of ASCII and normalizes to NFC. Width and
// case stay. What the profile refuses is not refused here, for it may have been set
// elsewhere.
func prepare(pw string) string {
	if isASCII(pw) {
		return pw
	}
	spaced := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, pw)
	return norm.NFC.String(spaced)
}

// candidates returns what a typed password may have been hashed as: the prepared form and,
// if it is another, the raw one, as hashes from elsewhere and older ones are of. How many
// there are depends on what was typed alone, so that every branch of a login costs the same.
func candidates(pw string) []string {
	if prepared := prepare(pw); prepared != pw {
		return []string{prepared, pw}
	}
	return []string{pw}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
