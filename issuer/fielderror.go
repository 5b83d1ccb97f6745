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

func newFieldError(name, reason string) *FieldError { return &FieldError{Field: name, Reason: reason} }

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

// validation gathers what is wrong with the fields of one request.
type validation struct {
	fields FieldErrors
	other  error // the first error that is no field's
}

// add gathers an error; nil is none.
func (f *validation) add(err error) {
	var one *FieldError
	switch {
	case err == nil:
	case errors.As(err, &one):
		f.fields = append(f.fields, one)
	case f.other == nil:
		f.other = err
	}
}

// addAll gathers an error that may be several fields'.
func (f *validation) addAll(err error) {
	var several FieldErrors
	if errors.As(err, &several) {
		f.fields = append(f.fields, several...)
		return
	}
	f.add(err)
}

// set sets a field to what check makes of the value, where one is given.
func (f *validation) set(into, value *string, check func(string) (string, error)) {
	if value == nil {
		return
	}
	v, err := check(*value)
	f.add(err)
	if err == nil {
		*into = v
	}
}

// err is all that was gathered.
func (f *validation) err() error {
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
