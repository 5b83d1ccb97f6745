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

// A MasterKey is the one secret from which all others of an installation
// derive: 32 random bytes. It never shows itself when printed, logged or
// marshalled; only [MasterKey.Encode] gives it away. The zero value is no key.
type MasterKey struct {
	// A function, because nothing that prints or marshals looks into one, also
	// where the methods below are out of reach: in another struct's hidden field.
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

// makeMasterKey refuses a key that nobody drew: one byte repeated.
func makeMasterKey(secret [masterSize]byte) (MasterKey, error) {
	if bytes.Count(secret[:], secret[:1]) == masterSize {
		return MasterKey{}, errors.New("master key: not random, one byte is repeated")
	}
	return MasterKey{func() [masterSize]byte { return secret }}, nil
}

// IsZero tells the zero value, which is no key.
func (k MasterKey) IsZero() bool { return k.reveal == nil }

// Encode is the text that ParseMasterKey reads; empty for the zero value.
func (k MasterKey) Encode() string {
	if k.IsZero() {
		return ""
	}
	secret := k.reveal()
	return base64.StdEncoding.EncodeToString(secret[:])
}

// Derive returns n bytes, 1 to 8160, that belong to the purpose alone
// (HKDF-SHA256, RFC 5869). Different purposes give independent bytes. It panics
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

// String, and all below it, redact.
func (k MasterKey) String() string { return redacted }

// GoString redacts.
func (k MasterKey) GoString() string { return redacted }

// Format redacts under every verb.
func (k MasterKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText redacts, and with it JSON.
func (k MasterKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON redacts.
func (k MasterKey) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue redacts.
func (k MasterKey) LogValue() slog.Value { return slog.StringValue(redacted) }
