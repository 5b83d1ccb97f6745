package admin

import (
	"errors"

	"example.org/signet/issuer"
)

func newFieldError(name, reason string) *issuer.FieldError {
	return &issuer.FieldError{Field: name, Reason: reason}
}

// validation gathers what is wrong with the fields of one request.
type validation struct {
	fields issuer.FieldErrors
	other  error // the first error that is no field's
}

// add gathers an error; nil is none.
func (f *validation) add(err error) {
	var one *issuer.FieldError
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
	var several issuer.FieldErrors
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
