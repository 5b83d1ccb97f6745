package issuer

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"example.org/signet/storage"
)

func TestParseScope(t *testing.T) {
	for _, tt := range []struct {
		raw  string
		want []string
		bad  bool
	}{
		{raw: "", want: nil},
		{raw: "openid", want: []string{"openid"}},
		{raw: "b a b", want: []string{"b", "a"}},
		{raw: " a", bad: true},
		{raw: "a ", bad: true},
		{raw: "a  b", bad: true},
		{raw: "a\tb", bad: true},
		{raw: `a"b`, bad: true},
		{raw: `a\b`, bad: true},
		{raw: "ä", bad: true},
		{raw: strings.Repeat("a ", maxScopes) + "a", bad: true},
		{raw: strings.Repeat("a ", 1<<20), bad: true},
		{raw: strings.Repeat("a", 4096), bad: true},
	} {
		got, err := parseScope(tt.raw)
		var e *Error
		if tt.bad && (!errors.As(err, &e) || e.Code != InvalidScope) {
			t.Errorf("parseScope(%.20q) = %v, %v; want invalid_scope", tt.raw, got, err)
		}
		if !tt.bad && (err != nil || !slices.Equal(got, tt.want)) {
			t.Errorf("parseScope(%q) = %v, %v; want %v", tt.raw, got, err, tt.want)
		}
	}
}

// A scope that some role names goes to holders of such a role only; one that
// no role names to every user.
func TestRestrictedScopes(t *testing.T) {
	book := newRoleSet([]storage.Role{
		{Name: "user"}, {Name: "editor", Scopes: []string{"write"}}, {Name: "admin", Scopes: []string{"write", "delete"}},
	})
	for _, tt := range []struct {
		roles []string
		want  []string
	}{
		{nil, []string{"read"}},
		{[]string{"user"}, []string{"read"}},
		{[]string{"editor"}, []string{"read", "write"}},
		{[]string{"admin", "user"}, []string{"read", "write", "delete"}},
		{[]string{"gone"}, []string{"read"}},
	} {
		got := book.scopesFor(storage.User{Roles: tt.roles}, []string{"read", "write", "delete"})
		if !slices.Equal(got, tt.want) {
			t.Errorf("roles %v get %v, want %v", tt.roles, got, tt.want)
		}
	}
}
