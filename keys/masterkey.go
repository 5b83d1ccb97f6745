package keys

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const (
	masterSize = 32
	redacted   = "[master key]"
)

// A MasterKey is the secret of 32 random bytes from which all others of an
// installation are derived. It shows a placeholder when printed, logged or
// marshalled; only [MasterKey.Encode] returns it. The zero value is no key.
type MasterKey struct {
	// A function, because nothing prints or marshals what it holds, even where the
	// methods below are not called: in an unexported field of another struct.
	reveal func() [masterSize]byte
}

// NewMasterKey draws a master key.
func NewMasterKey(random io.Reader) (MasterKey, error) {
	var secret [masterSize]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return MasterKey{}, fmt.Errorf("draw a master key: %w", err)
	}
	return makeMasterKey(secret)
}

// ParseMasterKey reads a master key from its text, 32 bytes in standard base64
// with padding. White space around it is ignored. No error repeats the text.
func ParseMasterKey(encoded string) (MasterKey, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return MasterKey{}, errors.New("master key: not standard base64 with padding")
	}
	if len(raw) != masterSize {
		return MasterKey{}, fmt.Errorf("master key: %d bytes, must be %d (the base64 of %d random bytes)", len(raw), masterSize, masterSize)
	}
	return makeMasterKey([masterSize]byte(raw))
}

// makeMasterKey refuses a key of one byte repeated, which was not drawn.
func makeMasterKey(secret [masterSize]byte) (MasterKey, error) {
	if bytes.Count(secret[:], secret[:1]) == masterSize {
		return MasterKey{}, errors.New("master key: not random, one byte is repeated")
	}
	return MasterKey{func() [masterSize]byte { return secret }}, nil
}

// IsZero reports whether k is the zero value, which is no key.
func (k MasterKey) IsZero() bool { return k.reveal == nil }

// Encode returns the text that [ParseMasterKey] reads; empty for the zero value.
func (k MasterKey) Encode() string {
	if k.IsZero() {
		return ""
	}
	secret := k.reveal()
	return base64.StdEncoding.EncodeToString(secret[:])
}

// Derive returns n bytes, 1 to 8160, for one purpose (HKDF-SHA256, RFC 5869).
// Different purposes give independent bytes. It panics
// on the zero value, so that nothing is ever sealed or signed under no key.
func (k MasterKey) Derive(purpose string, n int) []byte {
	if k.IsZero() {
		panic("derive from no master key")
	}
	secret := k.reveal()
	out, err := hkdf.Key(sha256.New, secret[:], nil, "signet/1/"+purpose, n)
	if err != nil {
		panic(fmt.Sprintf("derive %q: %v", purpose, err)) // n out of bounds: a mistake in the program
	}
	return out
}

// String returns a placeholder.
func (k MasterKey) String() string { return redacted }

// GoString returns the placeholder.
func (k MasterKey) GoString() string { return redacted }

// Format writes the placeholder under every verb.
func (k MasterKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns the placeholder.
func (k MasterKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns the placeholder as a JSON string.
func (k MasterKey) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns the placeholder.
func (k MasterKey) LogValue() slog.Value { return slog.StringValue(redacted) }
