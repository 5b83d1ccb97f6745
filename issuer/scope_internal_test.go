package issuer

import (
	"errors"
	"slices"
	"strings"
	"testing"
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
		{raw: "  b   a ", want: []string{"b", "a"}},
		{raw: "   ", want: nil},
		{raw: "\u00a0a", bad: true},
		{raw: "a\nb", bad: true},
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
