package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// usernameCaseMapped is the profile of RFC 8265 §3.3 but for its directionality rule,
// which the library applies to all text outside ASCII, so that 1é would be refused
// where 1e is fine. The RFC wants it for text with right-to-left letters only.
var usernameCaseMapped = precis.NewIdentifier(precis.FoldWidth, precis.LowerCase(), precis.Norm(norm.NFC))

const (
	// maxInput bounds what is mapped at all, in bytes: mapping shortens full-width
	// text by at most two thirds, so nothing above it can fit any field.
	maxInput = 3 * MaxEmail

	// maxRounds is how often the mapping is applied before a name counts as
	// unstable. RFC 8265 leaves the number open; RFC 8266 §2.1 names four.
	maxRounds = 4
)

// canonical maps a login name to its one form, at most limit bytes long.
func canonical(s string, limit int) (string, error) {
	if err := checkInput(s, limit); err != nil {
		return "", err
	}
	mapped, err := mapUntilStable(s)
	if err != nil {
		return "", err
	}
	mapped = readableDomain(mapped)
	switch {
	case len(mapped) > limit:
		return "", tooLong(limit)
	case violatesBidiRule(mapped):
		return "", ErrCharacters
	case mixesScripts(mapped):
		return "", ErrMixedScripts
	}
	return mapped, nil
}

// violatesBidiRule holds text with right-to-left letters to RFC 5893 §2, without which it
// can be shown in an order other than it is stored in.
func violatesBidiRule(s string) bool {
	return bidirule.DirectionString(s) == bidi.RightToLeft && !bidirule.ValidString(s)
}

// checkInput refuses what need not be mapped to be known as wrong, and gives the
// commonest mistake, a space, its own reason.
func checkInput(s string, limit int) error {
	switch {
	case s == "":
		return ErrEmpty
	case len(s) > maxInput:
		return tooLong(limit)
	case !utf8.ValidString(s):
		return ErrNotUTF8
	case strings.ContainsFunc(s, isSpace):
		return ErrSpace
	}
	return nil
}

// isSpace reports the separators a person would call a space. Line breaks and tabs
// are controls: a person does not type them into a name.
func isSpace(r rune) bool { return unicode.Is(unicode.Zs, r) }

// mapUntilStable applies the PRECIS profile until the text no longer changes. One round
// is not enough for every input: lower-casing may leave marks that a second
// normalisation joins.
func mapUntilStable(s string) (string, error) {
	for range maxRounds {
		mapped, err := usernameCaseMapped.String(s)
		if err != nil {
			return "", ErrCharacters
		}
		if mapped == s {
			return mapped, nil
		}
		s = mapped
	}
	return "", ErrCharacters
}

// tooLong keeps the number in the sentence and the reason under errors.Is.
func tooLong(limit int) error {
	return fmt.Errorf("%w: at most %d bytes", ErrTooLong, limit)
}

// invalidCharacters reports a refused character together with the rule that it broke.
func invalidCharacters(rule string) error {
	return fmt.Errorf("%w: %s", ErrCharacters, rule)
}
