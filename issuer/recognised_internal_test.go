package issuer

import (
	"strconv"
	"testing"
)

// What is remembered of tokens has a bound, and what was just put in is there.
func TestRecognisedIsBounded(t *testing.T) {
	r := newRecognised()
	for n := range maxRecognised + 100 {
		token := strconv.Itoa(n)
		r.remember(token, recognisedToken{kid: token})
		if got, ok := r.find(token); !ok || got.kid != token {
			t.Fatalf("token %d is not remembered", n)
		}
	}
	if len(r.claims) != maxRecognised {
		t.Errorf("%d tokens are remembered, want %d", len(r.claims), maxRecognised)
	}
	if _, ok := r.find("another"); ok {
		t.Error("a token that nobody put in is known")
	}
}
