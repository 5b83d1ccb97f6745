package account_test

import (
	"errors"
	"strings"
	"testing"

	"example.org/signet/issuer/account"
)

type identifierCase struct {
	in  string
	err error
}

func checkIdentifiers(t *testing.T, check func(string) error, cases []identifierCase) {
	t.Helper()
	for _, c := range cases {
		if err := check(c.in); !errors.Is(err, c.err) {
			t.Errorf("%q: %v, want %v", c.in, err, c.err)
		}
	}
}

func TestClientID(t *testing.T) {
	checkIdentifiers(t, account.ClientID, []identifierCase{
		{"web", nil}, {"Web-App_2.0~beta", nil}, {"0", nil}, {"a-", nil},
		{strings.Repeat("a", 128), nil},
		{"0123456789abcdef0123456789abcdef", nil},
		{"", account.ErrEmpty},
		{strings.Repeat("a", 129), account.ErrTooLong},
		{"-web", account.ErrCharacters}, {".web", account.ErrCharacters},
		{"_web", account.ErrCharacters}, {"~web", account.ErrCharacters},
		{"a b", account.ErrCharacters}, {"a+b", account.ErrCharacters},
		{"a%20b", account.ErrCharacters}, {"a:b", account.ErrCharacters},
		{"a/b", account.ErrCharacters}, {"a$b", account.ErrCharacters},
		{"web\n", account.ErrCharacters}, {"web\x00", account.ErrCharacters},
		{"wéb", account.ErrCharacters}, {"web\xff", account.ErrCharacters},
		{"019a7b3c-1111-7abc-8def-0123456789ab", account.ErrLooksLikeID},
		{"019A7B3C-1111-7ABC-8DEF-0123456789AB", account.ErrLooksLikeID},
		{"f47ac10b-58cc-4372-a567-0e02b2c3d479", nil}, {"F47AC10B-58CC-4372-A567-0E02B2C3D479", nil},
		{"00000000-0000-0000-0000-000000000000", nil},
	})
}

func TestRoleName(t *testing.T) {
	checkIdentifiers(t, account.RoleName, []identifierCase{
		{"admin", nil}, {"super_admin", nil}, {"team.lead-2", nil}, {"a", nil},
		{strings.Repeat("a", 64), nil},
		{"", account.ErrEmpty},
		{strings.Repeat("a", 65), account.ErrTooLong},
		{"Admin", account.ErrCharacters}, {"aDmin", account.ErrCharacters},
		{"1st", account.ErrCharacters}, {"_x", account.ErrCharacters}, {".x", account.ErrCharacters},
		{"a b", account.ErrCharacters}, {"a,b", account.ErrCharacters}, {"a$", account.ErrCharacters},
		{"a\x00", account.ErrCharacters}, {"ädmin", account.ErrCharacters},
		{"\u0430dmin", account.ErrCharacters},
	})
}

func TestScope(t *testing.T) {
	cases := []identifierCase{
		{"openid", nil}, {"items:read", nil}, {"https://api.example.com/read", nil}, {"READ", nil},
		{strings.Repeat("a", 128), nil},
		{"", account.ErrEmpty},
		{strings.Repeat("a", 129), account.ErrTooLong},
		{"a b", account.ErrCharacters}, {"é", account.ErrCharacters},
	}
	// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E and no other byte.
	for c := range 256 {
		want := account.ErrCharacters
		if c == 0x21 || c >= 0x23 && c <= 0x5b || c >= 0x5d && c <= 0x7e {
			want = nil
		}
		cases = append(cases, identifierCase{"a" + string([]byte{byte(c)}), want})
	}
	checkIdentifiers(t, account.Scope, cases)
}

func TestLooksLikeID(t *testing.T) {
	const id = "019a7b3c-1111-7abc-8def-0123456789ab"
	if !account.LooksLikeID(id) || !account.LooksLikeID(strings.ToUpper(id)) {
		t.Error("a user id does not look like one")
	}
	for i := range id {
		if other := id[:i] + "g" + id[i+1:]; account.LooksLikeID(other) {
			t.Errorf("%q looks like a user id", other)
		}
		if other := id[:i] + id[i+1:]; account.LooksLikeID(other) {
			t.Errorf("%q looks like a user id", other)
		}
	}
}
