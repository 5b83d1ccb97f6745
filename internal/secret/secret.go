// Package secret holds texts that must not reach a log, an error or an answer.
package secret

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Text is a password, a client secret, a token or a hash. However it is
// formatted, marshalled or logged it shows a placeholder, or nothing where it is
// empty; only [Text.Reveal] and a conversion to string give it away. It must not
// be the key of a map: encoding/json shows the keys of string types. Compare two
// of them in constant time.
type Text string

const redacted = "[redacted]"

var (
	_ fmt.Formatter          = Text("")
	_ fmt.GoStringer         = Text("")
	_ json.Marshaler         = Text("")
	_ encoding.TextMarshaler = Text("")
	_ slog.LogValuer         = Text("")
)

// Reveal returns the secret itself.
func (t Text) Reveal() string { return string(t) }

// String returns the placeholder.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return redacted
}

// GoString returns the placeholder in quotes, for %#v.
func (t Text) GoString() string { return strconv.Quote(t.String()) }

// Format writes the placeholder under every verb, also those that do not ask
// String.
func (t Text) Format(f fmt.State, verb rune) {
	shown := t.String()
	if verb == 'v' && f.Flag('#') {
		shown = t.GoString()
	}
	_, _ = io.WriteString(f, shown)
}

// MarshalText returns the placeholder, for YAML, XML and others.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON returns the placeholder as a JSON string.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(t.GoString()), nil }

// LogValue returns the placeholder.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }
