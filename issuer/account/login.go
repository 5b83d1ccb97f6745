package account

import "strings"

// Lengths in bytes of canonical forms.
const (
	MaxUsername = 128
	// MaxEmail is the longest address that fits a forward path (RFC 5321 §4.5.3.1.3).
	MaxEmail = 254
)

// Username returns the canonical form of a username: 1 to 128 bytes of UTF-8 after
// mapping by UsernameCaseMapped (RFC 8265 §3.3). It may hold an @, since many stores
// use addresses as usernames: see OwnAddress. It must not look like a user id. The error is an *Error.
func Username(s string) (string, error) {
	name, err := canonical(s, MaxUsername)
	if err == nil && LooksLikeID(name) {
		err = ErrLooksLikeID
	}
	if err != nil {
		return "", fieldError("username", err)
	}
	return name, nil
}

// OwnAddress refuses a username with an @ that is not the user's own e-mail address:
// it would keep the owner of that address from using it. Both are in canonical form.
// The error is an *Error.
func OwnAddress(username, email string) error {
	if !strings.Contains(username, "@") {
		return nil
	}
	if address, err := Email(username); err != nil || address != email {
		return fieldError("username", ErrOtherAddress)
	}
	return nil
}

// Email returns the canonical form of a bare e-mail address: one @ with something on
// both sides, at most 254 bytes, mapped like a username and therefore in lower case
// as a whole. Display names, comments, quoted and bracketed parts are refused.
// Whether mail arrives there is not this package's to know. The error is an *Error.
func Email(s string) (string, error) {
	address, err := canonical(s, MaxEmail)
	if err == nil {
		err = checkEmail(address)
	}
	if err != nil {
		return "", fieldError("email", err)
	}
	return address, nil
}

// LoginName returns the canonical form of what a person typed as their name at
// login, be it a username or an e-mail address: whatever Username or Email accepts
// comes out the same here. The error is an *Error.
func LoginName(s string) (string, error) {
	name, err := canonical(s, MaxEmail)
	if err != nil {
		return "", fieldError("username", err)
	}
	return name, nil
}

// checkEmail judges a mapped address. The characters refused are RFC 5322's
// specials, which have a meaning of their own outside quotes.
func checkEmail(address string) error {
	local, domain, _ := strings.Cut(address, "@")
	if local == "" || domain == "" || strings.Contains(domain, "@") {
		return ErrEmailFormat
	}
	if strings.ContainsAny(address, "()<>[]:;\\,\"") {
		return ErrEmailFormat
	}
	return nil
}

// LooksLikeID reports whether s has the shape of a user id: 32 hexadecimal digits in
// the five groups of RFC 9562 §4, in either case. No username has it; a client id
// may, unless its version is 7 as that of user ids, so that a subject is never
// two things at once.
func LooksLikeID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isHex(s[i]) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
