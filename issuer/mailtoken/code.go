package mailtoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"example.org/signet/storage"
)

// A Request is what a browser that has asked for a new password keeps, sealed, in the form that
// takes the code. It names whoever was typed, whether there is such a user or not.
type Request struct {
	Login string    `json:"l"` // the canonical name
	Nonce []byte    `json:"n"`
	Until time.Time `json:"t"`
}

const (
	nonceBytes = 16
	maxRequest = 2048 // characters
	useRequest = "mail request"
)

// NewRequest draws a request for a name.
func (s *Sealer) NewRequest(login string, until time.Time) (Request, error) {
	nonce := make([]byte, nonceBytes)
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return Request{}, fmt.Errorf("draw a nonce: %w", err)
	}
	return Request{login, nonce, until}, nil
}

// SealRequest returns the request as text for a form.
func (s *Sealer) SealRequest(r Request) (string, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("seal request: %w", err)
	}
	b, err := s.Seal(s.forIssuer(useRequest), plain)
	if err != nil {
		return "", fmt.Errorf("seal request: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// OpenRequest returns the request; the zero Request, which has ended, for any text that is none of
// this issuer.
func (s *Sealer) OpenRequest(text string) (r Request) {
	if len(text) > maxRequest {
		return Request{}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Request{}
	}
	plain, ok := s.Open(s.forIssuer(useRequest), b)
	if !ok || json.Unmarshal(plain, &r) != nil || len(r.Nonce) != nonceBytes {
		return Request{}
	}
	return r
}

// codeEncoding has 32 characters of which no two look alike, so that a code of 8 has 40 bits.
var codeEncoding = base32.NewEncoding("ABCDEFGHJKMNPQRSTUVWXYZ123456789").WithPadding(base32.NoPadding)

const codeBytes = 5

// Code returns the code of a request for a user who wants a new password, as "ABCD-EFGH". It counts
// while the password is the same, and the address: that the code has come back shows that whoever
// typed it reads the mails of the address that it was sent to, and of no other.
func (s *Sealer) Code(nonce []byte, u storage.User) string {
	text := code(s.codes[0], nonce, u)
	return text[:4] + "-" + text[4:]
}

func code(key, nonce []byte, u storage.User) string {
	state, address := StateOf(Reset, u), AddressState(u.Email)
	mac := hmac.New(sha256.New, key)
	mac.Write(nonce)
	mac.Write(state[:])
	mac.Write(address[:])
	return codeEncoding.EncodeToString(mac.Sum(nil)[:codeBytes])
}

// CheckCode tells whether what a person has typed is the code of the request for the user. The zero
// User has none: checking takes as long.
func (s *Sealer) CheckCode(nonce []byte, u storage.User, typed string) bool {
	typed = strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == ' ':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, typed)
	right := 0
	for _, key := range s.codes {
		right |= subtle.ConstantTimeCompare([]byte(code(key, nonce, u)), []byte(typed))
	}
	return right == 1 && u.ID != ""
}

// Mark returns what the browser that has made a request keeps in a cookie. Neither the link nor the
// form tells it.
func (s *Sealer) Mark(nonce []byte) string { return mark(s.marks[0], nonce) }

func mark(key, nonce []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(nonce)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:markBytes])
}

const markBytes = 16

// MarkLength is the length of a mark, in characters.
const MarkLength = (markBytes*8 + 5) / 6

// CheckMark tells whether one of the marks is that of the request.
func (s *Sealer) CheckMark(nonce []byte, marks []string) bool {
	found := 0
	for _, key := range s.marks {
		right := mark(key, nonce)
		for _, m := range marks {
			found |= subtle.ConstantTimeCompare([]byte(right), []byte(m))
		}
	}
	return found == 1
}
