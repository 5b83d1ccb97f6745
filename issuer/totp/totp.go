package totp

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as all apps do it: HMAC-SHA-1 is not broken
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

const (
	// Period is how long a code is shown.
	Period = 30 * time.Second

	// Digits is how many digits a code has.
	Digits = 6

	// SeedSize is the size of a new seed, in bytes (RFC 4226 §4, R6 recommends 160 bits).
	SeedSize = 20

	// Sizes of a seed that is brought along: RFC 4226 §4, R6 demands 128 bits; some issuers
	// have made 80 bits.
	minSeed, maxSeed = 10, 128

	modulus = 1_000_000
)

// NewSeed draws a seed.
func NewSeed(random io.Reader) ([]byte, error) {
	seed := make([]byte, SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("draw a seed: %w", err)
	}
	return seed, nil
}

// Step returns the number of the period that a moment lies in (RFC 6238 §4.2).
func Step(at time.Time) int64 { return at.Unix() / int64(Period/time.Second) }

// Code returns the code of a step (RFC 4226 §5.3).
func Code(seed []byte, step int64) string {
	mac := hmac.New(sha1.New, seed)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", Digits, number%modulus)
}

// Check tells whether a code is that of now's step or of the one before, and returns which.
// Steps up to lastStep are used up. Blanks in the code, as apps show them, do not count.
func Check(seed []byte, code string, lastStep int64, now time.Time) (step int64, ok bool) {
	code = strings.Join(strings.Fields(code), "")
	current := Step(now)
	for _, candidate := range []int64{current, current - 1} {
		right := subtle.ConstantTimeCompare([]byte(Code(seed, candidate)), []byte(code)) == 1
		if right && candidate > lastStep && !ok {
			step, ok = candidate, true
		}
	}
	return step, ok
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Encode returns a seed as people type it into an app: in base32.
func Encode(seed []byte) string { return encoding.EncodeToString(seed) }

// ErrSeed refuses what is no seed.
var ErrSeed = errors.New("not a seed: 10 to 128 bytes in base32 are wanted")

// Decode reads a seed in base32. Blanks, hyphens, padding and lower case are allowed.
func Decode(text string) ([]byte, error) {
	text = strings.NewReplacer(" ", "", "-", "", "=", "").Replace(strings.ToUpper(text))
	seed, err := encoding.DecodeString(text)
	if err != nil || CheckSeed(seed) != nil {
		return nil, ErrSeed
	}
	return seed, nil
}

// CheckSeed returns ErrSeed for a seed that is too short or too long.
func CheckSeed(seed []byte) error {
	if len(seed) < minSeed || len(seed) > maxSeed {
		return ErrSeed
	}
	return nil
}

// URI returns the otpauth URI of a seed, which apps read from a QR code. issuer names the
// service, account the user.
func URI(seed []byte, issuer, account string) string {
	label := url.PathEscape(strings.ReplaceAll(issuer, ":", "")) + ":" + url.PathEscape(account)
	// Not url.Values: some apps take a plus sign for itself.
	query := "secret=" + Encode(seed) + "&issuer=" + url.PathEscape(issuer) + "&algorithm=SHA1&digits=6&period=30"
	return "otpauth://totp/" + label + "?" + query
}
