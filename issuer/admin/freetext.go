package admin

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkText checks one line of free text that people will read: valid UTF-8, bounded,
// something to see, and no control characters nor those that turn the reading direction of
// what follows. Joiners stay, which Persian, Indian scripts and emoji are written with.
func checkText(name, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case !utf8.ValidString(s):
		return "", newFieldError(name, "is not valid UTF-8")
	case len(s) > limit:
		return "", newFieldError(name, "is too long")
	case strings.ContainsFunc(s, isControl):
		return "", newFieldError(name, "has control characters")
	case s != "" && !strings.ContainsFunc(s, isVisible):
		return "", newFieldError(name, "has nothing to see in it")
	}
	return s, nil
}

// isControl reports control characters, line breaks, and the embeddings, overrides and
// isolates of Unicode's bidirectional algorithm (UAX #9 §2), but not its marks.
func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}

func isVisible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r)
}
