package main

import (
	"errors"
	"io/fs"
	"testing"
)

func TestFirstError_IsKept(t *testing.T) {
	full := &firstError{w: failingWriter{}}
	writeTable(full, []string{"A"}, [][]string{{"1"}})
	writeFields(full, "name", "value")
	if !errors.Is(full.err, fs.ErrClosed) {
		t.Errorf("got %v", full.err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, fs.ErrClosed }

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{
		"":            "''",
		"plain-1.2/x": "plain-1.2/x",
		"a b":         "'a b'",
		"it's":        `'it'\''s'`,
		"$HOME":       "'$HOME'",
		"a;b":         "'a;b'",
		"ü":           "'ü'",
		"x\ny":        "'x\ny'",
	} {
		if got := shellQuote(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}

func TestCountOf_SingularForOne(t *testing.T) {
	for n, want := range map[int]string{0: "0 users were refused", 1: "1 user was refused", 2: "2 users were refused"} {
		if got := countOf(n, "user was refused", "users were refused"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
