package authorization_test

import (
	"strings"
	"testing"

	"example.org/signet/issuer/authorization"
)

// The example of RFC 7636 appendix B.
func TestVerifyPKCE(t *testing.T) {
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if !authorization.VerifyPKCE(challenge, verifier) {
		t.Error("the right verifier is refused")
	}
	for name, pair := range map[string][2]string{
		"other verifier":    {challenge, strings.Replace(verifier, "d", "e", 1)},
		"short verifier":    {challenge, verifier[1:]},
		"verifier + space":  {challenge, verifier + " "},
		"empty verifier":    {challenge, ""},
		"empty challenge":   {"", verifier},
		"plain":             {verifier, verifier},
		"129 characters":    {challenge, strings.Repeat("a", 129)},
		"wrong characters":  {challenge, verifier[1:] + "+"},
		"not the challenge": {challenge[1:] + "A", verifier},
	} {
		if authorization.VerifyPKCE(pair[0], pair[1]) {
			t.Errorf("%s is accepted", name)
		}
	}
	if !authorization.CheckVerifier(strings.Repeat("~", 128)) || !authorization.CheckVerifier(strings.Repeat(".", 43)) {
		t.Error("a verifier within the bounds is refused")
	}
}
