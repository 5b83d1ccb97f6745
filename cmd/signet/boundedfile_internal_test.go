package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestReadBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	writeFile(t, path, []byte("12345"))
	if got, err := readBounded(path, 5); err != nil || string(got) != "12345" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := readBounded(path, 4); err == nil || !strings.Contains(err.Error(), "longer than 4 bytes") {
		t.Errorf("got %v", err)
	}
}

func TestReadBoundedFrom_ByteOrderMarks(t *testing.T) {
	for text, want := range map[string]string{"\ufeffsecret": "secret", "secret": "secret", "": "", "\ufeff": "", "a\ufeff": "a\ufeff"} {
		if got, err := readBoundedFrom(strings.NewReader(text), "file", 100); err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"\xff\xfes\x00", "\xfe\xff\x00s"} {
		if _, err := readBoundedFrom(strings.NewReader(text), "file", 100); err == nil || !strings.Contains(err.Error(), "UTF-16") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
