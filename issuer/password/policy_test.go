package password_test

import (
	"errors"
	"strings"
	"testing"

	"example.org/signet/issuer/password"
)

func TestCheckNewAndCheckInput(t *testing.T) {
	cases := []struct {
		name         string
		pw           string
		input, fresh error
	}{
		{"empty", "", password.ErrEmpty, password.ErrEmpty},
		{"one byte", "x", nil, password.ErrTooShort},
		{"seven bytes", "1234567", nil, password.ErrTooShort},
		{"eight bytes", "12345678", nil, nil},
		{"four two-byte letters", "äöüß", nil, nil},
		{"64 bytes", strings.Repeat("a", 64), nil, nil},
		{"64 four-byte characters", strings.Repeat("🔑", 64), nil, nil},
		{"128 bytes", strings.Repeat("a", 128), nil, nil},
		{"spaces and controls", "  a\tb\nc  ", nil, nil},
		{"1024 bytes", strings.Repeat("a", 1024), nil, nil},
		{"1025 bytes", strings.Repeat("a", 1025), password.ErrTooLong, password.ErrTooLong},
		{"one mebibyte", strings.Repeat("a", 1<<20), password.ErrTooLong, password.ErrTooLong},
		{"NUL inside", "pass\x00word", password.ErrNUL, password.ErrNUL},
		{"NUL at the end", "password\x00", password.ErrNUL, password.ErrNUL},
		{"lone byte ff", "password\xff", password.ErrNotUTF8, password.ErrNotUTF8},
		{"overlong slash", "password\xc0\xaf", password.ErrNotUTF8, password.ErrNotUTF8},
		{"lone surrogate", "password\xed\xa0\x80", password.ErrNotUTF8, password.ErrNotUTF8},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := password.CheckInput(c.pw); !errors.Is(err, c.input) {
				t.Errorf("CheckInput = %v, want %v", err, c.input)
			}
			if err := password.CheckNew(c.pw); !errors.Is(err, c.fresh) {
				t.Errorf("CheckNew = %v, want %v", err, c.fresh)
			}
		})
	}
}
