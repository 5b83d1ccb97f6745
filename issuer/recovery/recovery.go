// Package recovery makes and finds recovery codes: random texts that a person keeps on paper, and
// that stand in for a lost second factor, once each. It is pure: it keeps nothing.
//
// A code has 80 random bits, so a plain hash is enough to store it: nobody finds it by trying
// out, and no two users have the same.
package recovery

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

const (
	// Count is how many codes a user gets at a time.
	Count = 10

	codeSize = 10 // bytes: 16 characters
	group    = 4
)

// alphabet is Crockford's: people mistake none of its characters for another of them.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// New draws Count codes, and returns them as they are shown, and their hashes.
func New(random io.Reader) (codes, hashes []string, err error) {
	for range Count {
		var b [codeSize]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, nil, fmt.Errorf("draw recovery codes: %w", err)
		}
		text := encoding.EncodeToString(b[:])
		codes, hashes = append(codes, grouped(text)), append(hashes, hash(text))
	}
	return codes, hashes, nil
}

// grouped returns the code in groups of four.
func grouped(text string) string {
	var groups []string
	for ; len(text) > group; text = text[group:] {
		groups = append(groups, text[:group])
	}
	return strings.Join(append(groups, text), "-")
}

// hash returns what is stored of a code in its canonical form.
func hash(text string) string {
	sum := sha256.Sum256([]byte("signet recovery code v1\x00" + text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// canonical reads a code as people type it; ok is false for what cannot be one.
func canonical(typed string) (text string, ok bool) {
	if len(typed) > 64 {
		return "", false
	}
	text = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
	if len(text) != encoding.EncodedLen(codeSize) {
		return "", false
	}
	for _, c := range text {
		if !strings.ContainsRune(alphabet, c) {
			return "", false
		}
	}
	return text, true
}

// LooksLike tells whether a text can be a recovery code, and not, say, six digits.
func LooksLike(typed string) bool {
	_, ok := canonical(typed)
	return ok
}

// Take returns the hashes without that of the code; ok is false where it is none of them.
func Take(hashes []string, typed string) (left []string, ok bool) {
	text, valid := canonical(typed)
	if !valid {
		return nil, false
	}
	wanted := []byte(hash(text))
	for n, h := range hashes {
		if subtle.ConstantTimeCompare([]byte(h), wanted) == 1 {
			return append(append([]string{}, hashes[:n]...), hashes[n+1:]...), true
		}
	}
	return nil, false
}
