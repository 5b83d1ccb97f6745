package userfile

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// Record is one user as a file has it, with every value checked and in its canonical
// form where there is one.
type Record struct {
	// Line is where the user begins in the file, from 1.
	Line int
	// ID is the user's UUID elsewhere, in lower case; "" where the file has none.
	ID string
	// Username is never empty: where the file has only an address, it is that.
	Username string
	Email    string
	FullName string
	Phone    string
	// Roles are the roles that the file gives by name, without repetition.
	Roles []string
	// PasswordHash is a hash that password.CheckHash accepts. At most one of it
	// and Password is set.
	PasswordHash Secret
	Password     Secret
	// CreatedAt is in UTC; the zero time means that the file does not say.
	CreatedAt time.Time
	// Disabled is nil if the file does not say.
	Disabled *bool
	// Warnings say what was left out because it could not be read; never a value.
	Warnings []string
}

// draft is a record while it is made.
type draft struct {
	Record
	names   map[field]string // what the file calls each field
	now     time.Time
	unclear []Unclear
}

func (r *draft) warn(err error) { r.Warnings = append(r.Warnings, err.Error()+": left out") }

// LineError says why a line was skipped. Reading goes on after it.
type LineError struct {
	// Line is where the bad user begins in the file, from 1.
	Line int
	// Reason is a sentence without any value from the file.
	Reason string
}

// Error gives line and reason.
func (e *LineError) Error() string {
	return "line " + strconv.Itoa(e.Line) + ": " + e.Reason
}

// Secret is a password or a hash. It shows itself to nobody but those who call Reveal.
type Secret string

var (
	_ fmt.Formatter          = Secret("")
	_ fmt.GoStringer         = Secret("")
	_ json.Marshaler         = Secret("")
	_ encoding.TextMarshaler = Secret("")
	_ slog.LogValuer         = Secret("")
)

const redacted = "[redacted]"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// Format hides the secret from every verb, also from those that do not ask String.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		fmt.Fprint(f, s.GoString())
		return
	}
	fmt.Fprint(f, s.String())
}

// MarshalText hides the secret from JSON, YAML and XML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(s.String())), nil }

// LogValue hides the secret from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
