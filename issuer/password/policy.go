package password

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Lengths of passwords in bytes. Eight is NIST SP 800-63B's least; above the upper
// bound a password only costs work.
const (
	MinLength = 8
	MaxLength = 1024
)

// The reasons for which a password is refused. Their sentences are fixed, hold
// nothing of the password, and are fit to be shown.
var (
	ErrEmpty    = errors.New("password is empty")
	ErrTooShort = errors.New("password is too short: at least 8 bytes")
	ErrTooLong  = errors.New("password is too long: at most 1024 bytes")
	ErrNUL      = errors.New("password holds a NUL character")
	ErrNotUTF8  = errors.New("password is not valid UTF-8")

	// ErrCommon and ErrPersonal reject common and personal passwords.
	ErrCommon   = errors.New("password is too easy to guess: a common one, or a simple pattern")
	ErrPersonal = errors.New("password is too easy to guess: little more than the user name, e-mail or name")

	// ErrTooLongForBcrypt is returned by Hash alone, where new hashes are bcrypt:
	// that function reads no more than 72 bytes, and would take every password
	// with the same beginning for this one.
	ErrTooLongForBcrypt = errors.New("password is too long for bcrypt, which reads only 72 bytes")
)

// CheckNew judges a password that someone wants to set, after NIST SP 800-63B-4
// §3.1.1.2: 8 to 1024 bytes of valid UTF-8 without NUL, no rules about kinds of
// characters, and not a common one. Whole passwords are
// judged: one that merely holds a common word passes. Upper and lower case, and digits
// that stand for letters, make no difference. It is ErrEmpty, ErrTooShort, ErrCommon,
// ErrPersonal or what CheckInput returns.
func CheckNew(pw string, inputs UserInputs) error {
	if err := CheckInput(pw); err != nil {
		return err
	}
	if pw = prepare(pw); len(pw) > MaxLength {
		return ErrTooLong
	}
	if len(pw) < MinLength {
		return ErrTooShort
	}
	return inputs.checkStrength(pw)
}

// CheckInput judges a password that someone logs in with, before any user is looked
// up: 1 to 1024 bytes of valid UTF-8 without NUL. Passwords that were set elsewhere
// under a laxer policy pass. It costs next to nothing, and is ErrEmpty, ErrTooLong,
// ErrNotUTF8, ErrNUL or nil.
func CheckInput(pw string) error {
	switch {
	case pw == "":
		return ErrEmpty
	case len(pw) > MaxLength:
		return ErrTooLong
	case !utf8.ValidString(pw):
		return ErrNotUTF8
	case strings.ContainsRune(pw, 0):
		return ErrNUL
	}
	return nil
}
