package storage

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound says for certain that no such record exists.
	ErrNotFound = errors.New("not found")

	// ErrConflict says for certain that the record exists already, or that the
	// condition of a compare-and-swap did not hold. Nothing was changed.
	ErrConflict = errors.New("conflict")

	// ErrUnavailable means outcome unknown: the store could not be reached, did not
	// answer in time, or the outcome of a write is unknown.
	ErrUnavailable = errors.New("store unavailable")
)

// A DuplicateError is an [ErrConflict] over a unique field.
type DuplicateError struct {
	Field string // the record's field as the outside spells it: username, email, name, client_id…
}

func (e *DuplicateError) Error() string { return e.Field + " is taken" }

// Is makes every DuplicateError an ErrConflict.
func (e *DuplicateError) Is(target error) bool { return target == ErrConflict }

// Unavailable wraps a driver's error so that errors.Is(err, ErrUnavailable)
// holds. The cause stays reachable for the log; it is never shown to a client.
func Unavailable(op string, cause error) error {
	return fmt.Errorf("%s: %w: %w", op, ErrUnavailable, cause)
}

// A SchemaError refuses a store whose schema this program does not know.
type SchemaError struct {
	Found, Known int
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("the store has schema version %d, this program knows up to %d: run a newer signet", e.Found, e.Known)
}
