package password_test

import (
	"errors"
	"strconv"
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
		{"eight bytes", "kv7#qpzd", nil, nil},
		{"five two-byte letters", "äöéßñ", nil, nil},
		{"64 bytes", strings.Repeat("a", 64), nil, password.ErrCommon},
		{"64 four-byte characters", strings.Repeat("🔑🪟🌋🦔🧵", 13)[:256], nil, nil},
		{"128 bytes", varied(128), nil, nil},
		{"spaces and controls", "  a\tb\nc  ", nil, nil},
		{"1024 bytes", varied(1024), nil, nil},
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
			if err := password.CheckNew(c.pw, password.UserInputs{}); !errors.Is(err, c.fresh) {
				t.Errorf("CheckNew = %v, want %v", err, c.fresh)
			}
		})
	}
}

// varied is n bytes without a pattern.
func varied(n int) string {
	b := make([]byte, n)
	for i, state := 0, uint32(1); i < n; i++ {
		state = state*1664525 + 1013904223
		b[i] = 'a' + byte(state>>24)%26
	}
	return string(b)
}

// What is in every guesser's first list is refused, in whatever spelling; what only
// holds such a word is not (NIST SP 800-63B-4 §3.1.1.2).
func TestCheckNewRefusesWhatIsGuessedFirst(t *testing.T) {
	about := password.UserInputs{
		Personal: []string{"alice.liddell", "alice@wonderland.example", "Alice Pleasance Liddell"},
		Service:  []string{"https://id.tea-party.example"},
	}
	for want, passwords := range map[error][]string{
		password.ErrCommon: {
			"password", "PASSWORD", "ｐａｓｓｗｏｒｄ", "Passw0rd!", "P@$$w0rd", "password2024", "Password123!", "drowssap1!",
			"12345678", "87654321", "1234567890123", "abcdefgh", "zyxwvuts", "qwertyuiop", "QWERTZUI", "azertyuiop", "1qaz2wsx",
			"11111111", "aaaaaaaab", "abababab", "abcabcabcabc", "monkeymonkey", "iloveyou", "iloveyou2", "Sommer2025!", "letmein!!",
			"qwerty12", "abcd1234", "hunter2hunter2", "signet123", "Signet-2026", "tea-party", "teaparty2026", "!@#$%^&*", "dragon.fire",
			strings.Repeat("a", 1024),
		},
		password.ErrPersonal: {
			"alice.liddell", "AliceLiddell", "liddell2024", "4l1c3l1dd3ll", "ecnasaelp99", "alice@wonderland.example", "Pleasance1!",
			"wonderland", "wonderland99",
		},
		nil: {
			"correct horse battery", "monkey football dragon", "zebra-umbrella-92", "kv7#qpzd", "my password is long and odd", "Tr0ub4dor&3",
			"alice has a long password", "ßüßigkeit7", "83920184", "spärlich bewölkt",
		},
	} {
		for _, pw := range passwords {
			if err := password.CheckNew(pw, about); !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%q: %v, want %v", pw, err, want)
			}
		}
	}
}

func BenchmarkCheckNew(b *testing.B) {
	about := password.UserInputs{Personal: []string{"alice.liddell", "alice@wonderland.example"}, Service: []string{"https://id.example.com"}}
	for _, n := range []int{16, 64, 1024} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			pw := varied(n)
			for b.Loop() {
				if err := password.CheckNew(pw, about); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
