package admin

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkText checks one line of free text that people will read: valid UTF-8, no
// control characters (nor those that turn the reading direction), bounded.
func checkText(name, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case !utf8.ValidString(s):
		return "", newFieldError(name, "is not valid UTF-8")
	case len(s) > limit:
		return "", newFieldError(name, "is too long")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }):
		return "", newFieldError(name, "has control characters")
	}
	return s, nil
}
