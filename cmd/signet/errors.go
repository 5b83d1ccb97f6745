package main

import (
	"errors"
	"fmt"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

// usageError is a wrong command line; nothing has been done.
type usageError struct{ reason string }

func (e *usageError) Error() string { return e.reason }

func usageErrorf(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// hintedError is an error with a hint for the user.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

func withHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hintedError{err, fmt.Sprintf(format, args...)}
}

// explain formats an error with its hint for the command line.
func explain(err error) string {
	text := err.Error()
	var issuerErr *issuer.Error
	if errors.As(err, &issuerErr) {
		text = issuerErr.Description
		if issuerErr.Cause != nil {
			text += ": " + issuerErr.Cause.Error()
		}
	}
	if next := hintFor(err); next != "" {
		text += "; " + next
	}
	return text
}

// hintFor returns the hint that came with the error, or one for its kind.
func hintFor(err error) string {
	var h *hintedError
	var schema *storage.SchemaError
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.As(err, &schema): // says so itself
		return ""
	case errors.Is(err, admin.ErrConcurrentUpdate): // says so itself
		return ""
	case errors.Is(err, admin.ErrLastSuperAdmin):
		return "--allow-no-super-admin overrides this"
	case errors.Is(err, storage.ErrUnavailable):
		return "check --storage and that the store can be reached, then try again"
	}
	return ""
}

// hintNotFound adds the hint to a not-found error, and the name that was not found; "" where
// the error says it.
func hintNotFound(err error, name, text string) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if what, ok := strings.CutSuffix(err.Error(), ": "+storage.ErrNotFound.Error()); ok && name != "" {
		err = fmt.Errorf("%s %q: %w", what, name, storage.ErrNotFound)
	}
	return withHint(err, "%s", text)
}

// hintTaken adds the hint to an error that says that the field is in use.
func hintTaken(err error, field, text string) error {
	var taken *storage.DuplicateError
	if errors.As(err, &taken) && taken.Field == field {
		return withHint(err, "%s", text)
	}
	return err
}
