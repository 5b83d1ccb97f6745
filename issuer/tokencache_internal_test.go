package issuer

import (
	"strconv"
	"testing"
)

// What is remembered of tokens has a bound, and what was just put in is there.
func TestVerifiedTokenCacheIsBounded(t *testing.T) {
	r := newVerifiedTokenCache()
	for n := range maxVerifiedTokens + 100 {
		token := strconv.Itoa(n)
		r.put(token, verifiedToken{kid: token})
		if got, ok := r.get(token); !ok || got.kid != token {
			t.Fatalf("token %d is not remembered", n)
		}
	}
	if len(r.claims) != maxVerifiedTokens {
		t.Errorf("%d tokens are remembered, want %d", len(r.claims), maxVerifiedTokens)
	}
	if _, ok := r.get("another"); ok {
		t.Error("a token that nobody put in is known")
	}
}
