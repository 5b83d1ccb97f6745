package issuer

import (
	"errors"
	"strings"
)

// A FieldError refuses one field of what an administrator or a user sent.
type FieldError struct {
	Field  string
	Reason string // a fixed sentence; never repeats a secret
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

func field(name, reason string) *FieldError { return &FieldError{Field: name, Reason: reason} }

// FieldErrors refuse several fields at once.
type FieldErrors []*FieldError

func (e FieldErrors) Error() string {
	texts := make([]string, len(e))
	for n, f := range e {
		texts[n] = f.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.As find the first.
func (e FieldErrors) Unwrap() []error {
	list := make([]error, len(e))
	for n, f := range e {
		list[n] = f
	}
	return list
}

// faults gathers what is wrong with the fields of one request.
type faults struct {
	fields FieldErrors
	other  error // the first error that is no field's
}

// note gathers an error; nil is none.
func (f *faults) note(err error) {
	var one *FieldError
	switch {
	case err == nil:
	case errors.As(err, &one):
		f.fields = append(f.fields, one)
	case f.other == nil:
		f.other = err
	}
}

// noteAll gathers an error that may be several fields'.
func (f *faults) noteAll(err error) {
	var several FieldErrors
	if errors.As(err, &several) {
		f.fields = append(f.fields, several...)
		return
	}
	f.note(err)
}

// take sets a field to what check makes of the value, where one is given.
func (f *faults) take(into, value *string, check func(string) (string, error)) {
	if value == nil {
		return
	}
	v, err := check(*value)
	f.note(err)
	if err == nil {
		*into = v
	}
}

// err is all that was gathered.
func (f *faults) err() error {
	switch {
	case f.other != nil:
		return f.other
	case len(f.fields) == 0:
		return nil
	case len(f.fields) == 1:
		return f.fields[0]
	}
	return f.fields
}
