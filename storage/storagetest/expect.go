package storagetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/storage"
)

// same compares exactly: nil is not an empty slice here.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// ok ends the test if a step that must succeed did not.
func ok(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// fails demands one of the certain answers, and that it is not a don't know.
func fails(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// taken demands a DuplicateError that names one of the fields.
func taken(t *testing.T, what string, err error, fields ...string) {
	t.Helper()
	var dup *storage.DuplicateError
	if !errors.As(err, &dup) {
		t.Errorf("%s: got %v, want a duplicate %v", what, err, fields)
		return
	}
	for _, f := range fields {
		if dup.Field == f {
			fails(t, what, err, storage.ErrConflict)
			return
		}
	}
	t.Errorf("%s: the duplicate is %q, want %v", what, dup.Field, fields)
}

// unknown demands a don't know that still names its cause, if one is given.
func unknown(t *testing.T, what string, err, cause error) {
	t.Helper()
	if !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%s: got %v, want ErrUnavailable", what, err)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("%s: %v does not wrap %v", what, err, cause)
	}
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict) {
		t.Errorf("%s: %v claims to be certain", what, err)
	}
}
