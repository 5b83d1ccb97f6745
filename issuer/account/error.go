package account

import "errors"

// The reasons for which a name is refused. Each reads as the end of a sentence
// that begins with the field's name, and never repeats what was typed.
var (
	ErrEmpty        = errors.New("is empty")
	ErrTooLong      = errors.New("is too long")
	ErrNotUTF8      = errors.New("is not valid UTF-8")
	ErrCharacters   = errors.New("holds a character that is not allowed")
	ErrSpace        = errors.New("holds a space")
	ErrMixedScripts = errors.New("mixes letters of look-alike alphabets in one word")
	ErrLooksLikeID  = errors.New("looks like a user id")
	ErrOtherAddress = errors.New("holds an @ and is not the user's own e-mail address")
	ErrEmailFormat  = errors.New("is not an address of the form name@domain")
)

// Error says which field was refused and why. Err wraps one of the reasons above,
// to be told apart with errors.Is.
type Error struct {
	// Field is the field's name as JSON and forms spell it, such as "username".
	Field string
	// Err wraps the reason.
	Err error
}

// Error gives one fixed sentence without the refused value, fit to be shown.
func (e *Error) Error() string { return e.Field + " " + e.Err.Error() }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// fieldError names the field in front of a reason, and keeps nil nil.
func fieldError(field string, reason error) error {
	if reason == nil {
		return nil
	}
	return &Error{Field: field, Err: reason}
}
