package account

// Lengths in bytes of identifiers, which are ASCII.
const (
	MaxClientID = 128
	MaxRoleName = 64
	MaxScope    = 128
)

// ClientID checks a client id: 1 to 128 letters, digits and . _ ~ -, beginning with a
// letter or a digit, and never a UUID of version 7, which user ids are. These are the characters that stand
// for themselves in URLs (RFC 3986 §2.3), so that clients which forget to encode
// the parts of a Basic header (RFC 6749 §2.3.1) are understood all the same.
// Case matters. The error is an *Error.
func ClientID(s string) error {
	return fieldError("client_id", checkClientID(s))
}

func checkClientID(s string) error {
	if err := checkLength(s, MaxClientID); err != nil {
		return err
	}
	if !isAlphanumeric(s[0]) || !allBytes(s, isUnreserved) {
		return invalidCharacters("letters, digits and . _ ~ - only, beginning with a letter or a digit")
	}
	if LooksLikeID(s) && s[versionAt] == '7' {
		return ErrLooksLikeID
	}
	return nil
}

// versionAt is where the text of a UUID has its version (RFC 9562 §4.2).
const versionAt = 14

// RoleName checks a role's name: 1 to 64 lower-case letters, digits and _ . -,
// beginning with a letter. The error is an *Error.
func RoleName(s string) error {
	return fieldError("role", checkRoleName(s))
}

func checkRoleName(s string) error {
	if err := checkLength(s, MaxRoleName); err != nil {
		return err
	}
	if !isLower(s[0]) || !allBytes(s, isRoleChar) {
		return invalidCharacters("lower-case letters, digits and _ . - only, beginning with a letter")
	}
	return nil
}

// Scope checks one scope, a single scope-token of RFC 6749 §3.3, of 1 to 128 bytes:
// printable ASCII without space, quotation mark and backslash. The error is an *Error.
func Scope(s string) error {
	return fieldError("scope", checkScope(s))
}

func checkScope(s string) error {
	if err := checkLength(s, MaxScope); err != nil {
		return err
	}
	if !allBytes(s, isScopeChar) {
		return invalidCharacters("printable ASCII without space, \" and \\ only")
	}
	return nil
}

func checkLength(s string, limit int) error {
	switch {
	case s == "":
		return ErrEmpty
	case len(s) > limit:
		return tooLong(limit)
	}
	return nil
}

// allBytes reports whether every byte of s satisfies ok.
func allBytes(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func isAlphanumeric(c byte) bool {
	return isLower(c) || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '.' || c == '_' || c == '~' || c == '-'
}

func isRoleChar(c byte) bool {
	return isLower(c) || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

func isScopeChar(c byte) bool {
	return c > ' ' && c < 0x7f && c != '"' && c != '\\'
}
