package main

import (
	"errors"
	"fmt"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// usageError refuses a command line; nothing has been done.
type usageError struct{ reason string }

func (e *usageError) Error() string { return e.reason }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// hinted is an error with the next step that the person can take.
type hinted struct {
	error
	hint string
}

func (e *hinted) Unwrap() error { return e.error }

func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// explain renders an error for the person at the command line: what went
// wrong, and what to do next.
func explain(err error) string {
	text := err.Error()
	var refused *issuer.Error
	if errors.As(err, &refused) {
		text = refused.Description
		if refused.Cause != nil {
			text += ": " + refused.Cause.Error()
		}
	}
	if next := nextStep(err); next != "" {
		text += "; " + next
	}
	return text
}

// nextStep is the hint that came with the error, or one for its kind.
func nextStep(err error) string {
	var h *hinted
	var schema *storage.SchemaError
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.As(err, &schema): // says so itself
		return ""
	case errors.Is(err, issuer.ErrBusyRecord): // says so itself
		return ""
	case errors.Is(err, issuer.ErrLastSuperAdmin):
		return "--even-last-super-admin goes on all the same"
	case errors.Is(err, storage.ErrUnavailable):
		return "check --storage and that the store can be reached, then try again"
	}
	return ""
}

// hintUnknown adds the hint where the error says that there is no such thing.
func hintUnknown(err error, text string) error {
	if errors.Is(err, storage.ErrNotFound) {
		return hint(err, "%s", text)
	}
	return err
}
