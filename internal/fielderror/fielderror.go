// Package fielderror is the one form in which wrong values are reported: the name of the field and the
// reason, all of them at once.
//
// The configurations of issuer, issuer/password, keys and endpoints report their faults by it, under the
// names that operators know the settings by. cmd can so add the flag, the variable or the line of the
// file, without reading any text. The issuer refuses fields of a request in the same form.
package fielderror

import (
	"errors"
	"fmt"
	"strings"
)

// Error refuses the value of one field.
type Error struct {
	Field  string
	Reason string // a fixed sentence; never repeats a secret
	Cause  error  // what errors.Is finds in it; nil for nothing
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

func (e *Error) Error() string { return e.Field + ": " + e.Reason }

// List holds the faults of several fields.
type List []*Error

func (l List) Error() string {
	texts := make([]string, len(l))
	for n, e := range l {
		texts[n] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.As find the first fault.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for n, e := range l {
		errs[n] = e
	}
	return errs
}

// Addf appends a fault.
func (l *List) Addf(field, format string, args ...any) {
	*l = append(*l, &Error{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// Err returns the faults as an error, nil if there are none.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// All returns the faults that err consists of, none if it is of another kind.
func All(err error) List {
	var several List
	if errors.As(err, &several) {
		return several
	}
	var one *Error
	if errors.As(err, &one) {
		return List{one}
	}
	return nil
}
