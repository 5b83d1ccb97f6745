package userfile

import (
	"strconv"
	"time"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/attribute"
)

// Record is one user as a file has it, with every value checked and in its canonical
// form where there is one.
type Record struct {
	// Line is where the user begins in the file, from 1.
	Line int
	// ID is the user's UUID elsewhere, in lower case; "" where the file has none.
	ID string
	// OldID is the id as the file has it, a UUID or not; "" where there is none.
	OldID string
	// Username is never empty: where the file has only an address, it is that.
	Username string
	Email    string
	// EmailVerified is what the file says; nobody has to believe it.
	EmailVerified bool
	FullName      string
	Phone         string
	// Roles are the roles that the file gives by name, without repetition.
	Roles []string
	// PasswordHash is a hash that password.CheckHash accepts. At most one of it
	// and Password is set.
	PasswordHash secret.Text
	Password     secret.Text
	// TOTPSeed is the seed of an authenticator app, as raw bytes; "" for none.
	TOTPSeed secret.Text
	// CreatedAt is in UTC; the zero time means that the file does not say.
	CreatedAt time.Time
	// Disabled is nil if the file does not say.
	Disabled *bool
	// Attributes are the operator's own fields of users, nil for none. Whether they exist and the
	// values fit is not checked here.
	Attributes attribute.Change
	// Columns are the names that the attributes have in the file.
	Columns map[string]string
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
