// Package usercode makes and reads the codes that people copy from a device to a browser
// (RFC 8628 §6.1): eight of twenty consonants, which make no words and of which no two look
// alike, so that a code has 34 bits.
package usercode

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// alphabet is that of RFC 8628 §6.1.
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

// Length is how many letters a code has.
const Length = 8

// maxTyped bounds what is read as a code, in bytes: more than a code with a dash and a blank
// around each letter.
const maxTyped = 64

// Code is a user code: Length letters of the alphabet.
type Code string

// New draws a code.
func New(rand io.Reader) (Code, error) {
	letters := make([]byte, 0, Length)
	for b := make([]byte, Length); len(letters) < Length; {
		if _, err := io.ReadFull(rand, b); err != nil {
			return "", fmt.Errorf("draw a user code: %w", err)
		}
		for _, v := range b {
			if v < 240 && len(letters) < Length { // each letter as likely as the others: 240 is 12 times 20
				letters = append(letters, alphabet[v%byte(len(alphabet))])
			}
		}
	}
	return Code(letters), nil
}

// String is the code as people are shown it, such as "BCDF-GHJK".
func (c Code) String() string {
	if len(c) != Length {
		return string(c)
	}
	return string(c[:Length/2]) + "-" + string(c[Length/2:])
}

// Parse returns the code that somebody typed, in any case, with any blanks and dashes in it. ok is
// false for what is none.
func Parse(typed string) (c Code, ok bool) {
	if len(typed) > maxTyped {
		return "", false
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, typed)
	letters = strings.ToUpper(letters)
	if !Code(letters).Valid() {
		return "", false
	}
	return Code(letters), true
}

// Valid tells whether it is Length letters of the alphabet.
func (c Code) Valid() bool {
	return len(c) == Length && strings.Trim(string(c), alphabet) == ""
}
