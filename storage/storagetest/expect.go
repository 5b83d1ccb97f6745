package storagetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/storage"
)

// wantEqual compares exactly: nil is not an empty slice here.
func wantEqual[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// noErr ends the test if a step that must succeed did not.
func noErr(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// wantErr demands one of the certain answers, and that it is not ErrUnavailable.
func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// wantDuplicate demands a DuplicateError that names one of the fields.
func wantDuplicate(t *testing.T, what string, err error, fields ...string) {
	t.Helper()
	var dup *storage.DuplicateError
	if !errors.As(err, &dup) {
		t.Errorf("%s: got %v, want a duplicate %v", what, err, fields)
		return
	}
	for _, f := range fields {
		if dup.Field == f {
			wantErr(t, what, err, storage.ErrConflict)
			return
		}
	}
	t.Errorf("%s: the duplicate is %q, want %v", what, dup.Field, fields)
}

// wantUnavailable demands ErrUnavailable that still names its cause, if one is given.
func wantUnavailable(t *testing.T, what string, err, cause error) {
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
